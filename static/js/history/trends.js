// The readings: one chart for each chosen metric, all on one time axis.
import { linesOf, spansOf } from "../charts/limits.js";
import { inPage, labels, settings, show, text } from "../page.js";
import { episodesIn } from "./outside.js";
import { bucket, measured, percent, stepText, when } from "./quantities.js";
import { fileName, saveButtons } from "./save.js";
import { TableOf, table, timeHead } from "./table.js";
import { TrendChart } from "./trend-chart.js";

const UNITS = { voltage: "v", ampere: "a", power: "w", energy_cost: "rp" };

export class Trends {
  constructor(section, group) {
    Object.assign(this, { section, group });
    this.charts = new Map();
    this.level = section.querySelector("[data-say=level]");
    this.figures = [...section.querySelectorAll(".plot")];
    this.limits = inPage("limits");
    this.points = [];
    this.table = new TableOf(section.querySelector("details"), () => this.asTable());
    saveButtons(section, {
      name: () => fileName(settings.panel, "readings", this.view.range),
      title: () => `${document.querySelector("h1").textContent} · ${this.view.range.title}`,
      columns: () => ["start", "end", "coverage", ...this.view.metrics.flatMap((metric) => this.names(metric))],
      rows: () => this.points.map((point) => this.csvRow(point)),
      plots: () => this.view.metrics.map((metric) => ({ plot: this.charts.get(metric).plot, label: labels[metric] })),
    });
  }

  wants({ metrics, compare }) {
    return [metrics, compare];
  }

  async load(view, answers) {
    const asked = { points: this.wantedPoints(), metrics: view.metrics.join(",") };
    const before = view.compare && view.range.previous ? answers.get("trends", asked, view.range.previous) : null;
    const [trends, earlier] = await Promise.all([answers.get("trends", asked), before]);
    Object.assign(this, { view, points: trends.points, earlier: earlier?.points });
    const level = stepText(trends.step_s);
    show(this.level, trends.step_s === null ? level : text("with_band", { level }));
    for (const figure of this.figures) {
      figure.hidden = !view.metrics.includes(figure.dataset.metric);
      if (!figure.hidden) this.draw(figure, figure.dataset.metric);
    }
    const [statistics, episodes] = await Promise.all([answers.get("statistics"), episodesIn(view, answers)]);
    for (const [metric, chart] of this.charts) chart.mark(spansOf(metric, episodes));
    this.summaries(statistics);
    this.table.renew();
  }

  // Two pixels for each: more could not be told apart.
  wantedPoints() {
    const width = this.section.querySelector(".plots").clientWidth;
    return Math.max(150, Math.min(700, Math.round(width / 20) * 10));
  }

  draw(figure, metric) {
    const chart = this.charts.get(metric) ?? this.make(figure, metric);
    const { start, previous } = this.view.range;
    chart.draw(this.points, this.earlier, previous && Date.parse(start) - Date.parse(previous.start));
    show(figure.querySelector(".plot__unit"), chart.shownUnit);
  }

  make(figure, metric) {
    const readout = figure.querySelector(".plot__readout");
    const element = figure.querySelector(".plot__canvas");
    const read = (index, before) => show(readout, index === undefined ? "" : this.read(metric, this.points[index], before));
    const chart = new TrendChart(element, metric, this.group, read, linesOf(metric, this.limits));
    this.charts.set(metric, chart);
    return chart;
  }

  read(metric, point, before) {
    const { mean, min, max } = point[metric] ?? {};
    const place = bucket(Date.parse(point.start), Date.parse(point.end));
    const value = mean == null ? text("no_reading") : measured(metric, mean);
    const span = min == null || max == null || min === max ? "" : `  (${measured(metric, min)} … ${measured(metric, max)})`;
    const then = this.earlier && before != null ? `  ${text("previous", { value: measured(metric, before) })}` : "";
    return `${place}   ${value}${span}${then}`;
  }

  summaries({ metrics }) {
    for (const figure of this.figures) {
      const { metric } = figure.dataset;
      const { mean, min, max, min_at, max_at } = metrics[metric] ?? {};
      const filled = { label: labels[metric], mean: measured(metric, mean), low: measured(metric, min), high: measured(metric, max), low_at: when(min_at), high_at: when(max_at) };
      const sentence = text(min == null ? "trend_empty" : "trend_summary", filled);
      show(figure.querySelector(".plot__summary"), sentence);
    }
  }

  names(metric) {
    return ["mean", "min", "max"].map((which) => `${metric}_${which}_${UNITS[metric]}`);
  }

  csvRow({ start, end, coverage, ...values }) {
    const of = (metric) => ["mean", "min", "max"].map((which) => values[metric]?.[which]);
    return [start, end, coverage, ...this.view.metrics.flatMap(of)];
  }

  asTable() {
    const heads = [[timeHead(), false], ...this.view.metrics.map((metric) => [labels[metric], true]), [text("head_covered"), true]];
    const value = (point, metric) => measured(metric, point[metric]?.mean);
    const rows = this.points.map((point) => [
      bucket(Date.parse(point.start), Date.parse(point.end)),
      ...this.view.metrics.map((metric) => value(point, metric)),
      percent(point.coverage),
    ]);
    return table(heads, rows);
  }

  repaint() {
    for (const chart of this.charts.values()) chart.repaint();
  }
}
