// The site as a whole: the sentence, the sums, the states with their numbers, as
// dashboard/overview/summary.py writes them.
import { plain } from "../formats.js";
import { energy, percent, power } from "../history/quantities.js";
import { mark, show, text } from "../page.js";
import { troubled, worst } from "./fleet.js";
import { money, percentOfRating } from "./words.js";

const NOT_MEASURED = "–";
const LEAST_UNPRICED_WH = 0.5;

const count = (value) => plain(value, 0);

function of(some, panels) {
  if (!some) return text("of_no_panel");
  return text(some === panels ? "of_all_panels" : "of_panels", { count: count(some), panels: count(panels) });
}

function costNote(whole) {
  if (!whole.costOf) return text(whole.energyOf ? "no_tariffs" : "no_energy_yet");
  if (whole.unpricedWh >= LEAST_UNPRICED_WH) return text("without_price", { energy: energy(whole.unpricedWh) });
  return of(whole.costOf, whole.panels);
}

function figures(whole) {
  const costs = Object.entries(whole.costs).sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    power: [whole.powerOf ? power(whole.powerW) : NOT_MEASURED, of(whole.powerOf, whole.panels)],
    loading: [
      percentOfRating(whole.loading),
      whole.ratedOf
        ? text("of_rated", { rated: power(whole.ratedVa, "VA"), count: count(whole.ratedOf) })
        : text(whole.hasRatings ? "of_no_panel" : "no_ratings"),
    ],
    energy: [
      whole.energyOf ? energy(whole.energyWh) : NOT_MEASURED,
      whole.energyOf ? text("today_covered", { percent: percent(whole.share) }) : text("no_energy_yet"),
    ],
    cost: [costs.map(([currency, amount]) => money(amount, currency)).join(" + ") || NOT_MEASURED, costNote(whole)],
  };
}

export function showTotals(whole) {
  for (const [key, [value, note]] of Object.entries(figures(whole))) {
    const sum = document.querySelector(`[data-sum="${key}"]`);
    show(sum.querySelector(".stat__value"), value);
    show(sum.querySelector(".stat__note"), note);
  }
}

function sentence(states, panels) {
  const some = troubled(states);
  let key = "some_troubled";
  if (!some && states.normal === panels) key = panels > 1 ? "all_well" : "one_well";
  else if (!some) key = "none_troubled";
  else if (some === 1) key = panels > 1 ? "one_troubled" : "only_one_troubled";
  return text(key, { count: count(some), panels: count(panels) });
}

// The one thing to know: that nothing can arrive, else how many need a look.
export function showNotice({ socket, mqtt, reason }, states, panels) {
  const notice = document.getElementById("notice");
  const broken = socket === "lost" ? "lost" : mqtt === "connected" || mqtt === "unknown" ? "" : mqtt;
  mark(notice, broken || worst(states));
  show(notice.firstElementChild, broken ? text(`notice_${broken}`, { reason }) : sentence(states, panels));
}

export function showShown(some, panels) {
  const key = !some ? "shown_none" : some === panels ? "shown_all" : "shown_some";
  show(document.getElementById("shown"), text(key, { count: count(some), panels: count(panels) }));
}
