// The live part of a page: its connection, told in the header, and what comes over it.
import { now } from "./clock.js";
import { Connection } from "./connection.js";
import { leaveForLogin, leaveIfLoggedOut, settings } from "./page.js";
import { LiveSocket } from "./socket.js";

const SLEPT_MS = 20_000;
const nothing = () => {};

export class Live {
  // onSnapshot({name: values}), onReading(event), onChange() after each frame and each change of the
  // connection, onState("live" | "lost").
  constructor({ path = settings.socket, onSnapshot = nothing, onReading = nothing, onChange = nothing, onState = nothing }) {
    Object.assign(this, { onSnapshot, onReading, onChange });
    this.connection = new Connection();
    this.socket = new LiveSocket(path, {
      onEvents: (events) => this.take(events),
      onState: (state) => {
        this.connection.setSocket(state);
        onState(state);
        onChange();
      },
      onEnded: leaveForLogin,
      onRefused: leaveIfLoggedOut,
    });
  }

  take(events) {
    for (const event of events) {
      if (event.event === "snapshot") {
        this.connection.snapshot(event.mqtt);
        this.onSnapshot(event.panels);
      } else if (event.metric) {
        this.connection.heard(now());
        this.onReading(event);
      } else this.connection.event(event);
    }
    this.onChange();
  }

  // From now on only these panels; also after a reconnect.
  watch(panels) {
    this.socket.watch(panels);
  }

  // Connects, and works once a second from then on; a machine that slept gets a new connection.
  start(onSecond = nothing) {
    this.socket.connect();
    let ticked = now();
    setInterval(() => {
      const slept = now() - ticked > SLEPT_MS;
      ticked = now();
      if (slept && !document.hidden) this.socket.renew();
      onSecond();
    }, 1000);
  }
}
