// The controls of the range: links and a form that work by themselves, without a new page here.
import { show } from "../page.js";

export class RangeControls {
  // go(search): to another range; zoom(factor).
  constructor({ go, zoom }) {
    this.links = [...document.querySelectorAll("[data-go]")];
    this.custom = document.getElementById("custom");
    this.title = document.getElementById("range-title");
    this.toggle = document.querySelector("[data-custom]");
    for (const link of this.links) {
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
        event.preventDefault();
        go(link.search);
      });
    }
    this.toggle.addEventListener("click", (event) => {
      event.preventDefault();
      this.custom.toggleAttribute("data-closed");
      if (!this.custom.hasAttribute("data-closed")) this.custom.elements.from.focus();
    });
    this.custom.addEventListener("submit", (event) => {
      event.preventDefault();
      go(`?${new URLSearchParams(new FormData(this.custom))}`);
    });
    for (const button of document.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => zoom(button.dataset.zoom === "in" ? 0.5 : 2));
    }
  }

  show({ range, links, title, first_day, last_day, query }) {
    show(this.title, title);
    const kept = new URLSearchParams(query);
    for (const link of this.links) {
      const { go } = link.dataset;
      link.hidden = !links[go];
      if (links[go]) link.setAttribute("href", links[go]);
      if (link.classList.contains("segmented__item")) mark(link, go === range);
    }
    mark(this.toggle, range === "custom");
    for (const [name, day] of [["from", first_day], ["to", last_day]]) {
      if (document.activeElement !== this.custom.elements[name]) this.custom.elements[name].value = day;
    }
    for (const name of ["metrics", "metric", "compare", "panels"]) this.carry(name, kept.get(name));
  }

  // The form sends along what else the address says.
  carry(name, value) {
    let field = this.custom.elements[name];
    if (value === null) {
      field?.remove();
      return;
    }
    if (!field) {
      field = Object.assign(document.createElement("input"), { type: "hidden", name });
      this.custom.append(field);
    }
    field.value = value;
  }
}

function mark(link, current) {
  if (current) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}
