// The overview: the server's page, kept up to date by the live connection for the panels on screen,
// and for all others by asking now and then.
import { now, setClock } from "../clock.js";
import { Live } from "../live.js";
import { asking, inPage, leaveForLogin, settings } from "../page.js";
import { Readings } from "../readings.js";
import { Chooser } from "./chooser.js";
import { counts, Fleet } from "./fleet.js";
import { chosen, matching } from "./selection.js";
import { Shelf } from "./shelf.js";
import { Sparks } from "./sparks.js";
import { showNotice, showShown, showTotals } from "./summary.js";

const ASK_EVERY_MS = 12_000;
const CALM_MS = 3_000;
const SETTLED_MS = 150; // whoever scrolls on watches nothing on the way

const readings = new Readings();
const fleet = new Fleet(readings);
const live = new Live({
  path: `${settings.socket}?watch=later`,
  onSnapshot: takeSnapshot,
  onReading: takeReading,
  onChange: () => touch([]),
  onState,
});
const sparks = new Sparks((names) => touch(names));
const chooser = new Chooser(() => order());
fleet.take(inPage("overview"));
sparks.take(inPage("points"));

const list = document.querySelector(".fleet__list");
const shelf = new Shelf(list, document.getElementById("unit"), {
  unitOf: (name) => fleet.units.get(name),
  pointsOf: (name) => sparks.of(name),
  onSeen: watch,
});

// However fast readings arrive, the page is painted once a frame.
const changed = new Set();
let frame = 0;

function paint() {
  frame = 0;
  live.connection.tell();
  for (const name of changed) if (fleet.units.has(name)) fleet.look(fleet.units.get(name));
  shelf.update(changed);
  changed.clear();
}

function touch(names) {
  for (const name of names) changed.add(name);
  frame ||= requestAnimationFrame(paint);
}

let matched = [];
let due = false; // what is shown, or its order, is no longer what was asked for

let orderedAt = 0;

function order() {
  due = false;
  orderedAt = now();
  matched = matching(fleet.units.values(), chooser.asked);
  const shown = chosen(matched, chooser.asked);
  shelf.show(shown.map(({ name }) => name));
  showShown(shown.length, fleet.units.size);
  summarise();
}

function summarise() {
  const states = counts(fleet.units.values());
  chooser.count(counts(matched));
  showTotals(fleet.totals());
  showNotice(live.connection, states, fleet.units.size);
}

// Nothing moves away under somebody's pointer, nor at each change of a state somewhere; but a panel
// that is gone can't stay.
function settle() {
  const gone = shelf.names.some((name) => !fleet.units.has(name));
  if (due && (gone || (!shelf.held && now() - orderedAt > CALM_MS))) order();
  else summarise();
}

let settling = 0;
let watched = "";

function watch(names) {
  clearTimeout(settling);
  settling = setTimeout(() => {
    sparks.want(names);
    const list = names.join(" ");
    if (list !== watched || !live.socket.watched) live.watch(names);
    watched = list;
  }, SETTLED_MS);
}

let askedAt = now();

async function ask() {
  askedAt = now();
  try {
    const answer = await fetch(settings.overview, { headers: asking() });
    if (answer.redirected) leaveForLogin();
    else if (answer.ok) take(await answer.json());
  } catch {
    // The server is away; it is asked again.
  }
}

function take(told) {
  const drawn = new Map([...fleet.units].map(([name, unit]) => [name, unit.drawn]));
  setClock(told.now);
  fleet.take(told);
  for (const [name, unit] of fleet.units) if (drawn.has(name) && drawn.get(name) !== unit.drawn) sparks.renew(name);
  if (!fleet.units.size) location.reload(); // the page that says how to send a first reading
  chooser.offer(new Set([...fleet.units.values()].map((unit) => unit.location.trim()).filter(Boolean)));
  due = true;
  settle();
  touch(shelf.cards.keys());
}

function takeSnapshot(panels) {
  for (const [name, values] of Object.entries(panels)) {
    const unit = fleet.units.get(name);
    if (!unit) continue;
    const before = unit.reading.metrics[unit.drawn]?.at;
    readings.snapshot(name, values);
    // What came in between the stored points and this connection.
    const reading = unit.reading.metrics[unit.drawn];
    if (reading && reading.at !== before) sparks.extend(name, reading.at, reading.value);
  }
  touch(Object.keys(panels));
}

function takeReading(event) {
  const unit = fleet.units.get(event.panel);
  if (!unit) return;
  readings.event(event);
  changed.add(unit.name);
  if (event.metric === "power" && unit.drawn !== "power") {
    unit.drawn = "power"; // its first: until now its line was the voltage's
    sparks.renew(unit.name);
  }
  if (event.metric === unit.drawn) sparks.extend(unit.name, Date.parse(event.timestamp), event.value);
}

let lost = false;

function onState(state) {
  if (state === "live" && lost) {
    sparks.forget();
    sparks.want(shelf.names.filter((name) => shelf.cards.has(name)));
    ask();
  }
  lost = state === "lost";
  if (lost) summarise();
}

function tick() {
  if (document.hidden) return;
  if (now() - askedAt > ASK_EVERY_MS) ask();
  due = fleet.lookAtAll() || due;
  settle();
  shelf.tick();
}

document.addEventListener("visibilitychange", tick);
order();
live.start(tick);
