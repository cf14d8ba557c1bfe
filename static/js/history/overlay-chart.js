// Several panels on one time axis: six colours in two line styles, and a number at each line's end.
import { units } from "../page.js";
import { cursorOptions, gestures } from "./gestures.js";
import { nearest, nearZero, Plot, siteTime, steady } from "./plot.js";
import { axisUnit } from "./quantities.js";

const { uPlot } = window;
export const COLOURS = 6;
const MARK_PX = 16;

export class OverlayChart extends Plot {
  // `numbers` of the panels, in the order of their lines; onRead(moment, values by line).
  constructor(element, { metric, numbers, group, onRead }) {
    super(element, (self) => self.options(metric, numbers, group, onRead));
    Object.assign(this, { metric, numbers, group });
    group.add(this.plot);
  }

  // lines: of each panel [moments, means].
  draw(lines) {
    const columns = uPlot.join(lines);
    const largest = columns.slice(1).flat().reduce((most, value) => Math.max(most, Math.abs(value ?? 0)), 0);
    ({ unit: this.shownUnit, by: this.by } = axisUnit(units[this.metric], largest));
    this.show(columns, this.group);
  }

  remove() {
    this.observer.disconnect();
    this.group.plots.delete(this.plot);
    this.plot.destroy();
  }

  options(metric, numbers, group, onRead) {
    this.inks = inks(this.element);
    const ink = (number) => () => this.inks[(number - 1) % COLOURS];
    return {
      tzDate: siteTime,
      padding: [10, 30, 0, 0],
      plugins: [gestures(group)],
      cursor: {
        ...cursorOptions,
        points: { size: 7, stroke: (_, i) => ink(numbers[i - 1])(), fill: (_, i) => ink(numbers[i - 1])() },
        dataIdx: (plot, series, index) => (series ? nearest(plot.data[series], index) : index),
      },
      scales: { x: { range: () => [group.from, group.to] }, y: { range: metric === "voltage" ? steady : nearZero } },
      axes: [this.timeAxis(), this.valueAxis()],
      series: [{}, ...numbers.map((number) => ({
        stroke: ink(number),
        width: 1.75,
        dash: number > COLOURS ? [7, 4] : undefined,
        points: { show: false },
      }))],
      hooks: {
        draw: [(plot) => this.marks(plot)],
        setCursor: [
          ({ cursor: { idx, idxs, left }, data }) =>
            left < 0 || idx == null || !data[0].length
              ? onRead()
              : onRead(data[0][idx], numbers.map((_, i) => data[i + 1][idxs[i + 1]])),
        ],
      },
    };
  }

  // Each line's number beside its last value in view, moved apart where they would overlap.
  marks(plot) {
    const { ctx, bbox } = plot;
    const size = MARK_PX * devicePixelRatio;
    const last = plot.series[0].idxs[1];
    const placed = this.numbers?.flatMap((number, i) => {
      let at = last;
      while (at >= 0 && plot.data[i + 1][at] == null) at -= 1;
      return at < 0 ? [] : [{ number, y: plot.valToPos(plot.data[i + 1][at], "y", true) }];
    }) ?? [];
    placed.sort((one, other) => one.y - other.y);
    const most = bbox.top + bbox.height - size / 2;
    placed.forEach((mark, i) => (mark.y = Math.max(mark.y, i ? placed[i - 1].y + size : bbox.top + size / 2)));
    [...placed].reverse().forEach((mark, i, all) => (mark.y = Math.min(mark.y, i ? all[i - 1].y - size : most)));
    ctx.save();
    ctx.font = `600 ${11 * devicePixelRatio}px "Plex", system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (const { number, y } of placed) {
      const x = bbox.left + bbox.width + size;
      ctx.fillStyle = this.inks[(number - 1) % COLOURS];
      ctx.beginPath();
      ctx.arc(x, y, size / 2, 0, 2 * Math.PI);
      ctx.fill();
      ctx.fillStyle = this.palette.surface;
      ctx.fillText(String(number), x, y + devicePixelRatio / 2);
    }
    ctx.restore();
  }

  repaint() {
    this.inks = inks(this.element);
    super.repaint();
  }
}

function inks(element) {
  const style = getComputedStyle(element);
  return Array.from({ length: COLOURS }, (_, i) => style.getPropertyValue(`--series-${i + 1}`).trim());
}
