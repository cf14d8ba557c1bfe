// Powers, energies, money, shares and spans of time as dashboard/quantities.py writes them.
import { dayAndMonth, hourAndMinute, clock, number, plain, toTheMinute } from "../formats.js";
import { text, units } from "../page.js";

const language = document.documentElement.lang || "en";
const THOUSANDS_FROM = 10_000;
const DAY_MS = 86_400_000;
const DAYS_FROM_S = 3 * 86_400;
const MONEY = new Set(["Rp", "IDR"]);
const CURRENCIES = { "id IDR": "Rp" };

// Between a number and its unit, so that they never part at a line's end.
const NBSP = "\u00a0";

const isMoney = (metric) => MONEY.has(units[metric]);
const known = (value) => value !== null && value !== undefined;

// Of `unit` W, VA or the like: "1,802.9 W", "12.35 kW".
export function power(value, unit = "W") {
  if (!known(value)) return "–";
  return Math.abs(value) < THOUSANDS_FROM ? `${plain(value, 1)}${NBSP}${unit}` : `${plain(value / 1000, 2)}${NBSP}k${unit}`;
}

// Always in thousands, as bills are.
export function energy(value, unit = "Wh") {
  if (!known(value)) return "–";
  const size = Math.abs(value / 1000);
  return `${plain(value / 1000, size < 1 ? 3 : size < THOUSANDS_FROM ? 2 : 1)}${NBSP}k${unit}`;
}

export function measured(metric, value) {
  if (metric === "power" || !known(value)) return power(value);
  return withUnit(metric, number(metric, value));
}

// Money stands behind its currency.
export function withUnit(metric, figure) {
  return isMoney(metric) ? `${units[metric]}${NBSP}${figure}` : `${figure}${NBSP}${units[metric]}`;
}

// "IDR 1,234.50": a minus stands before the currency.
export function money(amount, currency, digits = 2) {
  if (!known(amount)) return "–";
  const rounded = Number(amount);
  const figure = plain(Math.abs(rounded), digits);
  return `${rounded <= -0.5 * 10 ** -digits ? "-" : ""}${CURRENCIES[`${language} ${currency}`] ?? currency}${NBSP}${figure}`;
}

// Cut off and never rounded up: 99.97 % covered is not all of it.
export function percent(share) {
  if (!known(share)) return "–";
  const tenths = Math.floor(share * 1000) / 10;
  return `${plain(tenths, Number.isInteger(tenths) ? 0 : 1)}${NBSP}%`;
}

export const covered = (share) => (known(share) ? text("covered", { percent: percent(share) }) : "");

// Words for the energy that a cost leaves out: less than this would print as 0.000 kWh.
const LEAST_UNPRICED_WH = 0.5;

export function unpriced({ cost, unpriced_wh }) {
  return known(cost) && Math.abs(unpriced_wh) >= LEAST_UNPRICED_WH ? text("unpriced", { energy: energy(unpriced_wh) }) : "";
}

export const costNote = (of) => [covered(of.coverage), unpriced(of)].filter(Boolean).join(" · ");

export function lasting(seconds) {
  if (seconds >= DAYS_FROM_S) return text("days", { days: plain(seconds / 86_400, 1) });
  const all = Math.round(seconds / 60);
  const [hours, minutes] = [Math.floor(all / 60), all % 60];
  if (!hours) return text("minutes", { minutes: plain(minutes, 0) });
  if (!minutes) return text("hours", { hours: plain(hours, 0) });
  return text("hours_minutes", { hours: plain(hours, 0), minutes: plain(minutes, 0) });
}

// What the points of a chart are: "Single readings", "Means over 3 min".
export function stepText(seconds) {
  if (seconds === null) return text("single");
  if (seconds % 86_400 === 0) return text("means", { step: seconds === 86_400 ? text("day") : text("days", { days: plain(seconds / 86_400, 0) }) });
  return text("means", { step: seconds < 60 ? text("seconds", { seconds: plain(seconds, 0) }) : lasting(seconds) });
}

export const when = (written) => (written ? toTheMinute(Date.parse(written)) : "");

// "8 Feb 10:00 – 10:15", "8 Feb" for a whole day, "8 Feb 10:00:05" for a moment.
export function bucket(start, end) {
  if (start === end) return `${dayAndMonth(start)} ${clock(start)}`;
  const whole = end - start > 0.9 * DAY_MS;
  if (whole && end - start < 1.2 * DAY_MS) return dayAndMonth(start);
  if (whole) return `${dayAndMonth(start)} – ${dayAndMonth(end - 1)}`;
  return `${dayAndMonth(start)} ${hourAndMinute(start)} – ${hourAndMinute(end)}`;
}

// What to divide a chart's values by, so that its axis has short numbers, and the unit then.
export function axisUnit(unit, largest) {
  return Math.abs(largest) < THOUSANDS_FROM || unit === "V" || MONEY.has(unit)
    ? { unit, by: 1 }
    : { unit: `k${unit}`, by: 1000 };
}
