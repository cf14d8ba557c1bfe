// The list of all panels: compact values and the age of each.
import { freshness } from "./clock.js";
import { brief, number } from "./formats.js";
import { mark, show, text } from "./page.js";

export class PanelList {
  constructor(readings) {
    this.readings = readings;
    this.cards = new Map();
    for (const card of document.querySelectorAll(".card[data-panel]")) {
      this.cards.set(card.dataset.panel, card);
      this.read(card);
      if (card.ariaCurrent) card.scrollIntoView({ block: "nearest", inline: "center" });
    }
  }

  // The page as the server rendered it is where the values start from.
  read(card) {
    const metrics = {};
    for (const figure of card.querySelectorAll("[data-metric]")) {
      if (Number(figure.dataset.at)) metrics[figure.dataset.metric] = { at: Number(figure.dataset.at) };
    }
    this.readings.panels.set(card.dataset.panel, { at: Number(card.dataset.at), metrics });
  }

  update(names) {
    for (const name of names) {
      const card = this.cards.get(name);
      if (!card) continue;
      const { metrics } = this.readings.panels.get(name);
      for (const figure of card.querySelectorAll("[data-metric]")) {
        const reading = metrics[figure.dataset.metric];
        if (reading?.value !== undefined) show(figure, number(figure.dataset.metric, reading.value));
      }
      this.ageOf(name, card);
    }
  }

  age() {
    for (const [name, card] of this.cards) this.ageOf(name, card);
  }

  ageOf(name, card) {
    const { at } = this.readings.panels.get(name);
    const state = freshness(at);
    const badge = card.querySelector(".card__state");
    mark(card, state);
    mark(badge, state);
    show(badge, text(`panel_${state}`, { time: at ? brief(at) : "" }));
  }
}
