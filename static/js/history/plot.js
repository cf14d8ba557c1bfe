// What all charts of history have in common: colours, axes, size. uPlot is a plain script.
import { readByKeys } from "../charts/keys.js";
import { clock, dayAndMonth, hourAndMinute, month, tick, year } from "../formats.js";
import { settings } from "../page.js";

const { uPlot } = window;
const FONT = '11px "Plex", system-ui, sans-serif';
const DAY_MS = 86_400_000;
const QUIET_SPAN = 0.02;

// uPlot draws on a canvas, which knows no CSS variables: the element's own are read for it.
export function colours(element) {
  const style = getComputedStyle(element);
  const read = (name) => style.getPropertyValue(`--chart-${name}`).trim();
  const names = ["line", "fill", "grid", "text", "before", "missing", "surface", "warn", "bad"];
  return Object.fromEntries(names.map((name) => [name, read(name)]));
}

export const nearZero = (_, low, high) => (low === null ? [0, 1] : [Math.min(0, low * 1.08), Math.max(high * 1.08, 0.001)]);

// At least 2 % of the value from bottom to top, so that the noise of a steady value looks steady.
export function steady(_, low, high) {
  if (low === null) return [0, 1];
  const wanted = Math.max(high - low, QUIET_SPAN * Math.max(Math.abs(low), Math.abs(high)), 1e-3) * 1.15;
  return [(low + high - wanted) / 2, (low + high + wanted) / 2];
}

// At midnight the day, at New Year the year; else what changes from tick to tick.
function moment(at, step) {
  if (step >= 20 * DAY_MS) return dayAndMonth(at).startsWith("1 ") && month(at) === month(1) ? year(at) : month(at);
  const midnight = clock(at).replace(/\D/g, "") === "000000";
  if (step >= DAY_MS || midnight) return dayAndMonth(at);
  return step >= 60_000 ? hourAndMinute(at) : clock(at);
}

// A label that would not fit between the chart's edges is left out rather than cut off.
function times(plot, splits, _, __, step) {
  const width = plot.bbox.width / devicePixelRatio;
  return splits.map((at) => (plot.valToPos(at, "x") < width - 14 ? moment(at, step) : null));
}

export class Plot {
  // A chart in `element`; the subclass has series(), draws with show(columns).
  constructor(element, options) {
    this.element = element;
    this.palette = colours(element);
    this.by = 1;
    const made = { ...this.size(), ms: 1, padding: [10, 10, 0, 0], legend: { show: false }, ...options(this) };
    this.plot = new uPlot(made, made.series.map(() => []), element);
    readByKeys(this.plot, element);
    this.observer = new ResizeObserver(() => this.element.clientWidth && this.plot.setSize(this.size()));
    this.observer.observe(element);
  }

  repaint() {
    this.palette = colours(this.element);
    this.plot.redraw(false, true);
  }

  size() {
    return { width: this.element.clientWidth || 320, height: this.element.clientHeight || 200 };
  }

  // On a time axis: the window stays what the group says, whatever the columns hold.
  show(columns, group) {
    this.plot.setData(columns, !group);
    if (group) this.plot.setScale("x", { min: group.from, max: group.to });
    else this.plot.redraw();
  }

  timeAxis() {
    return { ...this.axis(), grid: { show: false }, size: 24, gap: 5, space: 64, values: times };
  }

  valueAxis() {
    // An empty scale from 0 to 1 would say something: without values it has no numbers.
    const label = (plot, at, __, ___, step) => at.map((value) => (plot.data.slice(1).some(hasValue) ? tick(value / this.by, step / this.by) : ""));
    return { ...this.axis(), grid: { stroke: () => this.palette.grid, width: 1 }, size: 50, gap: 8, space: 32, values: label };
  }

  axis() {
    return { font: FONT, stroke: () => this.palette.text, ticks: { show: false } };
  }
}

const hasValue = (column) => column.some((value) => value != null);

export const siteTime = (at) => uPlot.tzDate(new Date(at), settings.timeZone);

// The nearest index with a reading or a gap; where two series were joined, others have neither.
export function nearest(values, index) {
  if (values[index] !== undefined) return index;
  for (let away = 1; away < values.length; away += 1) {
    if (values[index - away] !== undefined) return index - away;
    if (values[index + away] !== undefined) return index + away;
  }
  return index;
}
