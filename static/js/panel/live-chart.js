// One metric's live chart: the last readings, or a window of time that moves on; with the limits and
// the episodes that concern it.
import { drawLimits, drawSpans } from "../charts/marks.js";
import { number } from "../formats.js";
import { Plot, siteTime, steady } from "../history/plot.js";

const GAP = 5; // pauses so many times as long as usual are gaps
const SHORTEST_MS = 1000;

// Where readings stopped for much longer than usual, the line stops too: nothing was measured there.
// Of a step only the extremes may be left: two steps apart is no pause.
function withGaps(points, step) {
  const times = points.map(([at]) => at);
  const steps = times.slice(1).map((at, i) => at - times[i]).sort((a, b) => a - b);
  const longest = Math.max(GAP * (steps[steps.length >> 1] ?? 0), 2.5 * step);
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

// A finger over the chart reads it as a mouse does; up and down it scrolls the page.
function touchReads({ over, setCursor }) {
  const read = (event) => {
    if (event.pointerType !== "touch") return;
    const { left, top } = over.getBoundingClientRect();
    setCursor({ left: event.clientX - left, top: event.clientY - top }, true, true);
  };
  over.addEventListener("pointerdown", read);
  over.addEventListener("pointermove", read);
}

export class LiveChart extends Plot {
  // onRead(at, value) while a point is under the pointer, onRead() when none is.
  constructor(element, metric, { lines, onRead }) {
    super(element, (self) => self.options(metric, onRead));
    Object.assign(this, { lines, spans: [] });
    touchReads(this.plot);
  }

  // `window`: {from, to, step} in ms, where the axis shows a stretch of time and not the readings.
  draw(points, window = null) {
    this.window = window;
    this.plot.setData(withGaps(points, window?.step ?? 0));
  }

  mark(spans) {
    this.spans = spans;
    this.plot.redraw(false);
  }

  times(low, high) {
    if (this.window) return [this.window.from, this.window.to];
    if (low === null) return [0, 1];
    return high - low < SHORTEST_MS ? [low - SHORTEST_MS, high + SHORTEST_MS] : [low, high];
  }

  options(metric, onRead) {
    const line = () => this.palette.line;
    const few = (plot) => !this.window || plot.data[0].length < plot.bbox.width / devicePixelRatio / 9;
    return {
      padding: [10, 10, 0, 0],
      tzDate: siteTime,
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: { size: 8, stroke: line, fill: line },
        sync: { key: "panel", scales: ["x", null] },
      },
      scales: { x: { range: (_, low, high) => this.times(low, high) }, y: { range: steady } },
      axes: [{ ...this.timeAxis(), space: 72 }, { ...this.valueAxis(), size: 58 }],
      series: [{}, { stroke: line, fill: () => this.palette.fill, width: 1.75, points: { show: few, size: 5, fill: line } }],
      hooks: {
        // Episodes are told by minutes: too coarse for the last readings, which may be of half a minute.
        drawAxes: [(plot) => this.window && drawSpans(plot, this.spans, this.palette)],
        draw: [(plot) => drawLimits(plot, this.lines ?? [], this.palette)],
        setCursor: [
          ({ cursor: { idx, left }, data: [at, values] }) =>
            left >= 0 && idx != null && values[idx] != null ? onRead(at[idx], number(metric, values[idx])) : onRead(),
        ],
      },
    };
  }
}
