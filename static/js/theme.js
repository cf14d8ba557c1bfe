// Loaded before anything is painted: takes over the chosen theme, and says that scripts run.
(() => {
  const root = document.documentElement;
  // The bar of an installed page: one colour for each theme of the system, unless one is chosen.
  const bars = [...document.querySelectorAll('meta[name="theme-color"]')];
  const [light, dark] = bars.map((bar) => bar.content);
  const colourBars = () => {
    const chosen = { light, dark }[root.dataset.theme];
    bars.forEach((bar, index) => (bar.content = chosen ?? [light, dark][index]));
  };
  root.classList.add("js");
  root.addEventListener("themechange", colourBars);
  try {
    const chosen = localStorage.getItem("pelbiot.theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch {
    // Storage may be forbidden: the system's theme it is.
  }
  colourBars();
})();
