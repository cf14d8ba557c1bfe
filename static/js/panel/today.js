// Today's figures and the episodes outside the limits: printed by the server, asked for each minute.
import { ask, Problem } from "../history/ask.js";
import { settings, show } from "../page.js";

const EVERY_MS = 60_000;
const NOT_FOUND = 404;

export class Today {
  // onEpisodes(what the charts mark); onGone(whether the panel was deleted or taken from view).
  constructor({ onEpisodes, onGone }) {
    Object.assign(this, { onEpisodes, onGone });
    this.facts = document.getElementById("today");
    this.notice = document.getElementById("today-notice");
    this.history = document.getElementById("today-history");
    this.body = document.querySelector("#episodes-table tbody");
    this.said = document.getElementById("episodes-said");
    this.row = document.getElementById("episode-row");
    setInterval(() => document.hidden || this.refresh(), EVERY_MS);
    addEventListener("visibilitychange", () => document.hidden || this.refresh());
  }

  async refresh() {
    try {
      this.fill(await ask(settings.today, {}));
      this.onGone(false);
    } catch (error) {
      if (error.status === NOT_FOUND) this.onGone(true);
      // What stands there stays; that the server is away, the notice tells.
      if (!(error instanceof Problem) && error.name !== "AbortError") throw error;
    }
  }

  fill({ date, facts, notice, episodes, said, drawn }) {
    for (const [key, [value, note]] of Object.entries(facts)) {
      const fact = this.facts.querySelector(`[data-fact=${key}]`);
      show(fact?.querySelector(".stat__value"), value);
      show(fact?.querySelector(".stat__note"), note);
    }
    show(this.notice, notice);
    // The page may stand open over midnight.
    const address = new URL(this.history.href);
    address.searchParams.set("date", date);
    this.history.href = address;
    this.body.replaceChildren(...episodes.map((episode) => this.line(episode)));
    this.body.closest(".table-scroll").hidden = !episodes.length;
    this.said.hidden = !said;
    show(this.said, said);
    this.onEpisodes(drawn);
  }

  line(episode) {
    const made = this.row.content.firstElementChild.cloneNode(true);
    for (const place of made.querySelectorAll("[data-cell]")) place.textContent = episode[place.dataset.cell];
    made.querySelector(".severity").dataset.severity = episode.severity;
    return made;
  }
}
