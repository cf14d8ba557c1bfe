// The controls over the panels, and the address that says what they are set to.
import { plain } from "../formats.js";
import { show } from "../page.js";
import { address, read } from "./selection.js";

const KEPT_S = 365 * 86_400;

function select(links, choice) {
  for (const link of links) {
    if (link.dataset.choice === choice) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

export class Chooser {
  // onChange(asked) whenever somebody chooses something else.
  constructor(onChange) {
    this.onChange = onChange;
    this.form = document.getElementById("filter");
    this.chips = [...document.querySelectorAll("#chips [data-choice]")];
    this.views = [...document.querySelectorAll("#views [data-choice]")];
    this.fleet = document.getElementById("fleet");
    this.asked = read(location.search);
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", ({ target }) => this.change({ [target.name]: target.value.trim() }));
    document.getElementById("chips").addEventListener("click", (event) => this.click(event, "state"));
    document.getElementById("views").addEventListener("click", (event) => this.click(event, "view"));
    addEventListener("popstate", () => this.back());
    document.addEventListener("keydown", (event) => this.key(event));
  }

  // A link that is opened in another tab stays a link.
  click(event, name) {
    const link = event.target.closest("[data-choice]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (name === "view") this.remember(link.dataset.choice);
    this.change({ [name]: link.dataset.choice });
  }

  // A cookie, so that the server renders the chosen view at once and nothing jumps.
  remember(view) {
    document.cookie = `overview_view=${view}; path=/; max-age=${KEPT_S}; samesite=lax`;
  }

  change(some) {
    this.asked = { ...this.asked, ...some };
    history.replaceState(null, "", address(this.asked));
    this.show();
    this.onChange(this.asked);
  }

  back() {
    this.asked = read(location.search);
    for (const name of ["q", "location", "sort"]) this.form.elements[name].value = this.asked[name];
    this.show();
    this.onChange(this.asked);
  }

  show() {
    select(this.chips, this.asked.state);
    const view = this.asked.view || this.fleet.dataset.view;
    select(this.views, view);
    this.fleet.dataset.view = view;
    for (const link of this.chips) link.href = address({ ...this.asked, state: link.dataset.choice });
    for (const link of this.views) link.href = address({ ...this.asked, view: link.dataset.choice });
  }

  count(states) {
    const all = Object.values(states).reduce((sum, some) => sum + some, 0);
    for (const chip of this.chips) {
      const some = chip.dataset.choice ? states[chip.dataset.choice] : all;
      show(chip.querySelector(".chip__count"), plain(some, 0));
      chip.toggleAttribute("data-empty", !some);
    }
  }

  // The locations of all panels; a new one joins the list.
  offer(locations) {
    const { options } = this.form.elements.location;
    const known = new Set([...options].map(({ value }) => value));
    for (const place of locations) if (!known.has(place)) options.add(new Option(place, place));
  }

  key(event) {
    const typing = event.target.closest?.("input, select, textarea");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.form.elements.q.focus();
  }
}
