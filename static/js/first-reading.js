// No panel yet: the page listens for the first reading, shows it, and goes on to the dashboard.
import { Live } from "./live.js";
import { settings, show } from "./page.js";
import { Renewing } from "./system/renewing.js";

const EVERY_MS = 3_000;
const SHOWN_FOR_MS = 2_500;

const place = document.getElementById("heard");
const announcement = document.getElementById("announcement");

// The server says in words what came in; the live connection only says that it is time to ask.
const heard = new Renewing(place, settings.heard, EVERY_MS, {
  onRenewed() {
    // Said aloud when it changes, and without the ages, which change all the time.
    const said = [...place.querySelectorAll("[data-say]")].map((element) => element.textContent.trim());
    show(announcement, said.join(" "));
    if (place.querySelector("[data-arrived]")) goOn();
  },
  onFailed() {},
});

function goOn() {
  heard.stop();
  // Who wants no motion presses the button.
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  setTimeout(() => location.assign(settings.next), SHOWN_FOR_MS);
}

new Live({
  onSnapshot: () => heard.soon(0),
  onReading: () => heard.soon(0),
}).start();
