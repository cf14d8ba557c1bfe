// Limits and episodes drawn into a chart: dashed lines with their words, and hatched stretches of
// time with a shape at their beginning (triangle: warning, diamond: alarm). Never by colour alone.
import { now } from "../clock.js";

const FONT_PX = 11;
const DASHES = { warning: [6, 4], alarm: [2, 3] };
const LEAST_SPAN_PX = 3;

const inkOf = (severity, palette) => (severity === "alarm" ? palette.bad : palette.warn);

// Slanting lines, to be repeated; `up` tells two hatches apart without their colours.
export function hatch(context, colour, up, linePx) {
  const size = Math.round(6 * devicePixelRatio);
  const tile = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = linePx * devicePixelRatio;
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 1, up ? size + 1 : -1);
    pen.lineTo(shift + size + 1, up ? -1 : size + 1);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}

// lines: [{value, side, severity, label}]. The scale stays that of the readings: of limits beyond it,
// the nearest on each side is told at the edge, as long as it is no further away than the chart is high.
export function drawLimits(plot, lines, palette) {
  const { min, max } = plot.scales.y;
  if (min == null || !lines.length) return;
  const { ctx } = plot;
  ctx.save();
  ctx.font = `500 ${FONT_PX * devicePixelRatio}px "Plex", system-ui, sans-serif`;
  for (const line of lines) {
    if (line.value >= min && line.value <= max) dashed(plot, line, palette);
  }
  const near = max - min;
  const above = lines.filter(({ value }) => value > max && value - max <= near).sort((a, b) => a.value - b.value);
  const below = lines.filter(({ value }) => value < min && min - value <= near).sort((a, b) => b.value - a.value);
  const top = plot.bbox.top;
  if (above.length) write(plot, `↑ ${above[0].label}`, top + 8 * devicePixelRatio, inkOf(above[0].severity, palette), palette);
  const bottom = top + plot.bbox.height;
  if (below.length) write(plot, `↓ ${below[0].label}`, bottom - 8 * devicePixelRatio, inkOf(below[0].severity, palette), palette);
  ctx.restore();
}

function dashed(plot, { value, side, severity, label }, palette) {
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(value, "y", true)) + 0.5;
  ctx.strokeStyle = inkOf(severity, palette);
  ctx.lineWidth = 1.25 * devicePixelRatio;
  ctx.setLineDash(DASHES[severity].map((length) => length * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
  const away = 9 * devicePixelRatio;
  const outside = side === "above" ? y - away : y + away;
  const fits = outside > bbox.top + away / 2 && outside < bbox.top + bbox.height - away / 2;
  write(plot, label, fits ? outside : 2 * y - outside, inkOf(severity, palette), palette);
}

// On a rim of the sheet's colour, so that a curve below doesn't make it hard to read.
function write({ ctx, bbox }, words, y, ink, palette) {
  const x = bbox.left + 4 * devicePixelRatio;
  Object.assign(ctx, { textBaseline: "middle", textAlign: "left", lineJoin: "round" });
  Object.assign(ctx, { strokeStyle: palette.surface, lineWidth: 3 * devicePixelRatio, fillStyle: ink });
  ctx.strokeText(words, x, y);
  ctx.fillText(words, x, y);
}

// spans: [{start, end, severity}] in ms; an end of null: it lasts until now. To be drawn below the curve.
export function drawSpans(plot, spans, palette) {
  const { ctx, bbox } = plot;
  const { min, max } = plot.scales.x;
  const seen = spans.filter(({ start, end }) => start < max && (end ?? now()) > min);
  if (!seen.length) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const span of seen) {
    const left = plot.valToPos(Math.max(span.start, min), "x", true);
    const right = plot.valToPos(Math.min(span.end ?? now(), max), "x", true);
    stretch(plot, left, Math.max(right - left, LEAST_SPAN_PX * devicePixelRatio), span.severity, palette);
  }
  ctx.restore();
}

function stretch({ ctx, bbox }, left, width, severity, palette) {
  const ink = inkOf(severity, palette);
  const bar = 4 * devicePixelRatio;
  ctx.globalAlpha = 0.25;
  ctx.fillStyle = hatch(ctx, ink, severity === "alarm", severity === "alarm" ? 1.6 : 1.2);
  ctx.fillRect(left, bbox.top, width, bbox.height);
  ctx.globalAlpha = 1;
  ctx.fillStyle = ink;
  ctx.fillRect(left, bbox.top, width, bar / 2);
  shape(ctx, left + width / 2, bbox.top + bar / 2, severity);
}

function shape(ctx, x, top, severity) {
  const size = 4 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, top);
  if (severity === "alarm") {
    ctx.lineTo(x + size * 1.2, top + 1.2 * size);
    ctx.lineTo(x, top + 2.4 * size);
    ctx.lineTo(x - size * 1.2, top + 1.2 * size);
  } else {
    ctx.lineTo(x + size * 1.15, top + 2 * size);
    ctx.lineTo(x - size * 1.15, top + 2 * size);
  }
  ctx.closePath();
  ctx.fill();
}
