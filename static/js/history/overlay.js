// The chosen panels' readings, laid over each other.
import { clock, dayAndMonth, hourAndMinute } from "../formats.js";
import { labels, show, text } from "../page.js";
import { ask } from "./ask.js";
import { COLOURS, OverlayChart } from "./overlay-chart.js";
import { measured, stepText } from "./quantities.js";
import { fileName, saveButtons } from "./save.js";
import { columnsOf } from "./trend-chart.js";

const SVG = "http://www.w3.org/2000/svg";

export class Overlay {
  constructor(section, group) {
    Object.assign(this, { section, group });
    this.readout = section.querySelector(".plot__readout");
    this.lines = section.querySelector("[data-say=lines]");
    saveButtons(section, {
      name: () => fileName("panels", this.view.metric, this.view.range),
      title: () => `${labels[this.view.metric]} · ${this.view.range.title}`,
      columns: () => ["at", ...this.view.panels.map(({ number }) => `panel_${number}`)],
      rows: () => this.csvRows(),
      plots: () => [{ plot: this.chart.plot, label: this.view.panels.map(({ number, title }) => `${number} ${title}`).join("   ") }],
    });
  }

  wants({ metric, panels }) {
    return [metric, panels.map(({ name }) => name)];
  }

  async load(view, answers) {
    const { metric, panels, range } = view;
    const asked = { from: range.start, to: range.end, points: 300, metrics: metric };
    const found = await Promise.all(panels.map(({ trends }) => ask(trends, asked, answers.signal)));
    this.view = view;
    this.prepare(metric, panels);
    this.chart.draw(found.map(({ points }) => columnsOf(points, metric).slice(0, 2)));
    show(this.section.querySelector("[data-say=level]"), found.length ? stepText(found[0].step_s) : "");
    show(this.section.querySelector("[data-say=metric]"), labels[metric]);
    show(this.section.querySelector(".plot__unit"), this.chart.shownUnit);
  }

  // Other lines need another chart; the same ones keep theirs.
  prepare(metric, panels) {
    const wanted = JSON.stringify([metric, panels.map(({ name }) => name)]);
    if (this.made === wanted) return;
    this.made = wanted;
    this.chart?.remove();
    this.chart = new OverlayChart(this.section.querySelector(".plot__canvas"), {
      metric,
      numbers: panels.map(({ number }) => number),
      group: this.group,
      onRead: (at, values) => this.read(at, values),
    });
    this.lines.replaceChildren(...panels.map((panel) => legendItem(panel)));
  }

  read(at, values) {
    const { metric } = this.view;
    show(this.readout, at === undefined ? "" : `${dayAndMonth(at)} ${at % 60_000 ? clock(at) : hourAndMinute(at)}`);
    [...this.lines.children].forEach((item, i) => {
      const value = values?.[i];
      show(item.querySelector(".lines__value"), at === undefined ? "" : value == null ? text("no_reading") : measured(metric, value));
    });
  }

  summary(sentence) {
    show(this.section.querySelector(".plot__summary"), sentence);
  }

  csvRows() {
    const [at, ...values] = this.chart.plot.data;
    return at.map((moment, i) => [new Date(moment).toISOString(), ...values.map((column) => column[i])]);
  }

  repaint() {
    this.chart?.repaint();
  }
}

function legendItem({ number, title }) {
  const item = document.createElement("li");
  item.dataset.number = number;
  const sample = document.createElementNS(SVG, "svg");
  sample.setAttribute("viewBox", "0 0 26 4");
  sample.setAttribute("class", number > COLOURS ? "sample sample--dashed" : "sample");
  sample.ariaHidden = "true";
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", "M0 2h26");
  sample.append(line);
  const mark = Object.assign(document.createElement("b"), { className: "mark", textContent: number });
  mark.dataset.number = number;
  const name = Object.assign(document.createElement("span"), { className: "lines__name", textContent: title });
  const value = Object.assign(document.createElement("span"), { className: "lines__value" });
  item.append(mark, sample, name, value);
  return item;
}
