// The means of fixed quarter-hours: what a maximum demand is billed by.
import { plain } from "../formats.js";
import { settings, show, text } from "../page.js";
import { cursorOptions, gestures } from "./gestures.js";
import { nearZero, Plot, siteTime } from "./plot.js";
import { axisUnit, bucket, covered, lasting, power, when } from "./quantities.js";
import { fileName, saveButtons } from "./save.js";

const { uPlot } = window;
const FONT_PX = 12;
export const DEMAND_POINTS = 800; // a month by hours

class DemandChart extends Plot {
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
    const { ctx, bbox } = plot;
    const scale = devicePixelRatio;
    const { maximum, running } = this;
    if (running?.forecast_w != null) {
      const [from, to] = [running.start, running.end].map((at) => plot.valToPos(Date.parse(at), "x", true));
      const y = plot.valToPos(running.forecast_w, "y", true);
      this.line(ctx, Math.max(bbox.left, Math.min(from, to - 10 * scale)), Math.min(to, bbox.left + bbox.width), y);
    }
    if (!maximum) return;
    const x = plot.valToPos((Date.parse(maximum.start) + Date.parse(maximum.end)) / 2, "x", true);
    const y = plot.valToPos(maximum.demand_w, "y", true);
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.beginPath();
    ctx.arc(x, y, 4 * scale, 0, 2 * Math.PI);
    ctx.fillStyle = this.palette.surface;
    ctx.strokeStyle = this.palette.line;
    ctx.lineWidth = 2 * scale;
    ctx.fill();
    ctx.stroke();
    ctx.font = `600 ${FONT_PX * scale}px "Plex", system-ui, sans-serif`;
    ctx.fillStyle = getComputedStyle(this.element).color;
    ctx.textBaseline = "alphabetic";
    const words = power(maximum.demand_w);
    const room = ctx.measureText(words).width + 8 * scale;
    ctx.textAlign = x + room > bbox.left + bbox.width ? "right" : "left";
    ctx.fillText(words, x + (ctx.textAlign === "left" ? 7 : -7) * scale, y - 6 * scale);
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

export class Demand {
  constructor(section, group) {
    Object.assign(this, { section, group });
    this.readout = section.querySelector(".plot__readout");
    this.summary = section.querySelector(".plot__summary");
    this.running = section.querySelector("[data-say=running]");
    saveButtons(section, {
      name: () => fileName(settings.panel, "demand", this.view.range),
      title: () => `${document.querySelector("h1").textContent} · ${this.view.range.title}`,
      columns: () => ["start", "end", "demand_w"],
      rows: () => this.answer.blocks.map(({ start, end, demand_w }) => [start, end, demand_w]),
      plots: () => [{ plot: this.chart.plot, label: document.getElementById("demand-title").textContent }],
    });
  }

  async load(view, answers) {
    const answer = await answers.get("demand", { points: DEMAND_POINTS });
    Object.assign(this, { view, answer });
    this.chart ??= new DemandChart(this.section.querySelector(".plot__canvas"), this.group, (index) =>
      show(this.readout, index === undefined || !this.answer.blocks[index] ? "" : this.read(this.answer.blocks[index])),
    );
    this.chart.draw(answer);
    show(this.section.querySelector(".plot__unit"), this.chart.shownUnit);
    show(this.summary, this.sentence());
    this.tellRunning();
  }

  read({ start, end, demand_w, at }) {
    const place = at && demand_w !== null ? at : start;
    const length = at && demand_w !== null ? 900_000 : Date.parse(end) - Date.parse(start);
    const value = demand_w === null ? text("block_incomplete") : power(demand_w);
    return `${bucket(Date.parse(place), Date.parse(place) + length)}   ${value}`;
  }

  sentence() {
    const { maximum, load_factor, coverage } = this.answer;
    if (!maximum) return text("demand_empty");
    return text("demand_summary", { demand: power(maximum.demand_w), at: when(maximum.start), factor: plain(load_factor, 2), covered: covered(coverage) });
  }

  tellRunning() {
    const { running } = this.answer;
    this.running.hidden = !running || running.mean_w === null;
    if (this.running.hidden) return;
    show(this.running, text("demand_running", { mean: power(running.mean_w), elapsed: lasting(running.elapsed_s), forecast: power(running.forecast_w) }));
  }

  repaint() {
    this.chart?.repaint();
  }
}
