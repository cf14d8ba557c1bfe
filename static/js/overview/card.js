// One panel on screen. Its elements are used again for another panel when it leaves the screen.
import { mark, settings, show, text } from "../page.js";
import { age, barWidth, hint, loading, loadState, ofToday, silent, trouble, values } from "./words.js";
import { path } from "./sparkline.js";

function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export class Card {
  constructor(element) {
    this.element = element;
    const find = (selector) => element.querySelector(selector);
    this.link = find(".unit__link");
    this.place = find(".unit__place");
    this.state = find(".unit__state");
    this.line = find(".unit__spark path");
    this.load = find(".unit__load");
    this.bar = find(".bar__fill");
    this.trouble = find(".unit__trouble");
    this.age = find(".unit__age");
    this.figures = Object.fromEntries([...element.querySelectorAll("[data-value]")].map((each) => [each.dataset.value, each]));
  }

  // From now on it is the card of this panel.
  become(unit) {
    this.name = unit.name;
    this.element.dataset.panel = unit.name;
    set(this.link, "href", settings.panelPage.replace("NAME", encodeURIComponent(unit.name)));
  }

  // Its place among all: row and column of the grid, and what a screen reader counts.
  stand(index, of, columns) {
    this.element.style.gridArea = `${Math.floor(index / columns) + 1} / ${(index % columns) + 1}`;
    set(this.element, "aria-posinset", String(index + 1));
    set(this.element, "aria-setsize", String(of));
  }

  update(unit, points) {
    show(this.link, unit.title);
    show(this.place, unit.place);
    for (const [key, words] of values(unit)) show(this.figures[key], words);
    for (const [key, words] of ofToday(unit)) show(this.figures[key], words);
    show(this.figures.loading, loading(unit));
    if (this.load.dataset.load !== loadState(unit)) this.load.dataset.load = loadState(unit);
    set(this.bar, "width", barWidth(unit));
    this.draw(points);
    this.tick(unit);
  }

  draw(points) {
    set(this.line, "d", path(points));
  }

  // What changes with time alone.
  tick(unit) {
    mark(this.element, unit.state);
    mark(this.state, unit.state);
    show(this.state, text(`state_${unit.state}`));
    show(this.trouble, trouble(unit));
    const old = silent(unit.reading);
    for (const [key, figure] of Object.entries(this.figures)) {
      const stopped = key === "loading" ? old.includes("voltage") || old.includes("ampere") : old.includes(key);
      if (stopped !== figure.hasAttribute("data-old")) figure.toggleAttribute("data-old", stopped);
    }
    show(this.age, age(unit.reading.at));
    set(this.element, "title", hint(unit));
  }
}
