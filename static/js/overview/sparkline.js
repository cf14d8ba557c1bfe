// The small line of a panel's newest points, drawn as dashboard/overview/sparklines.py draws it.
const [WIDTH, HEIGHT, ROOM] = [120, 32, 2];
const QUIET_SPAN = 0.02;
const GAP = 5;

export function path(points) {
  if (points.length < 2) return "";
  const values = points.map(([, value]) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = Math.max(high - low, QUIET_SPAN * Math.max(Math.abs(low), Math.abs(high)), 1e-3);
  const bottom = (low + high - span) / 2;
  const pauses = points.slice(1).map(([at], i) => at - points[i][0]);
  const longest = GAP * [...pauses].sort((a, b) => a - b)[pauses.length >> 1];
  const width = pauses.reduce((sum, pause) => sum + Math.min(pause, longest), 0) || 1;
  let line = "";
  let x = 0;
  values.forEach((value, i) => {
    const pause = i ? pauses[i - 1] : 0;
    x += Math.min(pause, longest);
    const y = HEIGHT - ROOM - ((value - bottom) / span) * (HEIGHT - 2 * ROOM);
    const at = `${((x / width) * WIDTH).toFixed(1)} ${y.toFixed(1)}`;
    line += line && pause <= longest ? `L${at}` : `M${at}h0`;
  });
  return line;
}
