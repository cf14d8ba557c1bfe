// The row of figures, and the sentence about how much of the period was measured.
import { now } from "../clock.js";
import { plain } from "../formats.js";
import { show, text } from "../page.js";
import { DEMAND_POINTS } from "./demand.js";
import { costNote, covered, energy, lasting, money, percent, power, when } from "./quantities.js";

const FULL = 0.999;

export class Facts {
  // tell(state, sentence): the page's notice.
  constructor(row, tell) {
    Object.assign(this, { row, tell });
    this.newest = document.getElementById("newest");
  }

  async load(view, answers) {
    const [statistics, answer, demand] = await Promise.all([
      answers.get("statistics"),
      answers.get("energy", { by: view.range.by }),
      answers.get("demand", { points: DEMAND_POINTS }),
    ]);
    const share = covered(answer.coverage);
    const cost = answer.cost === null ? text("no_cost") : money(answer.cost, answer.currency);
    this.fill({
      energy: [energy(answer.energy_wh), share],
      cost: [cost, costNote(answer)],
      demand: [power(demand.maximum?.demand_w), when(demand.maximum?.start)],
      factor: [plain(demand.load_factor, 2), covered(demand.coverage)],
      coverage: [percent(statistics.coverage)],
    });
    this.notice(answer);
  }

  fill(facts) {
    for (const [name, [value, note]] of Object.entries(facts)) {
      const fact = this.row.querySelector(`[data-fact=${name}]`);
      show(fact.querySelector(".stat__value"), value);
      if (note !== undefined) show(fact.querySelector(".stat__note"), note);
    }
  }

  // Without readings there is nothing to draw but the time axis, to move on from.
  empty(what) {
    const { dataset } = document.getElementById("main");
    if (what) dataset.empty = what;
    else delete dataset.empty;
  }

  notice({ coverage, recovered, pending, from, to, buckets }) {
    const pruned = buckets.some(({ quality }) => quality === "pruned");
    const everRead = Boolean(this.newest.getAttribute("href"));
    this.newest.hidden = Boolean(coverage) || !everRead;
    this.empty(coverage ? "" : everRead ? "range" : "panel");
    if (!coverage) {
      this.tell("none", text(pruned ? "covered_pruned" : everRead ? "covered_none" : "nothing_yet"));
      return;
    }
    const length = Math.min(Date.parse(to), now()) - Date.parse(from);
    const missing = lasting(((1 - coverage) * length) / 1000);
    const said = [text(coverage >= FULL ? "covered_all" : "covered_part", { percent: percent(coverage), missing })];
    if (recovered) said.push(text("recovered", { percent: percent(recovered) }));
    if (pruned) said.push(text("covered_pruned"));
    if (pending) said.push(text("pending"));
    this.tell(coverage >= FULL ? "quiet" : "partial", said.join(" "));
  }
}
