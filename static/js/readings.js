// What is known of every panel. Values only move forward in time, whatever order they arrive in.
import { settings } from "./page.js";

const LIMIT = Number(settings.chartPoints);

export class Readings {
  constructor(selected) {
    this.selected = selected;
    this.panels = new Map(); // name -> {at, metrics: {metric: {value, at}}}
    this.points = {}; // of the selected panel: metric -> [[ms, value], ...], oldest first
  }

  add(panel, metric, value, at) {
    const known = this.panels.get(panel) ?? { at: 0, metrics: {} };
    this.panels.set(panel, known);
    if (at < (known.metrics[metric]?.at ?? 0)) return false;
    known.metrics[metric] = { value, at };
    known.at = Math.max(known.at, at);
    return true;
  }

  event({ panel, metric, value, timestamp }) {
    const at = Date.parse(timestamp);
    if (this.add(panel, metric, value, at) && panel === this.selected) this.extend(metric, [[at, value]]);
  }

  // A snapshot has one moment for all values of a panel: that of its newest reading. A value that is
  // not new keeps its own: one that is old must not look fresh because another came in.
  snapshot(panel, { timestamp, ...values }) {
    const at = timestamp ? Date.parse(timestamp) : 0;
    if (panel === this.selected || at <= (this.panels.get(panel)?.at ?? -1)) return;
    const known = this.panels.get(panel) ?? { at, metrics: {} };
    this.panels.set(panel, known);
    known.at = at;
    for (const [metric, value] of Object.entries(values)) {
      if (value !== null && value !== known.metrics[metric]?.value) this.add(panel, metric, value, at);
    }
  }

  // What the server has stored of the selected panel: {metrics: {metric: {value, timestamp, points}}}.
  stored({ panel, metrics }) {
    for (const [metric, { value, timestamp, points }] of Object.entries(metrics)) {
      if (timestamp) this.add(panel, metric, value, Date.parse(timestamp));
      const newest = points.at(-1)?.[0] ?? 0;
      const since = (this.points[metric] ?? []).filter(([at]) => at > newest);
      this.points[metric] = [];
      this.extend(metric, [...points, ...since]);
    }
  }

  extend(metric, points) {
    const all = (this.points[metric] ??= []);
    for (const point of points) {
      const last = all.at(-1)?.[0] ?? -Infinity;
      if (point[0] > last) all.push(point);
      else if (point[0] === last) all[all.length - 1] = point;
    }
    if (all.length > LIMIT) all.splice(0, all.length - LIMIT);
  }
}
