// Energy as bars. The share of the time that is missing is hatched from the top, what the register told is a hatched bar.
import { hatch } from "../charts/marks.js";
import { cursorOptions, gestures } from "./gestures.js";
import { nearZero, Plot, siteTime } from "./plot.js";
import { axisUnit } from "./quantities.js";

const FULL = 0.999;
const WIDEST_PX = 128;
const LEAST_HATCH_PX = 6;
const HATCH_LINE_PX = 1.3;
const OVER_BAR_LINE_PX = 2.2;

// What is no longer kept was not missing.
export const isMissing = ({ quality, coverage }) => quality !== "pruned" && (quality === "empty" || coverage < FULL);
export const isRecovered = (bucket) => bucket.quality === "recovered" || bucket.recovered > 0;

export class EnergyChart extends Plot {
  constructor(element, group, onRead) {
    super(element, (self) => self.options(group, onRead));
    Object.assign(this, { group, buckets: [], before: [] });
    group.add(this.plot);
  }

  // `before`: the buckets of the period before, the first beside the first.
  draw(buckets, before) {
    Object.assign(this, { buckets, before: before ?? [] });
    const heights = buckets.map(({ energy_wh }) => energy_wh);
    const earlier = buckets.map((_, i) => this.before[i]?.energy_wh ?? null);
    const largest = Math.max(0, ...heights.concat(earlier).map((value) => Math.abs(value ?? 0)));
    ({ unit: this.shownUnit, by: this.by } = largest ? { unit: "kWh", by: 1000 } : axisUnit("Wh", 0));
    const middles = buckets.map(({ start, end }) => (Date.parse(start) + Date.parse(end)) / 2);
    this.show([middles, heights, earlier], this.group);
  }

  options(group, onRead) {
    const unseen = { paths: () => null, points: { show: false } };
    return {
      tzDate: siteTime,
      plugins: [gestures(group)],
      cursor: { ...cursorOptions, points: { show: false } },
      scales: { x: { range: () => [group.from, group.to] }, y: { range: nearZero } },
      axes: [this.timeAxis(), this.valueAxis()],
      series: [{}, unseen, unseen],
      hooks: {
        drawAxes: [(plot) => this.bars(plot)],
        setCursor: [({ cursor: { idx, left } }) => onRead(left < 0 || idx == null ? undefined : idx)],
      },
    };
  }

  bars(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    const hatches = {
      missing: hatch(ctx, this.palette.missing, false, HATCH_LINE_PX),
      missingOverBar: hatch(ctx, this.palette.surface, false, OVER_BAR_LINE_PX),
      recovered: hatch(ctx, this.palette.line, true, HATCH_LINE_PX),
    };
    this.buckets?.forEach((bucket, i) => this.bar(plot, bucket, i, hatches));
    ctx.restore();
  }

  bar(plot, bucket, index, hatches) {
    const { ctx } = plot;
    const [left, right] = [bucket.start, bucket.end].map((at) => plot.valToPos(Date.parse(at), "x", true));
    const gap = Math.min(0.24 * (right - left), 8 * devicePixelRatio);
    const width = Math.max(1, Math.min(right - left - gap, WIDEST_PX * devicePixelRatio));
    const x = Math.round((left + right - width) / 2);
    const floor = plot.valToPos(0, "y", true);
    const top = plot.valToPos(bucket.energy_wh ?? 0, "y", true);
    if (bucket.energy_wh !== null) this.column(ctx, x, width, floor, top, isRecovered(bucket) && hatches.recovered);
    if (isMissing(bucket)) this.missing(plot, bucket, x, width, [Math.min(floor, top), Math.max(floor, top)], hatches);
    const before = this.before[index]?.energy_wh;
    if (before != null) this.outline(ctx, x, width, floor, plot.valToPos(before, "y", true));
  }

  column(ctx, x, width, floor, top, recovered) {
    const area = [x, Math.min(top, floor), width, Math.abs(floor - top)];
    ctx.fillStyle = recovered ? this.palette.surface : this.palette.line;
    ctx.fillRect(...area);
    if (!recovered) return;
    ctx.fillStyle = recovered;
    ctx.fillRect(...area);
    ctx.strokeStyle = this.palette.line;
    ctx.lineWidth = devicePixelRatio;
    ctx.strokeRect(...area);
  }

  // From the top down. A tall bar doesn't hide it: over a bar it goes on in the sheet's colour, over
  // a hatched one as it is.
  missing({ ctx, bbox }, bucket, x, width, [high, low], { missing, missingOverBar }) {
    const height = Math.max(LEAST_HATCH_PX * devicePixelRatio, (1 - bucket.coverage) * bbox.height);
    const end = bbox.top + height;
    const fill = (style, from, to) => {
      ctx.fillStyle = style;
      if (to > from) ctx.fillRect(x, from, width, to - from);
    };
    fill(missing, bbox.top, Math.min(end, high));
    fill(isRecovered(bucket) ? missing : missingOverBar, high, Math.min(end, low));
    fill(missing, Math.max(bbox.top, low), end);
  }

  outline(ctx, x, width, floor, top) {
    ctx.strokeStyle = this.palette.before;
    ctx.lineWidth = 1.25 * devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.strokeRect(x - devicePixelRatio, Math.min(top, floor), width + 2 * devicePixelRatio, Math.abs(floor - top));
    ctx.setLineDash([]);
  }
}
