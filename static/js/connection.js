// The two connections a value comes through: websocket to this page, MQTT to the ingest.
import { mark, show, text } from "./page.js";

export class Connection {
  constructor() {
    this.socketBadge = document.getElementById("socket-state");
    this.mqttBadge = document.getElementById("mqtt-state");
    this.socket = this.socketBadge.dataset.state;
    this.mqtt = this.mqttBadge.dataset.state;
    this.reason = "";
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
  snapshot({ connected }) {
    this.setMqtt(connected === null ? "absent" : connected ? "connected" : "disconnected");
  }

  event({ event, connected, message }) {
    if (event === "mqtt-connected") this.setMqtt("connected");
    if (event === "mqtt-disconnected") this.setMqtt(connected === null ? "absent" : "disconnected");
    if (event === "mqtt-error") this.setMqtt("error", message);
  }
}
