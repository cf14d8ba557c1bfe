// The readings of the last minutes: what the server stored, and what has come in since. Bounded by
// steps of time, of each of which the lowest, the highest and (of the running one) the newest stay.
const EXTREMES = 2;

export class LiveWindow {
  constructor({ window: name, length_ms: length, step_ms: step, metrics }) {
    Object.assign(this, { name, length, step, points: metrics });
  }

  // A stored answer again, after a gap: what is newer than it stays.
  renew({ metrics }) {
    for (const [metric, points] of Object.entries(metrics)) {
      const newest = points.at(-1)?.[0] ?? 0;
      const since = (this.points[metric] ?? []).filter(([at]) => at > newest);
      this.points[metric] = [...points, ...since];
    }
  }

  add(metric, at, value) {
    const points = (this.points[metric] ??= []);
    const last = points.at(-1)?.[0] ?? -Infinity;
    if (at < last) return;
    if (at === last) points.pop();
    points.push([at, value]);
    this.thin(points);
    const from = at - this.length;
    let old = 0;
    while (old < points.length && points[old][0] < from) old += 1;
    if (old) points.splice(0, old);
  }

  // Of the step that runs: the lowest, the highest, and the newest.
  thin(points) {
    const step = Math.floor(points.at(-1)[0] / this.step);
    let first = points.length - 1;
    while (first > 0 && Math.floor(points[first - 1][0] / this.step) === step) first -= 1;
    if (points.length - first <= EXTREMES + 1) return;
    const of = points.slice(first);
    const lowest = of.reduce((best, point) => (point[1] < best[1] ? point : best));
    const highest = of.reduce((best, point) => (point[1] > best[1] ? point : best));
    points.splice(first, of.length, ...of.filter((point) => point === lowest || point === highest || point === of.at(-1)));
  }

  // What is in view at this moment.
  of(metric, now) {
    const points = this.points[metric] ?? [];
    const from = now - this.length;
    return points.length && points[0][0] < from ? points.filter(([at]) => at >= from) : points;
  }
}
