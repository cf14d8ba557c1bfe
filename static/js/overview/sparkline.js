// The small line of a panel's newest points, drawn as dashboard/overview/sparklines.py draws it.
const [WIDTH, HEIGHT, ROOM] = [120, 32, 2];
const QUIET_SPAN = 0.02;
const GAP = 5;

export function path(points) {
  if (points.length < 2) return "";
  const first = points[0][0];
  const spanMs = points.at(-1)[0] - first || 1;
  const values = points.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = Math.max(high - low, QUIET_SPAN * Math.max(Math.abs(low), Math.abs(high)), 1e-3);
  const bottom = (low + high - span) / 2;
  const pauses = points.slice(1).map(([at], i) => at - points[i][0]).sort((a, b) => a - b);
  const longest = GAP * pauses[pauses.length >> 1];
  let line = "";
  let before = -Infinity;
  for (const [at, value] of points) {
    const x = (((at - first) / spanMs) * WIDTH).toFixed(1);
    const y = (HEIGHT - ROOM - ((value - bottom) / span) * (HEIGHT - 2 * ROOM)).toFixed(1);
    line += at - before <= longest ? `L${x} ${y}` : `M${x} ${y}h0`;
    before = at;
  }
  return line;
}
