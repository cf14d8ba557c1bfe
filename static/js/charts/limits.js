// A panel's limits and episodes, as far as they concern the chart of one metric.
import { plain } from "../formats.js";
import { text } from "../page.js";
import { measured } from "../history/quantities.js";

const UNITS = { voltage: "V", ampere: "A", loading: "%" };

// "207 V", "241.5 V": with the decimals that a limit has, at most two.
export function short(value, unit) {
  const rounded = Math.round(value * 100) / 100;
  const decimals = [0, 1, 2].find((digits) => Math.abs(rounded - Number(rounded.toFixed(digits))) < 1e-9) ?? 2;
  return `${plain(rounded, decimals)}\u00a0${unit}`;
}

export const limitText = (name, value) => short(value, UNITS[name]);

// The lines of a chart. Loading is of the apparent power: it has no line in a chart of active power.
export function linesOf(metric, limits) {
  const found = [];
  const line = (severity, side, value) =>
    found.push({ severity, side, value, label: `${text(`severity_${severity}`)} ${limitText(metric, value)}` });
  if (metric === "voltage") {
    for (const severity of ["warning", "alarm"]) {
      const [low, high] = limits[`voltage_${severity}`];
      line(severity, "below", low);
      line(severity, "above", high);
    }
  }
  if (metric === "ampere" && limits.ampere_alarm != null) line("alarm", "above", limits.ampere_alarm);
  return found;
}

// Which episodes are marked in which chart: a loading's in those of current and power, whose product
// with the voltage it is.
const SHOWS = { voltage: ["voltage"], ampere: ["ampere", "loading"], power: ["loading"], energy_cost: [] };

export const spansOf = (metric, episodes) => episodes.filter(({ quantity }) => SHOWS[metric].includes(quantity));

// A voltage or a current with its unit; a loading in percent.
export function quantity(name, value) {
  return name === "loading" ? `${plain(value, 1)}\u00a0%` : measured(name, value);
}

export const findingText = ({ quantity: name, side, value, limit }) =>
  text(`finding_${name}_${side}`, { value: quantity(name, value), limit: limitText(name, limit) });

export const percentText = (percent) => `${plain(percent, 1)}\u00a0%`;
