// The means of fixed quarter-hours: what a maximum demand is billed by.
import { plain } from "../formats.js";
import { settings, show, text } from "../page.js";
import { DemandChart } from "./demand-chart.js";
import { bucket, covered, lasting, power, when } from "./quantities.js";
import { fileName, saveButtons } from "./save.js";

export const DEMAND_POINTS = 800; // a month by hours

export class Demand {
  constructor(section, group) {
    Object.assign(this, { section, group });
    this.readout = section.querySelector(".plot__readout");
    this.summary = section.querySelector(".plot__summary");
    this.running = section.querySelector("[data-say=running]");
    saveButtons(section, {
      name: () => fileName(settings.panel, "demand", this.view.range),
      title: () => `${document.querySelector("h1").textContent} · ${this.view.range.title}`,
      columns: () => ["start", "end", "demand_w"],
      rows: () => this.answer.blocks.map(({ start, end, demand_w }) => [start, end, demand_w]),
      plots: () => [{ plot: this.chart.plot, label: document.getElementById("demand-title").textContent }],
    });
  }

  async load(view, answers) {
    const answer = await answers.get("demand", { points: DEMAND_POINTS });
    Object.assign(this, { view, answer });
    this.chart ??= new DemandChart(this.section.querySelector(".plot__canvas"), this.group, (index) =>
      show(this.readout, index === undefined || !this.answer.blocks[index] ? "" : this.read(this.answer.blocks[index])),
    );
    this.chart.draw(answer);
    show(this.section.querySelector(".plot__unit"), this.chart.shownUnit);
    show(this.summary, this.sentence());
    this.tellRunning();
  }

  read({ start, end, demand_w, at }) {
    const place = at && demand_w !== null ? at : start;
    const length = at && demand_w !== null ? 900_000 : Date.parse(end) - Date.parse(start);
    const value = demand_w === null ? text("block_incomplete") : power(demand_w);
    return `${bucket(Date.parse(place), Date.parse(place) + length)}   ${value}`;
  }

  sentence() {
    const { maximum, load_factor, coverage } = this.answer;
    if (!maximum) return text("demand_empty");
    return text("demand_summary", { demand: power(maximum.demand_w), at: when(maximum.start), factor: plain(load_factor, 2), covered: covered(coverage) });
  }

  tellRunning() {
    const { running } = this.answer;
    this.running.hidden = !running || running.mean_w === null;
    if (this.running.hidden) return;
    show(this.running, text("demand_running", { mean: power(running.mean_w), elapsed: lasting(running.elapsed_s), forecast: power(running.forecast_w) }));
  }

  repaint() {
    this.chart?.repaint();
  }
}
