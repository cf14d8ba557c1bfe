// Tables made of text: a chart's numbers for those who can't, or don't want to, read a chart.
import { settings, text } from "../page.js";

// Above a column of moments, which all are the site's.
export const timeHead = () => `${text("head_time")} (${settings.zoneLabel})`;

export function cell(tag, content, className) {
  const made = document.createElement(tag);
  made.textContent = content;
  if (className) made.className = className;
  if (tag === "th") made.scope = "row";
  return made;
}

// heads: [label, is a number]; rows: arrays of text, the first of which names the row.
export function table(heads, rows) {
  const made = document.createElement("table");
  made.className = "table";
  const line = made.createTHead().insertRow();
  for (const [label, numeric] of heads) {
    const head = cell("th", label, numeric ? "number" : "");
    head.scope = "col";
    line.append(head);
  }
  made.createTBody().append(...rows.map((row) => tableRow(row, heads)));
  return made;
}

function tableRow(row, heads) {
  const line = document.createElement("tr");
  row.forEach((content, i) => {
    const made = cell(i ? "td" : "th", content, heads[i][1] ? "number" : "");
    made.dataset.label = heads[i][0]; // narrow screens show it beside the figure
    line.append(made);
  });
  return line;
}

// A <details> whose table is made when somebody opens it.
export class TableOf {
  constructor(details, make) {
    Object.assign(this, { details, make });
    this.place = details.querySelector(".table-scroll");
    details.addEventListener("toggle", () => this.fill());
  }

  renew() {
    this.stale = true;
    this.fill();
  }

  fill() {
    if (!this.stale || !this.details.open) return;
    this.stale = false;
    this.place.replaceChildren(this.make());
  }
}
