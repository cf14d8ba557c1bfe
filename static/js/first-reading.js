// No panel yet: the page waits for the first one and then becomes the dashboard.
import { Connection } from "./connection.js";
import { leaveForLogin, leaveIfLoggedOut, settings } from "./page.js";
import { LiveSocket } from "./socket.js";

const connection = new Connection();
let leaving = false;

function showDashboard() {
  if (!leaving) location.reload();
  leaving = true;
}

new LiveSocket(settings.socket, {
  onEvents: (events) => {
    for (const event of events) {
      if (event.event === "snapshot") connection.snapshot(event.mqtt);
      else connection.event(event);
      if (event.metric || Object.keys(event.panels ?? {}).length) showDashboard();
    }
  },
  onState: (state) => connection.setSocket(state),
  onEnded: leaveForLogin,
  onRefused: leaveIfLoggedOut,
}).connect();
