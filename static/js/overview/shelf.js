// The cards on screen, out of however many there are. All are equally high, so that the place of each
// is known without it: only those near the window exist, and go over to the next when one scrolls.
import { Card } from "./card.js";

const ALL_UP_TO = 60; // so few may all exist: the browser's own search then finds each
const MARGIN = 0.5; // of the window's height, above and below

export class Shelf {
  // onSeen(names) after each change of what is on screen.
  constructor(element, template, { unitOf, pointsOf, onSeen }) {
    Object.assign(this, { element, template, unitOf, pointsOf, onSeen });
    this.names = [];
    this.printing = false;
    this.spare = [];
    this.cards = new Map(); // name -> Card
    for (const standing of element.children) this.adopt(standing);
    new ResizeObserver(() => this.resized()).observe(element);
    // At once: whoever tabs on must find the next card there.
    element.addEventListener("focusin", () => this.place());
    addEventListener("scroll", () => this.later(), { passive: true });
    addEventListener("resize", () => this.later(), { passive: true });
    // Paper doesn't scroll.
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
  }

  // What the server has rendered is taken over as it stands.
  adopt(element) {
    const card = new Card(element);
    card.name = element.dataset.panel;
    this.cards.set(card.name, card);
  }

  show(names) {
    this.names = names;
    this.measure();
    this.place();
  }

  later() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.place();
    });
  }

  resized() {
    if (this.element.clientWidth === this.width) return;
    this.measure();
    this.place();
  }

  measure() {
    // A card that stands in a fourth column makes one, even where there is room for two only.
    for (const { element } of this.cards.values()) element.style.gridArea = "";
    const style = getComputedStyle(this.element);
    this.width = this.element.clientWidth;
    this.columns = style.gridTemplateColumns.split(" ").length;
    this.gap = parseFloat(style.rowGap) || 0;
    this.pitch = parseFloat(style.gridAutoRows) + this.gap;
    const rows = Math.ceil(this.names.length / this.columns);
    this.element.style.height = rows ? `${rows * this.pitch - this.gap}px` : "";
  }

  // [first, last) of the panels whose rows touch the window, widened by so many pixels.
  range(widened) {
    const top = -this.element.getBoundingClientRect().top;
    const first = Math.floor((top - widened) / this.pitch);
    const last = Math.ceil((top + innerHeight + widened) / this.pitch);
    const within = (row) => Math.min(this.names.length, Math.max(0, row * this.columns));
    return [within(first), within(last)];
  }

  place() {
    const seen = this.range(MARGIN * innerHeight);
    const all = this.printing || this.names.length <= ALL_UP_TO;
    this.fill(...(all ? [0, this.names.length] : seen));
    this.onSeen(this.names.slice(...seen));
  }

  print(printing) {
    this.printing = printing;
    this.place();
  }

  fill(first, last) {
    const wanted = new Map(this.names.slice(first, last).map((name, i) => [name, first + i]));
    const focused = document.activeElement?.closest?.(".unit")?.dataset.panel;
    const kept = focused === undefined ? -1 : this.names.indexOf(focused);
    // Who has the focus keeps it, also off screen, and has neighbours to go on to.
    for (let i = Math.max(0, kept - 1); kept >= 0 && i <= kept + 1 && i < this.names.length; i += 1) wanted.set(this.names[i], i);
    for (const [name, card] of this.cards) if (!wanted.has(name)) this.put(name, card);
    let next = this.element.firstElementChild;
    for (const [name, index] of [...wanted].sort(([, one], [, other]) => one - other)) {
      const card = this.cards.get(name) ?? this.fetch(name);
      card.stand(index, this.names.length, this.columns);
      // What stands right is not touched: an element that is moved loses the focus.
      if (card.element === next) next = next.nextElementSibling;
      else this.element.insertBefore(card.element, next);
    }
  }

  put(name, card) {
    this.cards.delete(name);
    this.spare.push(card);
    card.element.remove();
  }

  fetch(name) {
    const card = this.spare.pop() ?? new Card(this.template.content.firstElementChild.cloneNode(true));
    card.become(this.unitOf(name));
    this.cards.set(name, card);
    card.update(this.unitOf(name), this.pointsOf(name));
    return card;
  }

  update(names) {
    for (const name of names) this.cards.get(name)?.update(this.unitOf(name), this.pointsOf(name));
  }

  tick() {
    for (const [name, card] of this.cards) card.tick(this.unitOf(name));
  }

  // Whoever points at a card or has the focus in it must not lose it to another order.
  get held() {
    return this.element.matches(":hover") || this.element.querySelector(":focus-visible") !== null;
  }
}
