// Energy and cost by hours, days or months.
import { now } from "../clock.js";
import { settings, show, text } from "../page.js";
import { EnergyChart, isMissing, isRecovered } from "./energy-chart.js";
import { bucket, covered, energy, money, percent, unpriced } from "./quantities.js";
import { fileName, saveButtons } from "./save.js";
import { TableOf, table, timeHead } from "./table.js";

export class Energy {
  constructor(section, group) {
    Object.assign(this, { section, group });
    this.readout = section.querySelector(".plot__readout");
    this.summary = section.querySelector(".plot__summary");
    this.table = new TableOf(section.querySelector("details"), () => this.asTable());
    saveButtons(section, {
      name: () => fileName(settings.panel, "energy", this.view.range),
      title: () => `${document.querySelector("h1").textContent} · ${this.view.range.title}`,
      columns: () => ["start", "end", "energy_wh", "cost", "coverage", "recovered", "unpriced_wh"],
      rows: () => this.answer.buckets.map((each) => [each.start, each.end, each.energy_wh, number(each.cost), each.coverage, each.recovered, each.unpriced_wh]),
      plots: () => [{ plot: this.chart.plot, label: `kWh` }],
    });
  }

  wants({ compare }) {
    return compare;
  }

  async load(view, answers) {
    const asked = { by: view.range.by };
    const before = view.compare && view.range.previous ? answers.get("energy", asked, view.range.previous) : null;
    const [whole, earlier] = await Promise.all([answers.get("energy", asked), before]);
    // Of what has not begun nothing is missing.
    const answer = { ...whole, buckets: whole.buckets.filter(({ start }) => Date.parse(start) < now()) };
    Object.assign(this, { view, answer, earlier: alike(earlier, whole) ? earlier : null });
    this.chart ??= new EnergyChart(this.section.querySelector(".plot__canvas"), this.group, (index) =>
      show(this.readout, index === undefined || !this.answer.buckets[index] ? "" : this.read(index)),
    );
    this.chart.draw(answer.buckets, this.earlier?.buckets);
    show(this.section.querySelector(".plot__unit"), "kWh");
    show(this.summary, this.sentence());
    this.legend();
    this.table.renew();
  }

  read(index) {
    const each = this.answer.buckets[index];
    const before = this.earlier?.buckets[index];
    const parts = [bucket(Date.parse(each.start), Date.parse(each.end)), "", energy(each.energy_wh), this.price(each), text(`quality_${each.quality}`)];
    if (each.coverage < 1) parts.push(covered(each.coverage));
    if (before) parts.push(text("previous", { value: energy(before.energy_wh) }));
    return parts.join("  ");
  }

  price(each) {
    if (each.cost === null) return text("no_cost");
    const beside = unpriced(each);
    return money(each.cost, this.answer.currency) + (beside && ` (${beside})`);
  }

  sentence() {
    const { energy_wh, cost, currency, coverage } = this.answer;
    if (energy_wh === null) return text("energy_empty");
    const without = unpriced(this.answer);
    const key = without ? "energy_summary_partly" : "energy_summary";
    return text(cost === null ? "energy_summary_unpriced" : key, { energy: energy(energy_wh), cost: money(cost, currency), unpriced: without, covered: covered(coverage) });
  }

  // Only what is in the picture is explained.
  legend() {
    const present = { recovered: this.answer.buckets.some(isRecovered), missing: this.answer.buckets.some(isMissing), before: Boolean(this.earlier) };
    for (const [name, here] of Object.entries(present)) {
      this.section.querySelector(`[data-legend=${name}]`).hidden = !here;
    }
  }

  asTable() {
    const heads = [["head_time", false], ["head_energy", true], ["head_cost", true], ["head_covered", true], ["head_quality", false]];
    const rows = this.answer.buckets.map((each) => [
      bucket(Date.parse(each.start), Date.parse(each.end)),
      energy(each.energy_wh),
      each.cost === null ? "–" : this.price(each),
      percent(each.coverage),
      text(`quality_${each.quality}`),
    ]);
    return table(heads.map(([key, numeric]) => [key === "head_time" ? timeHead() : text(key), numeric]), rows);
  }

  repaint() {
    this.chart?.repaint();
  }
}

const longest = ({ buckets }) => Math.max(...buckets.map(({ start, end }) => Date.parse(end) - Date.parse(start)));

// Where hours are no longer kept there are days in their place: no measure for hours.
const alike = (one, other) => one && longest(one) < 2 * longest(other);

const number = (cost) => (cost === null ? null : Number(cost));
