"""A page's websocket, with somebody at its other end who talks as fast as the page can listen.

The frames are those of the server, as text; from the page's own handler on, all is real.
"""

from dataclasses import dataclass

from playwright.sync_api import CDPSession, Page

# In place of the browser's: opens at once, hears nothing, and says what `feed` tells it to.
SOCKET = """
window.WebSocket = class extends EventTarget {
  static OPEN = 1;
  readyState = 1;
  constructor() { super(); window.fed = this; setTimeout(() => this.onopen?.()); }
  send() {}
  close() {}
};
window.say = (events) => window.fed.onmessage({ data: JSON.stringify({ events }) });
window.METRICS = { voltage: 230, ampere: 12, power: 2800, energy_cost: 3500000 };
window.nextPaint = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));

// So many readings, in frames of those of ten samples, some frames between two paints. Unless `calm`,
// some are beyond the limits, so that the states change, too.
window.feed = async (panels, updates, calm) => {
  const status = { event: "mqtt-status", messageRate: 400, lastMessageAt: new Date().toISOString() };
  let told = 0;
  for (let round = 0; told < updates; round += 1) {
    const events = [];
    for (let i = 0; i < 10; i += 1) {
      const panel = panels[(round * 10 + i) % panels.length];
      for (const [metric, usual] of Object.entries(METRICS)) {
        const value = usual * (calm || round % 9 ? 1 + (round % 7) / 300 : 2.2);
        const event = `mqtt-${metric === "energy_cost" ? "cost" : metric}-update`;
        events.push({ event, topic: `panel/${panel}/x`, panel, metric, value, timestamp: new Date().toISOString() });
      }
    }
    if (round % 50 === 0) events.push({ ...status, lastMessageAt: new Date().toISOString() });
    window.say(events);
    told += events.length;
    if (round % 8 === 7) await nextPaint();
  }
  await nextPaint();
};
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What a page holds after its garbage was collected."""

    heap_bytes: int
    nodes: int
    listeners: int


def held(page: Page) -> Held:
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    for _ in range(2):  # what only finalizers held goes the second time
        session.send("HeapProfiler.collectGarbage")
    metrics = {
        each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]
    }
    session.detach()
    return Held(
        int(metrics["JSHeapUsedSize"]), int(metrics["Nodes"]), int(metrics["JSEventListeners"])
    )


def feed(page: Page, panels: list[str], updates: int, *, calm: bool = False) -> None:
    page.evaluate("(wanted) => feed(...wanted)", [panels, updates, calm])
