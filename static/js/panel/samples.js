// The table of the newest readings: new ones on top, at most once a second, never more than twenty.
import { near } from "../formats.js";
import { cell } from "../history/table.js";
import { measured } from "../history/quantities.js";
import { fileName, saveButtons } from "../history/save.js";
import { settings } from "../page.js";

const MOST = 20;
const TOGETHER_MS = 250; // readings of different metrics so close together are one sample
export const COLUMNS = { voltage: "voltage_v", ampere: "ampere_a", power: "power_w", energy_cost: "energy_cost_rp" };
const METRICS = Object.keys(COLUMNS);

export class Samples {
  constructor(section, samples) {
    this.body = section.querySelector("tbody");
    this.rows = samples; // newest first: [ms, the value of each metric]
    saveButtons(section, {
      name: () => fileName(settings.panel, "newest", spanOf(this.rows)),
      columns: () => ["at", ...Object.values(COLUMNS)],
      rows: () => this.rows.map(([at, ...values]) => [new Date(at).toISOString(), ...values]),
    });
  }

  stored({ samples }) {
    const newest = samples[0]?.[0] ?? 0;
    this.rows = [...this.rows.filter(([at]) => at > newest), ...samples].slice(0, MOST);
    this.changed = true;
  }

  add(metric, at, value) {
    const column = METRICS.indexOf(metric) + 1;
    if (!column) return;
    const place = this.rows.find((row) => Math.abs(row[0] - at) <= TOGETHER_MS && (row[column] == null || row[0] === at));
    if (place) place[column] = value;
    else {
      const row = [at, ...METRICS.map(() => null)];
      row[column] = value;
      this.rows.push(row);
      this.rows.sort((one, other) => other[0] - one[0]);
      this.rows.length = Math.min(this.rows.length, MOST);
    }
    this.changed = true;
  }

  // Once a second. Who is just selecting something in it keeps it as it is.
  show() {
    const selection = getSelection();
    const busy = selection && !selection.isCollapsed && this.body.contains(selection.anchorNode);
    if (!this.changed || busy || !this.rows.length) return; // the server said already that there is none
    this.changed = false;
    this.body.replaceChildren(...this.rows.map((row) => line(row)));
  }
}

function line([at, ...values]) {
  const made = document.createElement("tr");
  made.append(cell("th", near(at)), ...values.map((value, i) => cell("td", measured(METRICS[i], value), "number")));
  return made;
}

// From the oldest to the newest of rows that begin with their moment, for a file's name.
export function spanOf(rows) {
  const times = rows.map(([at]) => at);
  const [start, end] = [Math.min(...times), Math.max(...times)].map((at) => new Date(Number.isFinite(at) ? at : 0).toISOString());
  return { start, end };
}
