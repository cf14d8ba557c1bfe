// A metric over time: the mean as a line, from lowest to highest as a band, gaps as gaps.
import { drawLimits, drawSpans } from "../charts/marks.js";
import { units } from "../page.js";
import { cursorOptions, gestures } from "./gestures.js";
import { nearest, nearZero, Plot, siteTime, steady } from "./plot.js";
import { axisUnit } from "./quantities.js";

const { uPlot } = window;
const [MEAN, MIN, MAX, BEFORE] = [1, 2, 3, 4];
const FEW = 60;
const ROOM_PX = 9;

// The next value on one side; what a join left undefined is no gap.
function beside(values, index, step) {
  let at = index + step;
  while (values[at] === undefined && at >= 0 && at < values.length) at += step;
  return values[at];
}

// A reading without neighbours would be invisible as a line: it is drawn as a point. So are all,
// where they are few and far between.
function lonely(plot, series) {
  const values = plot.data[series];
  const [first, last] = plot.series[0].idxs;
  const there = [];
  for (let i = first; i <= last; i += 1) if (values[i] != null) there.push(i);
  const [left, right] = [there[0], there.at(-1)].map((i) => plot.valToPos(plot.data[0][i], "x"));
  if (there.length <= FEW && (right - left) / there.length > ROOM_PX) return there;
  return there.filter((i) => beside(values, i, -1) == null && beside(values, i, 1) == null);
}

// [middle of each bucket, mean, min, max], null where nothing was measured.
export function columnsOf(points, metric) {
  const at = points.map(({ start, end }) => (Date.parse(start) + Date.parse(end)) / 2);
  const of = (which) => points.map((point) => point[metric]?.[which] ?? null);
  return [at, of("mean"), of("min"), of("max")];
}

export class TrendChart extends Plot {
  // onRead(index of a point, value of the period before), onRead() while nothing is pointed at.
  constructor(element, metric, group, onRead, lines = []) {
    super(element, (self) => self.options(metric, group, onRead));
    Object.assign(this, { metric, group, lines, spans: [] });
    this.unit = units[metric];
    group.add(this.plot);
  }

  // `before` are the points of the period before, moved by `shift` ms onto this one.
  draw(points, before, shift) {
    const own = columnsOf(points, this.metric);
    this.places = new Map(own[0].map((at, index) => [at, index]));
    const largest = Math.max(0, ...own[MAX].concat(own[MEAN]).map((value) => Math.abs(value ?? 0)));
    const { unit, by } = axisUnit(this.unit, largest);
    Object.assign(this, { by, shownUnit: unit });
    this.show(before ? joined(own, columnsOf(before, this.metric), shift) : [...own, own[0].map(() => null)], this.group);
  }

  // The episodes outside the limits: [{start, end, severity}] in ms.
  mark(spans) {
    this.spans = spans;
    this.plot.redraw(false);
  }

  options(metric, group, onRead) {
    const quiet = { stroke: null, width: 0, points: { show: false } };
    const line = () => this.palette.line;
    return {
      tzDate: siteTime,
      plugins: [gestures(group)],
      cursor: {
        ...cursorOptions,
        points: { size: (_, series) => (series === MEAN ? 8 : 0), stroke: line, fill: line },
        dataIdx: (plot, series, index) => (series === MEAN || series === BEFORE ? nearest(plot.data[series], index) : index),
      },
      scales: { x: { range: () => [group.from, group.to] }, y: { range: metric === "voltage" ? steady : nearZero } },
      axes: [this.timeAxis(), this.valueAxis()],
      bands: [{ series: [MAX, MIN], fill: () => this.palette.fill }],
      series: [
        {},
        { stroke: line, width: 1.75, points: { show: true, size: 5, fill: line, filter: lonely } },
        quiet,
        quiet,
        { stroke: () => this.palette.before, width: 1.25, dash: [5, 4], points: { show: false } },
      ],
      hooks: {
        drawAxes: [(plot) => drawSpans(plot, this.spans ?? [], this.palette)],
        draw: [(plot) => drawLimits(plot, this.lines ?? [], this.palette)],
        setCursor: [
          ({ cursor: { idxs, left }, data }) => {
            if (left < 0 || idxs?.[MEAN] == null || !data[0].length) return onRead();
            return onRead(this.places.get(data[0][idxs[MEAN]]), data[BEFORE][idxs[BEFORE]]);
          },
        ],
      },
    };
  }
}

function joined(own, before, shift) {
  return uPlot.join([own, [before[0].map((at) => at + shift), before[1]]]);
}
