// Mouse, wheel and fingers on a chart: a uPlot plugin that moves a TimeGroup.
const LEAST_DRAG_PX = 6;
const WHEEL = 0.0016;

// The wheel zooms only once the pointer has moved over a chart since the page last scrolled: who
// scrolls past a chart must not get stuck in it.
let armed = false;
addEventListener("scroll", () => (armed = false), { passive: true });

export function gestures(group) {
  return { hooks: { ready: [(plot) => listen(plot, group)], setSelect: [(plot) => select(plot, group)] } };
}

// For uPlot's own options: it draws the selection; Shift leaves the drag to us.
export const cursorOptions = {
  y: false,
  drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX },
  bind: {
    mousedown: (_, __, handler) => (event) => (event.button === 0 && !event.shiftKey ? handler(event) : null),
    dblclick: () => () => null,
  },
  sync: { key: "history", scales: ["x", null], filters: { pub: (type) => type !== "mousedown" && type !== "mouseup" } },
};

function select(plot, group) {
  const { left, width } = plot.select;
  if (width < LEAST_DRAG_PX) return;
  const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  group.choose(from, to);
}

function listen(plot, group) {
  const { over } = plot;
  const pointers = new Map(); // id -> {x, pinned}: the moment that was under it stays under it
  const place = (event) => event.clientX - over.getBoundingClientRect().left;

  const pin = () => {
    for (const pointer of pointers.values()) pointer.pinned = plot.posToVal(pointer.x, "x");
  };
  const follow = () => {
    const [one, two] = pointers.values();
    const width = over.clientWidth;
    let scale = (group.to - group.from) / width;
    if (two && Math.abs(two.x - one.x) > 1) scale = Math.abs((two.pinned - one.pinned) / (two.x - one.x));
    const from = one.pinned - one.x * scale;
    group.move(from, from + width * scale);
  };

  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && !(event.shiftKey && event.button === 0)) return;
    pointers.set(event.pointerId, { x: place(event), began: event.clientX });
    over.setPointerCapture(event.pointerId);
    pin();
  });
  over.addEventListener("pointermove", (event) => {
    const pointer = pointers.get(event.pointerId);
    if (!pointer) return;
    if (pointers.size === 1 && !pointer.dragging && Math.abs(event.clientX - pointer.began) < LEAST_DRAG_PX) return;
    pointer.dragging = true;
    pointer.x = place(event);
    follow();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    over.addEventListener(end, (event) => pointers.delete(event.pointerId) && pin());
  }

  over.addEventListener("mousemove", () => (armed = true), { passive: true });
  over.addEventListener("dblclick", () => group.onBack());
  over.addEventListener(
    "wheel",
    (event) => {
      if (!armed && !event.ctrlKey) return;
      event.preventDefault();
      if (event.deltaX && Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        const by = ((group.to - group.from) * event.deltaX) / over.clientWidth;
        group.move(group.from + by, group.to + by);
      } else {
        const lines = event.deltaMode === 1 ? 30 : 1;
        group.zoom(Math.exp(Math.max(-240, Math.min(240, event.deltaY * lines)) * WHEEL), plot.posToVal(place(event), "x"));
      }
    },
    { passive: false },
  );
}
