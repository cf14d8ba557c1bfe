// The comparison of panels: the server's page, brought to life.
import { inPage, settings, text } from "../page.js";
import { Overlay } from "./overlay.js";
import { RangeControls } from "./range-controls.js";
import { Ranking } from "./ranking.js";
import { TimeGroup } from "./time-group.js";
import { changed, Viewer } from "./viewer.js";

const part = (name) => document.querySelector(`[data-part=${name}]`);
const choices = document.getElementById("choices");
const limit = Number(settings.limit);
let home = null;

const group = new TimeGroup({
  onSettled: (from, to, how) => {
    const [start, end] = [from, to].map((at) => new Date(at).toISOString().replace(".000Z", "Z"));
    viewer.go(changed(viewer.view.range.query, { range: "custom", date: null, from: start, to: end }), how);
  },
  onBack: () => home && viewer.go(home),
});

const overlay = new Overlay(part("overlay"), group);
const ranking = new Ranking(part("ranking"), document.querySelector(".stats"), {
  tell: (...said) => viewer.tell(...said),
  summary: (sentence) => overlay.summary(sentence),
});

const controls = new RangeControls({
  go: (search) => viewer.go(search),
  zoom: (factor) => group.zoom(factor),
});

const viewer = new Viewer({
  view: inPage("view"),
  first: { comparison: inPage("first") },
  addresses: { comparison: settings.comparison },
  parts: [overlay, ranking],
  onView: (view) => {
    if (view.range.range !== "custom") home = view.range.query;
    group.set(view.range);
    controls.show(view.range);
    showChoices(view);
  },
});

function showChoices({ panels, metric }) {
  const numbers = new Map(panels.map(({ name, number }) => [name, number]));
  for (const box of choices.elements) {
    if (box.name === "metric") box.checked = box.value === metric;
    if (box.name !== "panels") continue;
    box.checked = numbers.has(box.value);
    box.disabled = !box.checked && numbers.size >= limit;
    const mark = box.parentElement.querySelector(".mark");
    mark.hidden = !box.checked;
    mark.textContent = numbers.get(box.value) ?? "";
    if (box.checked) mark.dataset.number = numbers.get(box.value);
  }
}

choices.addEventListener("change", (event) => {
  const chosen = new FormData(choices);
  const panels = chosen.getAll("panels");
  if (!panels.length) {
    event.target.checked = true;
    viewer.tell("stale", text("choose_panels"));
    return;
  }
  viewer.go(changed(viewer.view.range.query, { panels: panels.join(","), metric: chosen.get("metric") }));
});

// Of many panels those whose name has what is typed, and those that are chosen.
choices.querySelector("[data-find]")?.addEventListener("input", ({ target }) => {
  const words = target.value.trim().toLocaleLowerCase();
  for (const chip of choices.querySelectorAll(".chip--panel")) {
    const box = chip.querySelector("input");
    const named = `${chip.textContent} ${box.value}`.toLocaleLowerCase().includes(words);
    chip.hidden = !named && !box.checked;
  }
});

// Enter in there is no wish for another page.
choices.addEventListener("submit", (event) => event.preventDefault());

document.documentElement.addEventListener("themechange", () => overlay.repaint());
if (viewer.view.panels.length) viewer.start(); // without a panel there is nothing to ask for
