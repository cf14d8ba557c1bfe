// Numbers and moments as dashboard/formatting.py writes them, by Intl.
import { now } from "./clock.js";
import { decimals, settings } from "./page.js";

const language = document.documentElement.lang || "en";
const timeZone = settings.timeZone;
const numbers = new Map();

function cached(key, options) {
  if (!numbers.has(key)) numbers.set(key, new Intl.NumberFormat(language, options));
  return numbers.get(key);
}

// A value of a metric, with the metric's decimals and without its unit.
export function number(metric, value) {
  if (value === null || value === undefined) return "–";
  const digits = decimals[metric];
  return cached(metric, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: "negative",
  }).format(value);
}

// A number of no metric.
export function plain(value, digits) {
  if (value === null || value === undefined) return "–";
  return cached(`plain ${digits}`, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: "negative",
  }).format(value);
}

// A number on an axis whose ticks are `step` apart: short (4.43M), and different from its neighbours.
export function tick(value, step) {
  const size = Math.abs(value);
  const power = Math.floor(Math.log10(step) + 1e-9);
  const last = step / 10 ** power === 2.5 ? power - 1 : power; // where the step's last digit stands
  if (size < 100_000) {
    const digits = Math.min(4, Math.max(0, -last));
    return cached(`tick ${digits}`, { maximumFractionDigits: digits }).format(value);
  }
  const digits = Math.max(1, Math.min(12, Math.floor(Math.log10(size)) - last + 1));
  return cached(`compact ${digits}`, { notation: "compact", maximumSignificantDigits: digits }).format(value);
}

const parts = new Intl.DateTimeFormat(language, { timeZone, day: "numeric", month: "short", year: "numeric" });
const clocks = new Intl.DateTimeFormat(language, {
  timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const minutes = new Intl.DateTimeFormat(language, { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export const clock = (at) => clocks.format(at);
export const hourAndMinute = (at) => minutes.format(at);

export function date(at) {
  const found = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${found.day} ${found.month} ${found.year}`;
}

// "8 Feb"; "8 Feb 2007 10:15"; "Feb"; for axes and read-outs.
const days = new Intl.DateTimeFormat(language, { timeZone, day: "numeric", month: "short" });
const months = new Intl.DateTimeFormat(language, { timeZone, month: "short" });
const years = new Intl.DateTimeFormat(language, { timeZone, year: "numeric" });

export function dayAndMonth(at) {
  const found = Object.fromEntries(days.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${found.day} ${found.month}`;
}

export const month = (at) => months.format(at);
export const year = (at) => years.format(at);
export const toTheMinute = (at) => `${date(at)} ${hourAndMinute(at)}`;

export const full = (at) => `${date(at)} ${clock(at)} ${settings.zoneLabel}`;
export const near = (at) => (date(at) === date(now()) ? clock(at) : `${date(at)} ${clock(at)}`);
export const brief = (at) => (date(at) === date(now()) ? clock(at) : date(at));
