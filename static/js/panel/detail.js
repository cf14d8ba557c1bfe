// The panel's live part: tiles with their charts, what is beyond its limits, the sentence about its state.
import { findingText, percentText, short } from "../charts/limits.js";
import { freshness, now } from "../clock.js";
import { findings, loadingPercent, stateOf } from "../condition.js";
import { full, near } from "../formats.js";
import { inPage, mark, show, text } from "../page.js";
import { Tile } from "./tile.js";

const BAR_ENDS_AT = 125;

export class Detail {
  constructor(readings, connection) {
    Object.assign(this, { readings, connection, limits: inPage("limits"), window: null, gone: false });
    this.main = document.getElementById("main");
    this.last = document.getElementById("last-reading");
    this.notice = document.getElementById("notice");
    this.state = document.getElementById("panel-state");
    this.findings = document.getElementById("findings");
    this.none = document.getElementById("findings-none");
    this.loading = document.getElementById("loading");
    this.tiles = [...document.querySelectorAll(".tile")].map((element) => new Tile(element, this.limits));
  }

  get panel() {
    return this.readings.panels.get(this.readings.selected);
  }

  get metrics() {
    return this.panel?.metrics ?? {};
  }

  update() {
    this.values();
    this.draw();
  }

  values() {
    for (const tile of this.tiles) tile.update(this.metrics[tile.metric]);
    this.age();
  }

  // The last readings, or the window that was chosen, as it stands at this moment.
  draw() {
    const { window } = this;
    const to = now();
    const span = window && { from: to - window.length, to, step: window.step };
    for (const tile of this.tiles) tile.draw(this.pointsOf(tile.metric, to), window?.name ?? "last", span);
  }

  pointsOf(metric, to = now()) {
    return this.window ? this.window.of(metric, to) : (this.readings.points[metric] ?? []);
  }

  // What changes with time alone.
  age() {
    const at = this.panel?.at;
    for (const tile of this.tiles) tile.age(this.metrics[tile.metric]);
    mark(this.main, freshness(at));
    if (at) {
      show(this.last, full(at));
      this.last.dateTime = new Date(at).toISOString();
    }
    const [state, sentence] = this.worst(at);
    mark(this.notice, state);
    show(this.notice.firstElementChild, sentence);
    this.judge(at);
  }

  worst(at) {
    const { socket, mqtt, reason } = this.connection;
    if (socket === "lost") return ["lost", text("notice_lost")];
    if (this.gone) return ["gone", text("notice_gone")];
    if (mqtt !== "connected" && mqtt !== "unknown") {
      return [mqtt, text(`notice_${mqtt}`, { reason })];
    }
    const state = freshness(at);
    return [state, text(`notice_${state}`, { time: at ? near(at) : "" })];
  }

  judge(at) {
    const found = findings(this.metrics, this.limits);
    const state = stateOf(at, found);
    mark(this.state, state);
    show(this.state, text(`state_${state}`));
    for (const tile of this.tiles) tile.judge(found.find(({ quantity }) => quantity === tile.metric)?.severity);
    found.forEach((finding, i) => {
      const item = this.findings.children[i] ?? this.findings.appendChild(document.createElement("li"));
      item.className = "finding";
      if (item.dataset.severity !== finding.severity) item.dataset.severity = finding.severity;
      show(item, findingText(finding));
    });
    while (this.findings.children.length > found.length) this.findings.lastElementChild.remove();
    this.none.hidden = found.length > 0;
    show(this.none, text(freshness(at) === "live" ? "findings_none" : "findings_unknown"));
    this.showLoading(found.find(({ quantity }) => quantity === "loading")?.severity);
  }

  showLoading(severity) {
    const { voltage, ampere } = this.metrics;
    const fresh = [voltage, ampere].every((reading) => freshness(reading?.at) === "live");
    const percent = fresh ? loadingPercent(voltage.value, ampere.value, this.limits) : null;
    const [bar, words] = this.loading.children;
    bar.toggleAttribute("hidden", percent === null);
    if (percent !== null) bar.querySelector(".loading__part").setAttribute("width", Math.min(percent, BAR_ENDS_AT).toFixed(2));
    if (severity) this.loading.dataset.severity = severity;
    else delete this.loading.dataset.severity;
    if (!this.limits.rated_va) show(words, text("loading_unrated"));
    else if (percent === null) show(words, text("loading_unknown"));
    else show(words, text("loading_now", { percent: percentText(percent), rated: short(this.limits.rated_va / 1000, "kVA") }));
  }

  marks(episodes) {
    for (const tile of this.tiles) tile.marks(episodes);
  }

  repaint() {
    for (const tile of this.tiles) tile.chart.repaint();
  }
}
