// Asks the server for a part of the page again and again, while somebody can see it.
import { leaveForLogin } from "../page.js";
import { fragment, morph } from "./morph.js";

const LONGEST_WAIT_MS = 10_000;

export class Renewing {
  // onRenewed() after each answer, onFailed() when there was none.
  constructor(element, address, everyMs, { onRenewed, onFailed }) {
    Object.assign(this, { element, address, everyMs, onRenewed, onFailed });
    this.timer = undefined;
    this.stopped = false;
    addEventListener("visibilitychange", () => document.hidden || this.soon(0));
    this.soon(everyMs);
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  soon(afterMs) {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => this.renew(), afterMs);
  }

  async renew() {
    if (document.hidden) return; // the next sight of the page asks
    try {
      const { part, loggedOut } = await fragment(this.address, AbortSignal.timeout(LONGEST_WAIT_MS));
      if (loggedOut) return leaveForLogin();
      morph(this.element, part);
      this.onRenewed();
    } catch {
      this.onFailed();
    }
    this.soon(this.everyMs);
    return undefined;
  }
}
