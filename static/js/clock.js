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

// Of a panel, whose newest reading is this old: also "offline", as meters/condition.py decides it.
export function ageState(at) {
  return at && now() - at > Number(settings.offlineAfterS) * 1000 ? "offline" : freshness(at);
}
