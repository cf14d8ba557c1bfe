// The selected panel: its four tiles, its charts, and the one sentence about their state.
import { Chart } from "./chart.js";
import { freshness } from "./clock.js";
import { clock, full, near, number } from "./formats.js";
import { mark, show, text } from "./page.js";

class Tile {
  constructor(element) {
    this.element = element;
    this.metric = element.dataset.metric;
    this.number = element.querySelector(".tile__number");
    this.time = element.querySelector(".tile__time");
    this.caption = element.querySelector(".tile__span");
    this.readout = element.querySelector(".tile__readout");
    this.chart = new Chart(element.querySelector(".chart"), this.metric, (at, value) =>
      show(this.readout, at ? `${clock(at)}  ${value}` : ""),
    );
  }

  draw(points) {
    this.chart.draw(points);
    if (!points.length) return;
    const values = points.map(([, value]) => value);
    const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => number(this.metric, value));
    show(this.caption, text("span", { low, high }));
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
}

export class Detail {
  constructor(readings, connection) {
    Object.assign(this, { readings, connection });
    this.main = document.getElementById("main");
    this.last = document.getElementById("last-reading");
    this.notice = document.getElementById("notice");
    this.tiles = [...document.querySelectorAll(".tile")].map((element) => new Tile(element));
  }

  get panel() {
    return this.readings.panels.get(this.readings.selected);
  }

  update() {
    for (const tile of this.tiles) {
      tile.update(this.panel?.metrics[tile.metric]);
      tile.draw(this.readings.points[tile.metric] ?? []);
    }
    this.age();
  }

  // What changes with time alone.
  age() {
    const at = this.panel?.at;
    for (const tile of this.tiles) tile.age(this.panel?.metrics[tile.metric]);
    mark(this.main, freshness(at));
    if (at) {
      show(this.last, full(at));
      this.last.dateTime = new Date(at).toISOString();
    }
    const [state, sentence] = this.worst(at);
    mark(this.notice, state);
    show(this.notice.firstElementChild, sentence);
  }

  worst(at) {
    const { socket, mqtt, reason } = this.connection;
    if (socket === "lost") return ["lost", text("notice_lost")];
    if (mqtt !== "connected" && mqtt !== "unknown") {
      return [mqtt, text(`notice_${mqtt}`, { reason })];
    }
    const state = freshness(at);
    return [state, text(`notice_${state}`, { time: at ? near(at) : "" })];
  }

  repaint() {
    for (const tile of this.tiles) tile.chart.repaint();
  }
}
