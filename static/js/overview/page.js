// The overview, kept up to date by the live connection.
import { Connection } from "../connection.js";
import { leaveForLogin, leaveIfLoggedOut, settings } from "../page.js";
import { LiveSocket } from "../socket.js";

const connection = new Connection();

new LiveSocket(settings.socket, {
  onEvents: (events) => {
    for (const event of events) {
      if (event.event === "snapshot") connection.snapshot(event.mqtt);
      else connection.event(event);
    }
  },
  onState: (state) => connection.setSocket(state),
  onEnded: leaveForLogin,
  onRefused: leaveIfLoggedOut,
}).connect();
