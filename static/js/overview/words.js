// What a card says, in the words and figures of dashboard/overview/cards.py.
import { freshness, now } from "../clock.js";
import { brief, full, plain } from "../formats.js";
import { measured, energy, money as moneyOf, percent } from "../history/quantities.js";
import { labels, text } from "../page.js";

const WHOLE_SHARE = 0.95;
const CENTS_BELOW = 1000;
const QUANTITIES = { voltage: ["V", 2], ampere: ["A", 2], loading: ["%", 1] };
const BAR_ENDS_AT = 120;
// Written so often that looking the sentences up costs more than saying them.
const NOT_MEASURED = "–";

export const percentOfRating = (value) => (value == null ? NOT_MEASURED : `${plain(value, 0)}\u00a0%`);

// From a thousand on without cents.
export function money(amount, currency) {
  return moneyOf(amount, currency, amount !== null && Math.abs(amount) >= CENTS_BELOW ? 0 : 2);
}

function finding({ quantity, side, value, limit }) {
  const [unit, digits] = QUANTITIES[quantity];
  const rounded = Math.round(limit * 100) / 100;
  const decimals = Number.isInteger(rounded) ? 0 : Number.isInteger(Math.round(rounded * 1000) / 100) ? 1 : 2;
  return text(`${quantity}_${side}`, {
    value: `${plain(value, digits)}\u00a0${unit}`,
    limit: `${plain(rounded, decimals)}\u00a0${unit}`,
  });
}

// Of a panel that sends readings: what of it stopped all the same. The meter's own cost may come as
// rarely as it likes.
const WATCHED = ["voltage", "ampere", "power"];

export const silent = ({ metrics }) => WATCHED.filter((metric) => freshness(metrics[metric]?.at) === "stale");

function silences(reading) {
  return silent(reading).map((metric) => text("metric_silent", { metric: labels[metric], time: brief(reading.metrics[metric].at) }));
}

export function trouble({ state, findings, reading }) {
  const { at } = reading;
  if (!at) return text("never_read");
  if (state === "stale" || state === "offline") return text("silent_since", { time: brief(at) });
  const [worst = "", ...others] = [...findings.map(finding), ...silences(reading)];
  return others.length ? text("and_more", { trouble: worst, count: others.length }) : worst;
}

const partly = ({ energy: wh, share }) => wh !== null && share < WHOLE_SHARE;

export function hint(unit) {
  const { at } = unit.reading;
  const lines = [
    trouble(unit),
    at ? text("last_reading", { time: full(at) }) : "",
    partly(unit) ? text("today_covered", { percent: percent(unit.share) }) : "",
  ];
  return lines.filter(Boolean).join("\n");
}

// "4 s ago", "12 min ago": cut off, as ages are.
export function age(at) {
  if (!at) return NOT_MEASURED;
  const seconds = Math.max(0, Math.floor((now() - at) / 1000));
  if (seconds >= 172_800) return text("age_days", { count: plain(Math.floor(seconds / 86_400), 0) });
  if (seconds >= 7_200) return text("age_hours", { count: plain(Math.floor(seconds / 3_600), 0) });
  if (seconds >= 120) return text("age_minutes", { count: plain(Math.floor(seconds / 60), 0) });
  return text("age_seconds", { count: seconds });
}

export function loading({ limits, loading: value }) {
  return limits.rated_va === null ? text("no_rating") : percentOfRating(value);
}

export function loadState({ limits, loading: value }) {
  if (value === null) return "none";
  if (value > limits.loading_alarm) return "alarm";
  return value > limits.loading_warning ? "warning" : "normal";
}

export const barWidth = ({ loading: value }) => Math.min(value ?? 0, BAR_ENDS_AT).toFixed(1);

// The figures that change with each reading, and those of the day.
export function values({ reading: { metrics } }) {
  return ["power", "voltage", "ampere", "energy_cost"].map((metric) => [metric, measured(metric, metrics[metric]?.value)]);
}

export function ofToday(unit) {
  return [
    ["energy", energy(unit.energy)],
    ["energy_label", text(partly(unit) ? "energy_today_partly" : "energy_today")],
    ["cost", unit.currency === null ? NOT_MEASURED : money(unit.cost, unit.currency)],
  ];
}
