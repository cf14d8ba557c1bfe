// What the page looks at. The address always says so: it can be shared, and "back" works.
import { settings, show } from "../page.js";
import { Answers, ask, Problem } from "./ask.js";

const REFRESH_MS = 60_000;

export class Viewer {
  // `parts` draw: load(view, answers); `addresses` by the names of questions; onView(view) before.
  constructor({ view, first, addresses, parts, onView }) {
    Object.assign(this, { view, first, addresses, parts, onView });
    this.running = new AbortController();
    this.drawn = new Map(); // part -> what it shows
    this.main = document.getElementById("main");
    this.notice = document.getElementById("notice");
    this.retry = document.getElementById("retry");
    this.retry.addEventListener("click", () => this.go(location.search, "stay"));
    addEventListener("popstate", () => this.go(location.search, "stay"));
    setInterval(() => this.refresh(), REFRESH_MS);
  }

  start() {
    const given = this.first;
    this.first = null;
    return this.run((signal) => this.load(signal, given));
  }

  // how: "push" a new entry of the history, "replace" the current one, "move" (one entry for a
  // series of moves), or "stay" where the address is already right.
  go(search, how = "push") {
    return this.run(async (signal) => {
      const view = await ask(settings.range, search.replace(/^\?/, ""), signal);
      this.write(view.range.query, how);
      this.view = view;
      await this.load(signal);
    });
  }

  async run(work) {
    this.running.abort();
    const { signal } = (this.running = new AbortController());
    this.main.ariaBusy = "true";
    try {
      await work(signal);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof Problem)) throw error;
      this.tell("error", error.message, true);
    } finally {
      if (!signal.aborted) this.main.ariaBusy = "false";
    }
  }

  async load(signal, given) {
    const { view } = this;
    this.onView(view);
    const answers = new Answers(this.addresses, view.range, signal, given);
    const results = await Promise.allSettled(this.parts.map((part) => this.draw(part, answers)));
    const failed = results.filter(({ status }) => status === "rejected").map(({ reason }) => reason);
    const [worst] = failed.sort((one) => (one instanceof Problem ? 1 : -1));
    if (worst) throw worst;
    this.retry.hidden = true;
  }

  // What a part already shows is not asked for again.
  async draw(part, answers) {
    const wanted = JSON.stringify([this.view.range.start, this.view.range.end, part.wants?.(this.view)]);
    if (this.drawn.get(part) === wanted) return;
    this.drawn.delete(part);
    await part.load(this.view, answers);
    this.drawn.set(part, wanted);
  }

  write(query, how) {
    if (how === "stay") return;
    const moved = how === "move";
    const replace = how === "replace" || (moved && history.state?.moved);
    history[replace ? "replaceState" : "pushState"]({ moved }, "", query);
  }

  tell(state, sentence, canRetry = false) {
    this.notice.dataset.state = state;
    show(this.notice.querySelector(".notice__text"), sentence);
    this.retry.hidden = !canRetry;
  }

  // While the range holds the present, new readings come in by themselves.
  refresh() {
    const { start, end } = this.view.range;
    const current = Date.parse(start) <= Date.now() && Date.now() < Date.parse(end);
    if (!current || document.hidden || this.main.ariaBusy === "true") return;
    this.drawn.clear();
    this.go(location.search, "stay");
  }
}

// The address with some parameters changed; null takes one away.
export function changed(query, changes) {
  const parameters = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) parameters.delete(name);
    else parameters.set(name, value);
  }
  return `?${parameters}`;
}

