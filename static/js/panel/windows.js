// Which stretch the live charts show: the last readings, five minutes, an hour. Kept in the address
// and, for the next visit, in this browser.
import { ask, Problem } from "../history/ask.js";
import { settings, show } from "../page.js";
import { LiveWindow } from "./live-window.js";

const KEY = "pelbiot.window";
const LAST = "last";

export class Windows {
  // onWindow(LiveWindow, or null for the last readings).
  constructor(onWindow) {
    this.onWindow = onWindow;
    this.links = [...document.querySelectorAll("#windows [data-window]")];
    this.said = document.getElementById("window-said");
    this.window = null;
    this.running = new AbortController();
    for (const link of this.links) {
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
        event.preventDefault();
        this.remember(link.dataset.window);
        this.choose(link.dataset.window);
      });
    }
  }

  start() {
    const asked = new URLSearchParams(location.search).get("window") ?? remembered();
    if (asked !== LAST && this.links.some(({ dataset }) => dataset.window === asked)) this.choose(asked);
  }

  remember(name) {
    const address = new URL(location.href);
    address.searchParams.set("window", name);
    history.replaceState(null, "", address);
    try {
      localStorage.setItem(KEY, name);
    } catch {
      // Kept in the address only.
    }
  }

  // What is drawn stays until the readings of the other window are there.
  async choose(name) {
    for (const link of this.links) {
      if (link.dataset.window === name) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    this.running.abort();
    this.name = name;
    if (name === LAST) this.take(null);
    else await this.fetch(name);
  }

  async fetch(name) {
    const { signal } = (this.running = new AbortController());
    try {
      const answer = await ask(settings.window, { window: name }, signal);
      if (this.window?.name === name) {
        this.window.renew(answer);
        this.take(this.window);
      } else this.take(new LiveWindow(answer));
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof Problem)) throw error;
      show(this.said, error.message);
    }
  }

  take(window) {
    this.window = window;
    show(this.said, "");
    this.onWindow(window);
  }

  add(metric, at, value) {
    this.window?.add(metric, at, value);
  }

  // After a gap in the connection.
  renew() {
    if (this.name && this.name !== LAST) this.fetch(this.name);
  }
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
