// The server's time: a browser whose clock is wrong must not call live values stale.
import { settings } from "./page.js";

let offset = Number(settings.now ?? Date.now()) - Date.now();

export function now() {
  return Date.now() + offset;
}

export function setClock(serverTime) {
  offset = Date.parse(serverTime) - Date.now();
}

// "live", "stale" or "none", as dashboard/freshness.py decides it.
export function freshness(at) {
  if (!at) return "none";
  return now() - at > Number(settings.staleAfterS) * 1000 ? "stale" : "live";
}
