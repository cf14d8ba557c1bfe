// A panel's history: the server's page, brought to life.
import { inPage, settings } from "../page.js";
import { Compliance } from "./compliance.js";
import { Demand } from "./demand.js";
import { Duration } from "./duration.js";
import { Energy } from "./energy.js";
import { Facts } from "./facts.js";
import { Outside } from "./outside.js";
import { RangeControls } from "./range-controls.js";
import { Statistics } from "./statistics.js";
import { TimeGroup } from "./time-group.js";
import { Trends } from "./trends.js";
import { changed, Viewer } from "./viewer.js";

const part = (name) => document.querySelector(`[data-part=${name}]`);
const choices = document.getElementById("choices");
const { trends, energy, statistics, demand, episodes } = settings;
const addresses = {
  trends, energy, statistics, demand, episodes,
  "load-duration": settings.loadDuration,
  "voltage-compliance": settings.voltageCompliance,
};

let home = null; // the calendar range that was left by zooming

const group = new TimeGroup({
  onSettled: (from, to, how) => {
    const [start, end] = [from, to].map((at) => new Date(at).toISOString().replace(".000Z", "Z"));
    viewer.go(changed(viewer.view.range.query, { range: "custom", date: null, from: start, to: end }), how);
  },
  onBack: () => home && viewer.go(home),
});

const parts = [
  new Trends(part("trends"), group),
  new Outside(part("trends")),
  new Energy(part("energy"), group),
  new Facts(document.querySelector(".stats"), (...said) => viewer.tell(...said)),
  new Demand(part("demand"), group),
  new Duration(part("duration")),
  new Statistics(part("statistics")),
  new Compliance(part("compliance"), () => viewer.go(location.search, "stay")),
];

const controls = new RangeControls({
  go: (search) => viewer.go(search),
  zoom: (factor) => group.zoom(factor),
});

const viewer = new Viewer({
  view: inPage("view"),
  first: inPage("first"),
  addresses,
  parts,
  onView: ({ range, metrics, compare }) => {
    if (range.range !== "custom") home = range.query;
    group.set(range);
    controls.show(range);
    for (const box of choices.elements) {
      if (box.name === "metrics") box.checked = metrics.includes(box.value);
      if (box.name === "compare") box.checked = compare;
    }
  },
});

choices.addEventListener("change", () => {
  const chosen = new FormData(choices);
  const metrics = chosen.getAll("metrics").join(",") || null;
  viewer.go(changed(viewer.view.range.query, { metrics, compare: chosen.get("compare") }));
});

document.documentElement.addEventListener("themechange", () => parts.forEach((each) => each.repaint?.()));
viewer.start();
