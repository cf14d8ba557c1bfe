// The system page: its figures renew themselves quietly.
import { mark, settings, show, text } from "../page.js";
import { liveHeader } from "./header.js";
import { Renewing } from "./renewing.js";

const EVERY_MS = 5_000;

const figures = document.getElementById("figures");
const age = document.getElementById("figures-age");
const asOf = document.getElementById("figures-as-of");
const time = () => figures.querySelector("[data-as-of]").dataset.asOf;

new Renewing(figures, settings.figures, EVERY_MS, {
  onRenewed() {
    mark(age, "normal");
    show(asOf, text("figures_as_of", { time: time() }));
  },
  onFailed() {
    mark(age, "lost");
    show(asOf, text("figures_old", { time: time() }));
  },
});
liveHeader();
