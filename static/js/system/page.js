// The system page: its figures renew themselves quietly.
import { Live } from "../live.js";
import { mark, settings, show, text } from "../page.js";
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

const live = new Live({});
live.watch([]); // no panel: the states in the header
live.start();
