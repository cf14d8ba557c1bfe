// Demand as steps, with its maximum marked and the running block's forecast.
import { cursorOptions, gestures } from "./gestures.js";
import { nearZero, Plot, siteTime } from "./plot.js";
import { axisUnit, power } from "./quantities.js";

const { uPlot } = window;
const FONT_PX = 12;

export class DemandChart extends Plot {
  constructor(element, group, onRead) {
    super(element, (self) => self.options(group, onRead));
    this.group = group;
    group.add(this.plot);
  }

  draw({ blocks, maximum, running }) {
    Object.assign(this, { maximum, running });
    ({ unit: this.shownUnit, by: this.by } = axisUnit("W", Math.max(0, ...blocks.map(({ demand_w }) => demand_w))));
    this.show(this.steps(blocks), this.group);
  }

  // A step is drawn from its start to the next one's: before a gap it needs an end of its own.
  steps(blocks) {
    const points = blocks.flatMap(({ start, end, demand_w }, i) => {
      const step = [[Date.parse(start), demand_w, i]];
      const last = demand_w !== null && (blocks[i + 1]?.demand_w ?? null) === null;
      return last ? [...step, [Date.parse(end) - 1, demand_w, i]] : step;
    });
    this.places = points.map(([, , place]) => place);
    return [0, 1].map((column) => points.map((point) => point[column]));
  }

  options(group, onRead) {
    const line = () => this.palette.line;
    return {
      tzDate: siteTime,
      plugins: [gestures(group)],
      cursor: { ...cursorOptions, points: { size: 8, stroke: line, fill: line } },
      scales: { x: { range: () => [group.from, group.to] }, y: { range: (...of) => this.heights(...of) } },
      axes: [this.timeAxis(), this.valueAxis()],
      series: [{}, { stroke: line, fill: () => this.palette.fill, width: 1.5, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } }],
      hooks: {
        draw: [(plot) => this.marks(plot)],
        setCursor: [({ cursor: { idx, left } }) => onRead(left < 0 || idx == null ? undefined : this.places[idx])],
      },
    };
  }

  // Room above for the words at the maximum.
  heights(plot, low, high) {
    const top = Math.max(high ?? 0, this.running?.forecast_w ?? 0);
    return nearZero(plot, low === null ? null : low, top * 1.12);
  }

  marks(plot) {
    plot.ctx.save();
    if (this.running?.forecast_w != null) this.forecast(plot);
    if (this.maximum) this.highest(plot);
    plot.ctx.restore();
  }

  // Where the running block is heading for: dashed, because it is not there yet.
  forecast(plot) {
    const { start, end, forecast_w } = this.running;
    const [from, to] = [start, end].map((at) => plot.valToPos(Date.parse(at), "x", true));
    const left = Math.max(plot.bbox.left, Math.min(from, to - 10 * devicePixelRatio));
    this.line(plot.ctx, left, Math.min(to, plot.bbox.left + plot.bbox.width), plot.valToPos(forecast_w, "y", true));
  }

  highest({ ctx, bbox, valToPos }) {
    const scale = devicePixelRatio;
    const { start, end, demand_w } = this.maximum;
    const x = valToPos((Date.parse(start) + Date.parse(end)) / 2, "x", true);
    const y = valToPos(demand_w, "y", true);
    const right = bbox.left + bbox.width;
    if (x < bbox.left || x > right) return;
    ctx.beginPath();
    ctx.arc(x, y, 4 * scale, 0, 2 * Math.PI);
    Object.assign(ctx, { fillStyle: this.palette.surface, strokeStyle: this.palette.line, lineWidth: 2 * scale });
    ctx.fill();
    ctx.stroke();
    ctx.font = `600 ${FONT_PX * scale}px "Plex", system-ui, sans-serif`;
    ctx.fillStyle = getComputedStyle(this.element).color;
    const words = power(demand_w);
    const fits = x + ctx.measureText(words).width + 8 * scale < right;
    Object.assign(ctx, { textBaseline: "alphabetic", textAlign: fits ? "left" : "right" });
    ctx.fillText(words, x + (fits ? 7 : -7) * scale, y - 6 * scale);
  }

  line(ctx, from, to, y) {
    ctx.strokeStyle = this.palette.line;
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(from, y);
    ctx.lineTo(to, y);
    ctx.stroke();
    ctx.setLineDash([]);
  }
}
