"""How fast pages are with 500 panels: each page's server time, and from a websocket's frame to the
next paint.

    python -m tests.bench.pages                      both: two minutes
    python -m tests.bench.pages --only server        without a browser

Server time is that of the whole request, from the session's look-up to the compressed answer, in
process, on MariaDB. The yardstick is a page that looks nothing up but who asks for it.
"""

import argparse
import os
import time
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Any

from tests.bench.measuring import table
from tests.bench.servers import command_line, machine, stage

YARDSTICK = "not-found"
PATHS = {
    "overview, what it asks for every 12 s": "/overview",
    "panel, after a gap": "/panels/trafo1/points",
}
FRAMES = {"one reading": 1, "four readings": 4, "40 panels, all metrics": 160}


def main() -> None:
    parser = command_line(__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="requests of each page")
    parser.add_argument("--frames", type=int, default=200, help="frames of each kind")
    parser.add_argument("--only", choices=["server", "paint"], help="one of the parts")
    wanted = parser.parse_args()
    print(f"{machine()}\n", flush=True)
    with stage() as on:
        installation = on.installation("mariadb")
        os.environ.update(installation.env)
        os.environ["DJANGO_SETTINGS_MODULE"] = "pelbiot.settings"
        import django

        django.setup()
        from tests.browser.large_site import fill, welcome

        welcome()
        fill()
        if wanted.only in (None, "server"):
            print(server_times(wanted.rounds), flush=True)
        if wanted.only in (None, "paint"):
            web = installation.start_web()
            print(f"\n{paint_times(web.base_url, wanted)}", flush=True)


def server_times(rounds: int) -> str:
    from pelbiot.memory import keep_what_stands
    from tests.browser.large_site import PAGES

    keep_what_stands()  # as the web process does
    asked = {name: place.path for name, place in PAGES.items() if place.who == "engineer"} | PATHS
    browser = _client()
    taken: dict[str, list[float]] = {name: [] for name in asked}
    own: dict[str, list[float]] = {name: [] for name in asked}
    weight: dict[str, int] = {}
    for number in range(rounds + 3):  # the first three warm up
        for name, path in asked.items():
            started_s, cpu_s = time.perf_counter(), time.process_time()
            answer = browser.get(path)
            if number >= 3:
                taken[name].append((time.perf_counter() - started_s) * 1000)
                own[name].append((time.process_time() - cpu_s) * 1000)
            weight[name] = len(answer.content)
    usual = median(taken[YARDSTICK])
    rows = [
        (
            name,
            _ms(median(some)),
            _ms(_p95(some)),
            _ms(median(own[name])),
            f"{median(some) / usual:.1f}",
            f"{weight[name]:,}",
        )
        for name, some in taken.items()
    ]
    return table(
        ("page", "p50 (ms)", "p95 (ms)", "own CPU (ms)", "p50 of the yardstick", "bytes, gzipped"),
        rows,
    )


def _client() -> Any:
    from django.contrib.auth import get_user_model
    from django.test import Client

    browser = Client(headers={"accept-encoding": "gzip"}, SERVER_NAME="localhost")
    browser.force_login(get_user_model().objects.get(username="engineer"))
    return browser


# A frame comes at any moment between two paints, as from the network.
PAINTED = """async ([count, panels, frames]) => {
  const taken = [];
  for (let n = 0; n < frames; n += 1) {
    await new Promise((done) => setTimeout(done, 20 + Math.random() * 20));
    const events = [];
    for (let i = 0; i < count; i += 1) {
      const metric = ["power", "voltage", "ampere", "energy_cost"][i % 4];
      const panel = panels[(i >> 2) % panels.length];
      events.push({ event: "mqtt-power-update", topic: "x", panel, metric, value: 200 + n % 9 + i % 30, timestamp: new Date().toISOString() });
    }
    const started = performance.now();
    if (count) say(events);
    await nextPaint();
    taken.push(performance.now() - started);
  }
  return taken;
}"""


def paint_times(base_url: str, wanted: argparse.Namespace) -> str:
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import ARGUMENTS, CHROMIUM
    from tests.browser.feeding import SOCKET, feed
    from tests.browser.visiting import Visitors

    rows = []
    some = [f"trafo{number}" for number in range(1, 41)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        visitors = Visitors(browser, base_url)
        for name, path, panels in (
            ("overview", "/?sort=name", some),
            ("panel", "/panels/trafo1/", ["trafo1"]),
        ):
            page = visitors.page("engineer", "desktop")
            page.add_init_script(SOCKET)
            page.goto(base_url + path)
            feed(page, panels, 2_000)
            for what, count in {"nothing (yardstick)": 0, **FRAMES}.items():
                taken = page.evaluate(PAINTED, [count, panels, wanted.frames])
                rows.append((f"{name}: {what}", _ms(median(taken)), _ms(_p95(taken))))
            page.context.close()
        browser.close()
    return table(("a frame of", "to paint, p50 (ms)", "p95 (ms)"), rows)


def _ms(value: float) -> str:
    return f"{value:.1f}"


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1]


if __name__ == "__main__":
    main()
