// A panel's live page: the server's page, kept up to date by the live connection.
import { setClock } from "../clock.js";
import { fileName, saveButtons } from "../history/save.js";
import { Live } from "../live.js";
import { asking, inPage, labels, leaveForLogin, settings, units } from "../page.js";
import { Readings } from "../readings.js";
import { Detail } from "./detail.js";
import { COLUMNS, Samples, spanOf } from "./samples.js";
import { Today } from "./today.js";
import { Windows } from "./windows.js";

const STEADY_MS = 600_000; // a window as long as this moves on once a second and not with each reading

const stored = inPage("readings");
const readings = new Readings(settings.panel);
readings.stored(stored);
const live = new Live({ onSnapshot: takeSnapshot, onReading: takeReading, onChange: touch });
const samples = new Samples(document.querySelector("[data-part=samples]"), stored.samples);
const detail = new Detail(readings, live.connection);
const windows = new Windows((window) => {
  detail.window = window;
  detail.draw();
});
new Today({
  onEpisodes: (episodes) => detail.marks(episodes),
  onGone: (gone) => {
    detail.gone = gone;
    detail.age();
  },
});

// However fast readings arrive, the page is painted once a frame.
let frame = 0;

function paint() {
  frame = 0;
  live.connection.tell();
  if (detail.window?.length >= STEADY_MS) detail.values();
  else detail.update();
}

function touch() {
  frame ||= requestAnimationFrame(paint);
}

let snapshots = 0;

function takeSnapshot(panels) {
  const newest = Date.parse(panels[settings.panel]?.timestamp ?? 0);
  // After a gap, or when something came in between the page and its connection.
  const known = readings.panels.get(settings.panel)?.at ?? 0;
  if (snapshots++ || newest > known) refetch();
}

async function refetch() {
  try {
    const answer = await fetch(settings.points, { headers: asking() });
    if (answer.redirected) return leaveForLogin();
    if (!answer.ok) return undefined; // the panel may have been taken from view
    const fresh = await answer.json();
    setClock(fresh.now);
    readings.stored(fresh);
    samples.stored(fresh);
    windows.renew();
    touch();
  } catch {
    // The server is away; the next snapshot comes with the next connection.
  }
  return undefined;
}

function takeReading(event) {
  if (event.panel !== settings.panel) return;
  const at = Date.parse(event.timestamp);
  readings.event(event);
  windows.add(event.metric, at, event.value);
  samples.add(event.metric, at, event.value);
}

// What the charts show, as one table: a row for each moment at which anything was measured.
function rows() {
  const byMoment = new Map();
  detail.tiles.forEach(({ metric }, column) => {
    for (const [at, value] of detail.pointsOf(metric)) {
      if (!byMoment.has(at)) byMoment.set(at, detail.tiles.map(() => null));
      byMoment.get(at)[column] = value;
    }
  });
  return [...byMoment].sort(([one], [other]) => one - other).map(([at, values]) => [at, ...values]);
}

saveButtons(document.querySelector("[data-part=live]"), {
  name: () => fileName(settings.panel, "live", spanOf(rows())),
  title: () => `${document.querySelector("h1").textContent} · ${document.getElementById("last-reading").textContent}`,
  columns: () => ["at", ...detail.tiles.map(({ metric }) => COLUMNS[metric])],
  rows: () => rows().map(([at, ...values]) => [new Date(at).toISOString(), ...values]),
  plots: () => detail.tiles.map(({ chart, metric }) => ({ plot: chart.plot, label: `${labels[metric]} (${units[metric]})` })),
});

document.documentElement.addEventListener("themechange", () => detail.repaint());
detail.update();
detail.marks(inPage("episodes"));
windows.start();
live.watch([settings.panel]);
live.start(() => {
  samples.show();
  if (detail.window && !document.hidden) detail.draw();
  detail.age();
});
