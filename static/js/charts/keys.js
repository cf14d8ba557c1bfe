// A chart that has the focus is read by keys as by a pointer: left and right from point to point, Home
// and End to the first and the last in view.
const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

export function readByKeys(plot, element) {
  element.tabIndex = 0;
  element.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const [first, last] = plot.series[0].idxs ?? [];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey || last == null || !plot.data[0].length) return;
    event.preventDefault();
    const from = plot.cursor.idx ?? (step < 0 ? last + 1 : first - 1);
    const to = Math.min(last, Math.max(first, from + step));
    point(plot, plot.valToPos(plot.data[0][to], "x"));
  });
  element.addEventListener("blur", () => point(plot, -10));
}

function point(plot, left) {
  plot.setCursor({ left, top: left < 0 ? -10 : plot.over.clientHeight / 2 }, true, true);
}
