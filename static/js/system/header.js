// The connection states in the header, on pages that show no reading.
import { Connection } from "../connection.js";
import { leaveForLogin, leaveIfLoggedOut, settings } from "../page.js";
import { LiveSocket } from "../socket.js";

export function liveHeader(connection = new Connection()) {
  const socket = new LiveSocket(settings.socket, {
    onEvents: (events) => {
      for (const event of events) {
        if (event.event === "snapshot") connection.snapshot(event.mqtt);
        else connection.event(event);
      }
    },
    onState: (state) => connection.setSocket(state),
    onEnded: leaveForLogin,
    onRefused: leaveIfLoggedOut,
  });
  socket.watch([]);
  socket.connect();
}
