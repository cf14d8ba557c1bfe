// When the panel was outside its limits: what the charts mark, in words and as a table.
import { limitText, quantity } from "../charts/limits.js";
import { show, text } from "../page.js";
import { lasting, when } from "./quantities.js";
import { TableOf, table } from "./table.js";

const LONGEST_MS = 8 * 86_400_000; // what the server looks through minute by minute
const HEADS = [["head_what", false], ["head_time", false], ["head_until", false], ["head_minutes", true], ["head_worst", true]];

const isShort = ({ range }) => Date.parse(range.end) - Date.parse(range.start) <= LONGEST_MS;

// As the charts take them: moments in ms, no end where it goes on.
export async function episodesIn(view, answers) {
  if (!isShort(view)) return [];
  const { episodes } = await answers.get("episodes");
  return episodes.map((each) => ({ ...each, start: Date.parse(each.start), end: each.ongoing ? null : Date.parse(each.end) }));
}

export class Outside {
  constructor(section) {
    this.said = section.querySelector("[data-say=outside]");
    this.details = section.querySelector("[data-table=outside]");
    this.table = new TableOf(this.details, () => this.asTable());
    this.episodes = [];
  }

  async load(view, answers) {
    this.episodes = isShort(view) ? (await answers.get("episodes")).episodes : [];
    const count = this.episodes.length;
    this.details.hidden = !count;
    show(this.said, !isShort(view) ? "" : text(count ? "outside_some" : "outside_none", { count }));
    this.table.renew();
  }

  asTable() {
    const made = table(HEADS.map(([key, numeric]) => [text(key), numeric]), this.episodes.map((episode) => this.row(episode)));
    made.classList.add("table--stacks");
    this.episodes.forEach(({ severity }, i) => {
      const name = made.tBodies[0].rows[i].cells[0];
      const badge = Object.assign(document.createElement("span"), { className: "severity", textContent: text(`severity_${severity}`) });
      badge.dataset.severity = severity;
      name.prepend(badge, " ");
    });
    return made;
  }

  row({ quantity: name, side, limit, start, end, ongoing, minutes, worst }) {
    return [
      text(`episode_${name}_${side}`, { limit: limitText(name, limit) }),
      when(start),
      ongoing ? text("episode_still") : when(end),
      lasting(60 * minutes),
      quantity(name, worst),
    ];
  }
}
