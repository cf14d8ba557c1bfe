// The points of the small lines, of the panels on screen only: what goes off screen is forgotten, for
// nobody tells us of its readings any more.
import { asking, settings } from "../page.js";

const LIMIT = Number(settings.chartPoints);
const AT_ONCE = 60; // as many as the server answers

export class Sparks {
  // onArrived(names) when points have come.
  constructor(onArrived) {
    this.onArrived = onArrived;
    this.points = new Map(); // name -> [[ms, value], ...], oldest first
    this.asked = new Set(); // whose points are on their way
    this.wanted = new Set();
  }

  of(name) {
    return this.asked.has(name) ? [] : (this.points.get(name) ?? []);
  }

  // What came in live while the stored points were on their way goes on after them.
  take(panels) {
    for (const [name, stored] of Object.entries(panels)) {
      const newest = stored.at(-1)?.[0] ?? 0;
      const since = (this.points.get(name) ?? []).filter(([at]) => at > newest);
      this.points.set(name, [...stored, ...since].slice(-LIMIT));
    }
  }

  extend(name, at, value) {
    const points = this.points.get(name);
    if (!points || at < (points.at(-1)?.[0] ?? 0)) return;
    if (at === points.at(-1)?.[0]) points.pop();
    points.push([at, value]);
    if (points.length > LIMIT) points.shift();
  }

  // After a break of the connection all are fetched anew.
  forget() {
    this.points.clear();
  }

  renew(name) {
    if (this.points.delete(name)) this.ask([name]);
  }

  async want(names) {
    this.wanted = new Set(names);
    for (const name of this.points.keys()) if (!this.wanted.has(name)) this.points.delete(name);
    const missing = names.filter((name) => !this.points.has(name));
    for (let i = 0; i < missing.length; i += AT_ONCE) await this.ask(missing.slice(i, i + AT_ONCE));
  }

  async ask(names) {
    for (const name of names) {
      this.asked.add(name);
      this.points.set(name, []);
    }
    let told = {};
    try {
      const query = new URLSearchParams(names.map((name) => ["panel", name]));
      const answer = await fetch(`${settings.points}?${query}`, { headers: asking() });
      if (answer.ok && !answer.redirected) told = (await answer.json()).panels;
    } catch {
      // The server is away; the lines come with the next connection.
    }
    for (const name of names) this.asked.delete(name);
    for (const name of names) if (!told[name]) this.points.delete(name);
    // Who has left the screen meanwhile has readings that nobody told us of.
    this.take(Object.fromEntries(Object.entries(told).filter(([name]) => this.points.has(name))));
    this.onArrived(names);
  }
}
