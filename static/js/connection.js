// The two connections a value comes through: websocket to this page, MQTT to the ingest. And what
// proves that they work: how many messages arrive, and when the last one did.
import { clock, date, full, plain } from "./formats.js";
import { now } from "./clock.js";
import { mark, show, text } from "./page.js";

export class Connection {
  constructor() {
    this.socketBadge = document.getElementById("socket-state");
    this.mqttBadge = document.getElementById("mqtt-state");
    this.socket = this.socketBadge.dataset.state;
    this.mqtt = this.mqttBadge.dataset.state;
    this.reason = "";
    this.rate = document.getElementById("message-rate");
    this.update = document.getElementById("last-update");
    this.heardAt = Date.parse(this.update?.dateTime) || 0;
    this.toldAt = this.heardAt;
  }

  // Something came in at this moment (ms); `tell` writes the newest to the second, once a paint.
  heard(at) {
    const second = at - (at % 1000);
    if (second > this.heardAt) this.heardAt = second;
  }

  tell() {
    if (!this.update || this.heardAt === this.toldAt) return;
    this.toldAt = this.heardAt;
    this.update.dateTime = new Date(this.heardAt).toISOString();
    this.update.title = full(this.heardAt);
    show(this.update, date(this.heardAt) === date(now()) ? clock(this.heardAt) : date(this.heardAt));
  }

  status({ messageRate, lastMessageAt }) {
    show(this.rate, text("message_rate", { rate: plain(messageRate, 1) }));
    if (lastMessageAt) this.heard(Date.parse(lastMessageAt));
    this.tell();
  }

  setSocket(state) {
    this.socket = state;
    mark(this.socketBadge, state);
    show(this.socketBadge, text(`socket_${state}`));
    if (state === "lost") this.setMqtt("unknown"); // until the next snapshot tells
  }

  setMqtt(state, reason = "") {
    this.mqtt = state;
    this.reason = reason;
    mark(this.mqttBadge, state);
    show(this.mqttBadge, text(`mqtt_${state}`));
  }

  // `connected` of a snapshot: true, false, or null while no ingest process lives.
  snapshot(mqtt) {
    const { connected } = mqtt;
    this.setMqtt(connected === null ? "absent" : connected ? "connected" : "disconnected");
    this.status(mqtt);
  }

  event(event) {
    if (event.event === "mqtt-status") this.status(event);
    else this.changed(event);
  }

  changed({ event, connected, message }) {
    if (event === "mqtt-connected") this.setMqtt("connected");
    if (event === "mqtt-disconnected") this.setMqtt(connected === null ? "absent" : "disconnected");
    if (event === "mqtt-error") this.setMqtt("error", message);
  }
}
