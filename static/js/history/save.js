// Charts as PNG, and what they show as CSV. A CSV of ours holds numbers and ISO times only (in UTC):
// nothing in it ever needs a quote, and no spreadsheet takes anything for a formula.
const FONT = '600 15px "Plex", system-ui, sans-serif';
const SMALL = '13px "Plex", system-ui, sans-serif';

// One of a section's two buttons was pressed.
export function saveButtons(section, { name, title, columns, rows, plots }) {
  section.querySelector('[data-save="csv"]')?.addEventListener("click", () => {
    keep(new Blob([csv(columns(), rows())], { type: "text/csv" }), `${name()}.csv`);
  });
  section.querySelector('[data-save="png"]')?.addEventListener("click", async () => {
    keep(await picture(section, title(), plots()), `${name()}.png`);
  });
}

export function csv(columns, rows) {
  return [columns, ...rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const NAME = /^[a-z][a-z0-9_]*$/;

// A number, a time, or one of our own column names; what is not known stays empty.
function field(value) {
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && (ISO.test(value) || NAME.test(value)) ? value : "";
}

// The charts of a section below each other, each under its title, on the sheet they are drawn for.
async function picture(section, title, plots) {
  const scale = devicePixelRatio;
  const style = getComputedStyle(section);
  const parts = plots.map(({ plot, label }) => ({ label, canvas: plot.ctx.canvas }));
  const width = Math.max(...parts.map(({ canvas }) => canvas.width)) + 32 * scale;
  const height = parts.reduce((sum, { canvas }) => sum + canvas.height + 30 * scale, 56 * scale);
  const sheet = Object.assign(document.createElement("canvas"), { width, height });
  const context = sheet.getContext("2d");
  context.fillStyle = getComputedStyle(plots[0].plot.root.parentElement).getPropertyValue("--chart-surface").trim();
  context.fillRect(0, 0, width, height);
  context.fillStyle = style.color;
  const write = (font, words, y) => {
    context.font = font.replace(/(\d+)px/, (_, size) => `${size * scale}px`);
    context.fillText(words, 16 * scale, y * scale);
  };
  write(FONT, title, 30);
  let top = 56;
  for (const { label, canvas } of parts) {
    write(SMALL, label, top + 4);
    context.drawImage(canvas, 16 * scale, (top + 12) * scale);
    top += canvas.height / scale + 30;
  }
  return new Promise((resolve) => sheet.toBlob(resolve, "image/png"));
}

function keep(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// "trafo1_energy_2007-02-08_2007-02-09": of ASCII letters, digits and the like, whatever the panel is called.
export function fileName(panel, what, { start, end }) {
  const safe = panel.replace(/[^\w.-]+/g, "_");
  return `${safe}_${what}_${start.slice(0, 10)}_${end.slice(0, 10)}`;
}
