// One metric's chart: the last points, crisp and quiet. uPlot is a plain script, hence the global.
import { clock, date, hourAndMinute, number, tick } from "./formats.js";
import { settings } from "./page.js";

const { uPlot } = window;
const FONT = '11px "Plex", system-ui, sans-serif';
const QUIET_SPAN = 0.02;
const GAP = 5;

// uPlot draws on a canvas, which knows no CSS variables: the element's own are read for it.
function colours(element) {
  const style = getComputedStyle(element);
  const read = (name) => style.getPropertyValue(name).trim();
  return { line: read("--chart-line"), fill: read("--chart-fill"), grid: read("--chart-grid"), text: read("--chart-text") };
}

// At least 2 % of the value from bottom to top, so that the noise of a steady value looks steady.
function range(_, low, high) {
  if (low === null) return [0, 1];
  const wanted = Math.max(high - low, QUIET_SPAN * Math.max(Math.abs(low), Math.abs(high)), 1e-3) * 1.15;
  const middle = (low + high) / 2;
  return [middle - wanted / 2, middle + wanted / 2];
}

// A label that would not fit between the chart's edges is left out rather than cut off.
function times(plot, splits, _, __, step) {
  const form = step >= 86_400_000 ? date : step >= 60_000 ? hourAndMinute : clock;
  const room = form === hourAndMinute ? 14 : 24;
  const width = plot.bbox.width / devicePixelRatio;
  return splits.map((at) => (plot.valToPos(at, "x") < width - room ? form(at) : null));
}

// Where readings stopped for much longer than usual, the line stops too: nothing was measured there.
function withGaps(points) {
  const times = points.map(([at]) => at);
  const steps = times.slice(1).map((at, i) => at - times[i]).sort((a, b) => a - b);
  const longest = GAP * (steps[steps.length >> 1] ?? 0);
  const columns = [[], []];
  points.forEach(([at, value], i) => {
    if (i && at - times[i - 1] > longest) {
      columns[0].push((at + times[i - 1]) / 2);
      columns[1].push(null);
    }
    columns[0].push(at);
    columns[1].push(value);
  });
  return columns;
}

export class Chart {
  // onRead(at, value) while a point is under the pointer, onRead() when none is.
  constructor(element, metric, onRead) {
    this.element = element;
    this.palette = colours(element);
    this.plot = new uPlot(this.options(metric, onRead), [[], []], element);
    this.observer = new ResizeObserver(() => this.plot.setSize(this.size()));
    this.observer.observe(element);
  }

  draw(points) {
    this.plot.setData(withGaps(points));
  }

  repaint() {
    this.palette = colours(this.element);
    this.plot.redraw(false, true);
  }

  size() {
    return { width: this.element.clientWidth, height: this.element.clientHeight };
  }

  options(metric, onRead) {
    const axis = { font: FONT, stroke: () => this.palette.text, ticks: { show: false } };
    const grid = { stroke: () => this.palette.grid, width: 1 };
    return {
      ...this.size(),
      ms: 1,
      padding: [8, 8, 0, 0],
      tzDate: (at) => uPlot.tzDate(new Date(at), settings.timeZone),
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: { size: 8, stroke: () => this.palette.line, fill: () => this.palette.line },
        sync: { key: "panel", scales: ["x", null] },
      },
      scales: { y: { range } },
      axes: [
        { ...axis, grid: { show: false }, size: 22, gap: 4, space: 72, values: times },
        { ...axis, grid, size: 58, gap: 8, space: 30, values: (_, at, __, ___, step) => at.map((value) => tick(value, step)) },
      ],
      series: [
        {},
        { stroke: () => this.palette.line, fill: () => this.palette.fill, width: 1.75, points: { size: 5, fill: () => this.palette.line } },
      ],
      hooks: {
        setCursor: [
          ({ cursor: { idx }, data: [at, values] }) =>
            idx != null && values[idx] != null ? onRead(at[idx], number(metric, values[idx])) : onRead(),
        ],
      },
    };
  }
}
