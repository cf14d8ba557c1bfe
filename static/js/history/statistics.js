// The statistics table: each metric's mean, lowest and highest with their times; and the load.
import { plain } from "../formats.js";
import { show, text } from "../page.js";
import { covered, energy, lasting, measured, power, when } from "./quantities.js";

export class Statistics {
  constructor(section) {
    this.section = section;
  }

  async load(view, answers) {
    const { metrics, load } = await answers.get("statistics");
    for (const row of this.section.querySelectorAll("tr[data-metric]")) this.fill(row, metrics[row.dataset.metric] ?? {});
    this.showLoad(load ?? {});
  }

  fill(row, { mean, min, max, min_at, max_at, coverage }) {
    const { metric } = row.dataset;
    const cells = { mean: measured(metric, mean), min: measured(metric, min), max: measured(metric, max), min_at: when(min_at), max_at: when(max_at), coverage: covered(coverage) };
    for (const [name, content] of Object.entries(cells)) show(row.querySelector(`[data-cell=${name}]`), content);
  }

  showLoad(load) {
    const minutes = (value) => (value == null ? "–" : lasting(value * 60));
    const facts = {
      apparent: [power(load.apparent_max_va, "VA"), when(load.apparent_max_at)],
      factor: [plain(load.power_factor, 2)],
      reactive: [energy(load.reactive_varh, "varh")],
      loading: [load.loading_max_percent == null ? "–" : `${plain(load.loading_max_percent, 1)}\u00a0%`, load.rated_kva ? text("rated", { rated: plain(load.rated_kva, 1) }) : text("unrated")],
      over_80: [minutes(load.minutes_over_80)],
      over_100: [minutes(load.minutes_over_100)],
      over_120: [minutes(load.minutes_over_120)],
    };
    for (const [name, [value, note]] of Object.entries(facts)) {
      const fact = this.section.querySelector(`[data-fact=${name}]`);
      show(fact?.querySelector(".stat__value"), value);
      if (note !== undefined) show(fact?.querySelector(".stat__note"), note);
    }
  }
}
