// One metric of the panel: its current value, its age, its chart.
import { linesOf, spansOf } from "../charts/limits.js";
import { freshness } from "../clock.js";
import { clock, near, number } from "../formats.js";
import { labels, mark, settings, show, text } from "../page.js";
import { withUnit } from "../history/quantities.js";
import { LiveChart } from "./live-chart.js";

export class Tile {
  constructor(element, limits) {
    this.element = element;
    this.metric = element.dataset.metric;
    this.number = element.querySelector(".tile__number");
    this.time = element.querySelector(".tile__time");
    this.caption = element.querySelector(".tile__span");
    this.readout = element.querySelector(".tile__readout");
    this.limits = element.querySelector(".tile__limits");
    this.place = element.querySelector(".chart");
    this.chart = new LiveChart(this.place, this.metric, {
      lines: linesOf(this.metric, limits),
      onRead: (at, value) => show(this.readout, at ? `${clock(at)}  ${withUnit(this.metric, value)}` : ""),
    });
  }

  // `name` of what is shown: "last", "5m", "1h".
  draw(points, name, window) {
    this.chart.draw(points, window);
    const label = text(`chart_${name}`, { label: labels[this.metric], points: settings.chartPoints });
    if (this.place.ariaLabel !== label) this.place.ariaLabel = label;
    if (!points.length) return show(this.caption, window ? text("span_none") : "");
    let [low, high] = [Infinity, -Infinity];
    for (const [, value] of points) [low, high] = [Math.min(low, value), Math.max(high, value)];
    return show(this.caption, text("span", { low: number(this.metric, low), high: number(this.metric, high) }));
  }

  update(reading) {
    if (reading) show(this.number, number(this.metric, reading.value));
    this.age(reading);
  }

  age(reading) {
    const state = freshness(reading?.at);
    mark(this.element, state);
    mark(this.time, state);
    show(this.time, state === "live" ? near(reading.at) : text(`panel_${state}`, { time: reading && near(reading.at) }));
  }

  // What of it is beyond a limit just now: its severity, or undefined.
  judge(severity) {
    for (const element of [this.element, this.limits]) {
      if (severity) element.dataset.severity = severity;
      else delete element.dataset.severity;
    }
  }

  marks(episodes) {
    this.chart.mark(spansOf(this.metric, episodes));
  }
}
