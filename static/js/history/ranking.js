// The ranking and the figures of all panels together.
import { plain } from "../formats.js";
import { show, text } from "../page.js";
import { costNote, covered, energy, money, percent, power, unpriced, when } from "./quantities.js";
import { fileName, saveButtons } from "./save.js";

const FIELDS = ["rank", "energy_wh", "share", "cost", "unpriced_wh", "mean_w", "maximum_w", "load_factor", "loading_max_percent", "coverage"];

export class Ranking {
  // tell(state, sentence): the page's notice; summary(sentence): the chart's text.
  constructor(section, facts, { tell, summary }) {
    Object.assign(this, { section, facts, tell, summary });
    this.body = section.querySelector("tbody");
    this.template = document.getElementById("ranking-row");
    this.sorted = { key: "rank", down: false };
    for (const head of section.querySelectorAll("th[data-sort]")) this.sortable(head);
    saveButtons(section, {
      name: () => fileName("panels", "ranking", this.view.range),
      columns: () => ["number", ...FIELDS, "maximum_at"],
      rows: () => this.view.panels.map(({ number, name }) => this.csvRow(number, this.by(name))),
    });
  }

  wants({ panels }) {
    return panels.map(({ name }) => name);
  }

  async load(view, answers) {
    const answer = await answers.get("comparison", { panels: view.panels.map(({ name }) => name).join(",") });
    Object.assign(this, { view, answer });
    this.together(answer);
    this.body.replaceChildren(...view.panels.map((panel) => this.row(panel)));
    this.sort();
  }

  by(name) {
    return this.answer.panels.find((each) => each.name === name) ?? {};
  }

  row({ number, name, title }) {
    const line = this.template.content.firstElementChild.cloneNode(true);
    const of = this.by(name);
    line.dataset.panel = name;
    const mark = line.querySelector(".mark");
    mark.dataset.number = number;
    mark.textContent = number;
    const link = line.querySelector("a");
    link.textContent = title;
    link.href = this.historyOf(name);
    line.querySelector(".share__part").setAttribute("width", Math.round(100 * (of.share ?? 0)));
    const cells = {
      rank: of.energy_wh == null ? "–" : of.rank, energy: energy(of.energy_wh), share: percent(of.share), cost: money(of.cost, this.answer.currency), unpriced: unpriced(of),
      mean: power(of.mean_w), highest: power(of.maximum_w), highest_at: when(of.maximum_at), factor: plain(of.load_factor, 2),
      loading: of.loading_max_percent == null ? "–" : `${plain(of.loading_max_percent, 1)}\u00a0%`, coverage: percent(of.coverage),
    };
    for (const [cell, content] of Object.entries(cells)) show(line.querySelector(`[data-cell=${cell}]`), String(content));
    return line;
  }

  // A panel's own history over the same time.
  historyOf(name) {
    const own = new URLSearchParams(this.view.range.query);
    own.delete("panels");
    own.delete("metric");
    return `${this.section.dataset.history.replace("/-/", `/${encodeURIComponent(name)}/`)}?${own}`;
  }

  together({ total, currency }) {
    const share = covered(total.coverage);
    const figures = {
      energy: [energy(total.energy_wh), share],
      cost: [total.cost === null ? text("no_cost") : money(total.cost, currency), costNote(total)],
      maximum: [power(total.maximum_w), when(total.maximum_at)],
      diversity: [plain(total.diversity_factor, 2)],
      balance: [total.balance_percent == null ? "–" : `${plain(total.balance_percent, 1)}\u00a0%`],
    };
    for (const [name, [value, note]] of Object.entries(figures)) {
      const fact = this.facts.querySelector(`[data-fact=${name}]`);
      show(fact.querySelector(".stat__value"), value);
      if (note !== undefined) show(fact.querySelector(".stat__note"), note);
    }
    const sentence = text(total.maximum_w === null ? "sum_unknown" : "sum_summary", { energy: figures.energy[0], maximum: figures.maximum[0], at: figures.maximum[1], covered: share });
    this.summary(this.largest());
    this.tell(total.coverage ? "quiet" : "none", total.coverage ? sentence : text("covered_none"));
  }

  largest() {
    const first = this.answer.panels.find(({ rank }) => rank === 1);
    if (!first?.energy_wh) return text("covered_none");
    const { title } = this.view.panels.find(({ name }) => name === first.name);
    return text("largest", { title, energy: energy(first.energy_wh), share: percent(first.share) });
  }

  sortable(head) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const { key, down } = this.sorted;
      const first = head.dataset.sort !== "rank" && head.dataset.sort !== "title"; // figures: the largest first
      this.sorted = { key: head.dataset.sort, down: key === head.dataset.sort ? !down : first };
      this.sort();
    });
  }

  // What is not known stands last, either way.
  sort() {
    const { key, down } = this.sorted;
    const of = (line) => (key === "title" ? line.querySelector("a").textContent : this.by(line.dataset.panel)[key]);
    const order = (one, other) => {
      const [a, b] = [of(one), of(other)];
      if (a == null || b == null) return (a == null) - (b == null);
      const way = typeof a === "string" && key === "title" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
      return down ? -way : way;
    };
    this.body.replaceChildren(...[...this.body.rows].sort(order));
    for (const head of this.section.querySelectorAll("th[data-sort]")) {
      if (head.dataset.sort === key) head.ariaSort = down ? "descending" : "ascending";
      else head.removeAttribute("aria-sort");
    }
  }

  csvRow(number, of) {
    return [number, ...FIELDS.map((field) => (field === "cost" && of.cost != null ? Number(of.cost) : of[field])), of.maximum_at];
  }
}
