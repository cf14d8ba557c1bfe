// The charts that share a time axis: they move together, and say where they came to rest.
const SETTLED_MS = 220;
const STEP_MS = 60_000; // what the server cuts times down to
const SHORTEST_MS = 2 * STEP_MS;
const LONGEST_MS = 20 * 366 * 86_400_000;
const EARLIEST = Date.UTC(2006, 0, 2);
const LATEST = Date.UTC(2098, 11, 30);

export class TimeGroup {
  // onSettled(from, to, how): a window was chosen; onBack(): away from it again.
  constructor({ onSettled, onBack }) {
    Object.assign(this, { onSettled, onBack });
    this.plots = new Set();
    this.from = 0;
    this.to = 1;
  }

  add(plot) {
    this.plots.add(plot);
    plot.setScale("x", { min: this.from, max: this.to });
  }

  // Where the page looks now.
  set({ start, end }) {
    clearTimeout(this.timer);
    this.place(Date.parse(start), Date.parse(end));
  }

  place(from, to) {
    Object.assign(this, { from, to });
    for (const plot of this.plots) plot.setScale("x", { min: from, max: to });
  }

  // A gesture goes on: only what is drawn moves; when it rests, the finer readings are fetched.
  move(from, to) {
    this.place(...this.bounded(from, to));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest("move"), SETTLED_MS);
  }

  choose(from, to) {
    this.place(...this.bounded(from, to));
    this.rest("push");
  }

  zoom(factor, around = (this.from + this.to) / 2) {
    this.move(around - (around - this.from) * factor, around + (this.to - around) * factor);
  }

  rest(how) {
    clearTimeout(this.timer);
    this.onSettled(Math.round(this.from / STEP_MS) * STEP_MS, Math.round(this.to / STEP_MS) * STEP_MS, how);
  }

  bounded(from, to) {
    const length = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, to - from));
    const middle = (from + to) / 2;
    const start = Math.min(LATEST - length, Math.max(EARLIEST, middle - length / 2));
    return [start, start + length];
  }
}
