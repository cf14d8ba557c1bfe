// All panels, as the server last told them and as they are now.
import { freshness } from "../clock.js";
import { findings, loadingPercent, stateOf, WORST_FIRST } from "../condition.js";

const METRICS = ["voltage", "ampere", "power", "energy_cost"];
const TROUBLED = ["alarm", "warning", "offline", "stale"];

const fresh = (reading) => freshness(reading?.at) === "live";

export class Fleet {
  constructor(readings) {
    this.readings = readings;
    this.units = new Map(); // name -> unit, as people count
  }

  // The answer of the server about all panels (dashboard/overview/compact.py). Values move forward in
  // time only: what came in over the websocket since is newer.
  take({ columns, limits, panels, day_s: dayS }) {
    const before = this.units;
    this.units = new Map();
    for (const row of panels) {
      const told = Object.fromEntries(columns.map((column, i) => [column, row[i]]));
      const unit = before.get(told.name) ?? { name: told.name };
      this.units.set(told.name, unit);
      this.describe(unit, told, limits[told.limits], dayS);
      this.look(unit);
    }
    for (const name of before.keys()) if (!this.units.has(name)) this.readings.panels.delete(name);
  }

  describe(unit, told, limits, dayS) {
    for (const metric of METRICS) {
      if (told[`${metric}_at`]) this.readings.add(told.name, metric, told[metric], told[`${metric}_at`]);
    }
    if (!this.readings.panels.has(told.name)) this.readings.panels.set(told.name, { at: 0, metrics: {} });
    const reading = this.readings.panels.get(told.name);
    reading.at = Math.max(reading.at, told.at);
    const { location, energy_wh: energy, cost, unpriced_wh: unpriced, currency, drawn } = told;
    const title = told.title || told.name;
    Object.assign(unit, {
      reading, limits, title, location, energy, cost, unpriced, currency, drawn,
      place: location || (told.title ? told.name : ""),
      knownS: told.known_s,
      share: dayS ? told.known_s / dayS : 0,
      searched: `${told.name}\n${told.title}\n${location}`.toLowerCase(),
    });
  }

  // Works out what follows from its values and their ages; true where its state has changed.
  look(unit) {
    const { metrics, at } = unit.reading;
    const before = unit.state;
    unit.findings = findings(metrics, unit.limits);
    unit.state = stateOf(at, unit.findings);
    unit.loading = loadingPercent(metrics.voltage?.value, metrics.ampere?.value, unit.limits);
    return unit.state !== before;
  }

  lookAtAll() {
    let changed = false;
    for (const unit of this.units.values()) changed = this.look(unit) || changed;
    return changed;
  }

  // The site as a whole, as dashboard/overview/totals.py adds it up.
  totals() {
    const whole = { panels: this.units.size, powerW: 0, powerOf: 0, loadVa: 0, ratedVa: 0, ratedOf: 0, hasRatings: false, energyWh: 0, energyOf: 0, share: 0, costs: {}, costOf: 0, unpricedWh: 0 };
    for (const unit of this.units.values()) {
      this.addNow(whole, unit);
      this.addToday(whole, unit);
    }
    whole.share = whole.panels ? Math.min(1, whole.share / whole.panels) : 0;
    whole.loading = whole.ratedVa ? (whole.loadVa / whole.ratedVa) * 100 : null;
    return whole;
  }

  addNow(whole, { reading: { metrics }, limits, loading }) {
    if (fresh(metrics.power)) {
      whole.powerW += metrics.power.value;
      whole.powerOf += 1;
    }
    whole.hasRatings ||= limits.rated_va !== null;
    if (loading !== null && fresh(metrics.voltage) && fresh(metrics.ampere)) {
      whole.loadVa += (loading / 100) * limits.rated_va;
      whole.ratedVa += limits.rated_va;
      whole.ratedOf += 1;
    }
  }

  addToday(whole, { energy, share, cost, currency, unpriced }) {
    whole.share += share;
    if (energy === null) return;
    whole.energyWh += energy;
    whole.energyOf += 1;
    if (cost === null || currency === null) {
      whole.unpricedWh += energy;
      return;
    }
    whole.costs[currency] = (whole.costs[currency] ?? 0) + cost;
    whole.costOf += 1;
    whole.unpricedWh += unpriced;
  }
}

// {state: how many}, the worst first.
export function counts(units) {
  const found = Object.fromEntries(WORST_FIRST.map((state) => [state, 0]));
  for (const { state } of units) found[state] += 1;
  return found;
}

export const troubled = (of) => TROUBLED.reduce((sum, state) => sum + of[state], 0);
export const worst = (of) => TROUBLED.find((state) => of[state]) ?? "live";
