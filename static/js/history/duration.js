// The load-duration curve: for which share of the time the load was at least so high.
import { plain } from "../formats.js";
import { settings, show, text } from "../page.js";
import { nearZero, Plot } from "./plot.js";
import { axisUnit, covered, lasting, percent, power } from "./quantities.js";
import { fileName, saveButtons } from "./save.js";

class DurationChart extends Plot {
  constructor(element, onRead) {
    super(element, (self) => self.options(onRead));
  }

  draw(points) {
    const powers = points.map(({ power_w }) => power_w);
    ({ unit: this.shownUnit, by: this.by } = axisUnit("W", Math.max(0, ...powers)));
    this.show([points.map((point) => point.percent), powers]);
  }

  options(onRead) {
    const line = () => this.palette.line;
    const shares = (_, at) => at.map((value) => `${plain(value, 0)} %`);
    return {
      padding: [10, 22, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 8, stroke: line, fill: line } },
      scales: { x: { time: false, range: () => [0, 100] }, y: { range: nearZero } },
      axes: [{ ...this.timeAxis(), values: shares, space: 48 }, this.valueAxis()],
      series: [{}, { stroke: line, fill: () => this.palette.fill, width: 1.75, points: { show: false } }],
      hooks: { setCursor: [({ cursor: { idx, left } }) => onRead(left < 0 || idx == null ? undefined : idx)] },
    };
  }
}

export class Duration {
  constructor(section) {
    this.section = section;
    this.readout = section.querySelector(".plot__readout");
    this.summary = section.querySelector(".plot__summary");
    saveButtons(section, {
      name: () => fileName(settings.panel, "load_duration", this.view.range),
      title: () => `${document.querySelector("h1").textContent} · ${this.view.range.title}`,
      columns: () => ["percent", "power_w"],
      rows: () => this.answer.points.map((point) => [point.percent, point.power_w]),
      plots: () => [{ plot: this.chart.plot, label: document.getElementById("duration-title").textContent }],
    });
  }

  async load(view, answers) {
    const answer = await answers.get("load-duration", { points: 200 });
    Object.assign(this, { view, answer });
    this.chart ??= new DurationChart(this.section.querySelector(".plot__canvas"), (index) =>
      show(this.readout, index === undefined || !this.answer.points[index] ? "" : this.read(this.answer.points[index])),
    );
    this.chart.draw(answer.points);
    show(this.section.querySelector(".plot__unit"), this.chart.shownUnit);
    show(this.summary, this.sentence());
  }

  read(point) {
    const hours = lasting(((this.answer.hours ?? 0) * 3600 * point.percent) / 100);
    return text("duration_read", { percent: percent(point.percent / 100), hours, power: power(point.power_w) });
  }

  // The load at a share of the time, from the nearest point of the curve.
  at(share) {
    return this.answer.points.reduce((best, point) => (Math.abs(point.percent - share) < Math.abs(best.percent - share) ? point : best)).power_w;
  }

  sentence() {
    const { points, coverage } = this.answer;
    if (!points.length) return text("duration_empty");
    return text("duration_summary", { half: power(this.at(50)), tenth: power(this.at(10)), covered: covered(coverage) });
  }

  repaint() {
    this.chart?.repaint();
  }
}
