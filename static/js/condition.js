// The condition of a panel now, decided as meters/condition.py decides it, from the same limits:
// {voltage_warning: [low, high], voltage_alarm: [low, high], ampere_alarm, rated_va, phases,
// loading_warning, loading_alarm}.
import { ageState, freshness } from "./clock.js";

export const WORST_FIRST = ["alarm", "warning", "offline", "stale", "none", "normal"];

// The apparent power in percent of the rating; null where one of the three is not known.
export function loadingPercent(voltage, ampere, { rated_va: rating, phases }) {
  if (voltage == null || ampere == null || !rating) return null;
  return (Math.abs(voltage * ampere) * (phases === 3 ? Math.sqrt(3) : 1) * 100) / rating;
}

function ofVoltage(voltage, limits) {
  for (const severity of ["alarm", "warning"]) {
    const [low, high] = limits[`voltage_${severity}`];
    if (voltage > high) return [{ quantity: "voltage", severity, side: "above", value: voltage, limit: high }];
    if (voltage < low) return [{ quantity: "voltage", severity, side: "below", value: voltage, limit: low }];
  }
  return [];
}

function ofLoad(voltage, ampere, limits) {
  const found = [];
  const above = (quantity, severity, value, limit) => found.push({ quantity, severity, side: "above", value, limit });
  if (ampere != null && limits.ampere_alarm != null && ampere > limits.ampere_alarm) {
    above("ampere", "alarm", ampere, limits.ampere_alarm);
  }
  const loading = loadingPercent(voltage, ampere, limits);
  if (loading != null && loading > limits.loading_alarm) above("loading", "alarm", loading, limits.loading_alarm);
  else if (loading != null && loading > limits.loading_warning) above("loading", "warning", loading, limits.loading_warning);
  return found;
}

// What is beyond its limits, the worst first; `metrics` is {metric: {value, at}}. Only values that
// are still true count.
export function findings(metrics, limits) {
  const fresh = (name) => (freshness(metrics[name]?.at) === "live" ? metrics[name].value : null);
  const [voltage, ampere] = [fresh("voltage"), fresh("ampere")];
  const found = [...(voltage == null ? [] : ofVoltage(voltage, limits)), ...ofLoad(voltage, ampere, limits)];
  return found.sort((one, other) => (one.severity !== "alarm") - (other.severity !== "alarm"));
}

// The one word for it: how old it is where it is old, else how bad it is. `at`: its newest reading.
export function stateOf(at, found) {
  const age = ageState(at);
  if (age !== "live") return age;
  return found[0]?.severity ?? "normal";
}
