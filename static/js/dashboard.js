// The dashboard: the server's page, kept up to date by the live connection.
import { now, setClock } from "./clock.js";
import { Connection } from "./connection.js";
import { Detail } from "./detail.js";
import { inPage, leaveForLogin, leaveIfLoggedOut, settings } from "./page.js";
import { PanelList } from "./panel-list.js";
import { Readings } from "./readings.js";
import { LiveSocket } from "./socket.js";

const SLEPT_MS = 20_000;

const readings = new Readings(settings.panel);
const connection = new Connection();
const list = new PanelList(readings);
readings.stored(inPage("readings"));
const detail = new Detail(readings, connection);

// However fast readings arrive, the page is painted once a frame.
const changed = new Set();
let frame = 0;

function paint() {
  frame = 0;
  connection.tell();
  list.update(changed);
  if (changed.has(settings.panel)) detail.update();
  else detail.age();
  changed.clear();
}

function touch(panel) {
  if (panel) changed.add(panel);
  frame ||= requestAnimationFrame(paint);
}

let snapshots = 0;

function takeSnapshot({ panels, mqtt }) {
  connection.snapshot(mqtt);
  for (const [name, values] of Object.entries(panels)) {
    readings.snapshot(name, values);
    offerPanel(name);
    touch(name);
  }
  const newest = Date.parse(panels[settings.panel]?.timestamp ?? 0);
  // After a gap, or when something came in between the page and its connection.
  if (snapshots++ || newest > readings.panels.get(settings.panel).at) refetch();
}

async function refetch() {
  try {
    const answer = await fetch(settings.points, { headers: { Accept: "application/json" } });
    if (answer.redirected) return leaveForLogin();
    if (!answer.ok) return undefined; // the panel may have been taken from view
    const stored = await answer.json();
    setClock(stored.now);
    readings.stored(stored);
    touch(settings.panel);
  } catch {
    // The server is away; the next snapshot comes with the next connection.
  }
  return undefined;
}

// A panel this page was not rendered with is offered, not pushed at who is reading.
function offerPanel(name) {
  if (!list.cards.has(name)) document.getElementById("new-panel").hidden = false;
}

function onEvents(events) {
  for (const event of events) {
    if (event.event === "snapshot") takeSnapshot(event);
    else if (event.metric) {
      readings.event(event);
      connection.heard(now());
      offerPanel(event.panel);
      touch(event.panel);
    } else connection.event(event);
  }
  touch();
}

const socket = new LiveSocket(settings.socket, {
  onEvents,
  onState: (state) => {
    connection.setSocket(state);
    touch();
  },
  onEnded: leaveForLogin,
  onRefused: leaveIfLoggedOut,
});

let ticked = now();
setInterval(() => {
  const slept = now() - ticked > SLEPT_MS;
  ticked = now();
  if (slept && !document.hidden) socket.renew();
  list.age();
  detail.age();
}, 1000);

document.documentElement.addEventListener("themechange", () => detail.repaint());
detail.update();
socket.connect();
