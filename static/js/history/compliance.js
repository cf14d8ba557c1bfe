// Voltage by weeks: a verdict is a shape and a word, and never a colour alone.
import { plain } from "../formats.js";
import { show, text } from "../page.js";
import { bucket, percent, when } from "./quantities.js";
import { cell, table } from "./table.js";

const LONGEST_MS = 1096 * 86_400_000;

export class Compliance {
  // onBand(): another band was chosen.
  constructor(section, onBand) {
    this.section = section;
    this.place = section.querySelector("[data-say=weeks]");
    section.addEventListener("change", onBand);
  }

  get band() {
    return this.section.querySelector("[name=band]:checked").value;
  }

  wants() {
    return this.band;
  }

  async load(view, answers) {
    if (Date.parse(view.range.end) - Date.parse(view.range.start) > LONGEST_MS) {
      this.place.replaceChildren(cell("p", text("compliance_long"), "quiet"));
      return;
    }
    const { weeks, low_v, high_v } = await answers.get("voltage-compliance", { band: this.band });
    show(this.section.querySelector("[data-say=limits]"), text("limits", { low: plain(low_v, 1), high: plain(high_v, 1) }));
    const measured = weeks.filter((week) => week.measured);
    this.place.replaceChildren(measured.length ? this.asTable(measured) : cell("p", text("compliance_empty"), "quiet"));
  }

  asTable(weeks) {
    const heads = [["head_week", false], ["head_verdict", false], ["head_outside", true], ["head_lowest", true], ["head_highest", true], ["head_covered", true]];
    const made = table(heads.map(([key, numeric]) => [text(key), numeric]), weeks.map((week) => this.row(week)));
    made.classList.add("table--stacks");
    weeks.forEach(({ verdict }, i) => {
      const place = made.tBodies[0].rows[i].cells[1];
      const badge = cell("span", text(`verdict_${verdict}`), "verdict");
      badge.dataset.verdict = verdict;
      place.replaceChildren(badge);
    });
    return made;
  }

  row(week) {
    const volts = (value, at) => (value == null ? "–" : `${plain(value, 1)}\u00a0V · ${when(at)}`);
    return [
      bucket(Date.parse(week.start), Date.parse(week.end)),
      text(`verdict_${week.verdict}`),
      text("outside", { outside: plain(week.outside, 0), measured: plain(week.measured, 0), percent: plain(week.outside_percent, 1) }),
      volts(week.lowest_v, week.lowest_at),
      volts(week.highest_v, week.highest_at),
      percent(week.coverage),
    ];
  }
}
