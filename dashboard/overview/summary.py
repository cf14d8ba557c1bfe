"""What the overview says of the site as a whole. The page's scripts write the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboard import formatting, quantities
from dashboard import texts as common
from dashboard.facts import Fact
from dashboard.formatting import NOT_MEASURED
from dashboard.overview.asked import Asked
from dashboard.overview.cards import money, percent_of_rating
from dashboard.overview.texts import text
from dashboard.overview.totals import TROUBLED, Totals
from dashboard.presentation import StateView
from meters.condition import State

# Less than this would print as 0.000 kWh.
_LEAST_UNPRICED_WH = 0.5


@dataclass(frozen=True, slots=True)
class Chip:
    """A state to choose (empty: every state), with how many panels are in it."""

    state: str
    label: str
    count: str
    query: str
    chosen: bool
    empty: bool


def figures(whole: Totals) -> list[Fact]:
    """Power, loading, energy and cost of all panels together."""
    return [
        Fact(
            "power",
            _("Power now"),
            _unless(not whole.power_of, quantities.power(whole.power_w)),
            _of(whole.power_of, whole.panels),
        ),
        Fact("loading", _("Loading"), _site_loading(whole), _rating(whole)),
        Fact(
            "energy",
            _("Energy today"),
            _unless(not whole.energy_of, quantities.energy(whole.energy_wh)),
            _day_note(whole),
        ),
        Fact("cost", _("Cost today"), _site_cost(whole), _cost_note(whole)),
    ]


def _unless(unknown: bool, value: str) -> str:
    return NOT_MEASURED if unknown else value


def _of(count: int, panels: int) -> str:
    if not count:
        return text("of_no_panel")
    key = "of_all_panels" if count == panels else "of_panels"
    return text(key, count=formatting.number(count, 0), panels=formatting.number(panels, 0))


def _site_loading(whole: Totals) -> str:
    return NOT_MEASURED if whole.loading is None else percent_of_rating(whole.loading)


def _rating(whole: Totals) -> str:
    if not whole.rated_of:
        return text("of_no_panel" if whole.has_ratings else "no_ratings")
    rated = quantities.power(whole.rated_va, "VA")
    return text("of_rated", rated=rated, count=formatting.number(whole.rated_of, 0))


def _day_note(whole: Totals) -> str:
    if not whole.energy_of:
        return text("no_energy_yet")
    return text("today_covered", percent=quantities.percent(whole.known_share))


def _site_cost(whole: Totals) -> str:
    sums = [money(amount, currency) for currency, amount in sorted(whole.costs.items())]
    return " + ".join(sums) or NOT_MEASURED


def _cost_note(whole: Totals) -> str:
    if not whole.costs:
        return text("no_tariffs") if whole.energy_of else text("no_energy_yet")
    if whole.unpriced_wh >= _LEAST_UNPRICED_WH:
        return text("without_price", energy=quantities.energy(whole.unpriced_wh))
    return _of(whole.cost_of, whole.panels)


def notice(mqtt: StateView, counts: Mapping[State, int]) -> StateView:
    """The one thing to know about the site: that nothing can arrive, else how many need a look."""
    if mqtt.key != "connected":
        return StateView(mqtt.key, common.text(f"notice_{mqtt.key}"))
    worst = next((state for state in TROUBLED if counts[state]), "live")
    return StateView(worst, _sentence(counts))


def _sentence(counts: Mapping[State, int]) -> str:
    panels, troubled = sum(counts.values()), sum(counts[state] for state in TROUBLED)
    if not troubled:
        well = "all_well" if panels > 1 else "one_well"
        key = well if counts["normal"] == panels else "none_troubled"
    elif troubled == 1:
        key = "one_troubled" if panels > 1 else "only_one_troubled"
    else:
        key = "some_troubled"
    return text(key, count=formatting.number(troubled, 0), panels=formatting.number(panels, 0))


def chips(counts: Mapping[State, int], asked: Asked) -> list[Chip]:
    """All, then each state, the worst first. A chip that is chosen leads back to all."""
    whole = _chip("", sum(counts.values()), asked)
    return [whole, *(_chip(state, count, asked) for state, count in counts.items())]


def _chip(state: str, count: int, asked: Asked) -> Chip:
    return Chip(
        state=state,
        label=text(f"state_{state or 'all'}"),
        count=formatting.number(count, 0),
        query=asked.address(state=state),
        chosen=asked.state == state,
        empty=not count,
    )


def shown(count: int, panels: int) -> str:
    """How many panels the filter leaves."""
    key = "shown_none" if not count else "shown_all" if count == panels else "shown_some"
    return text(key, count=formatting.number(count, 0), panels=formatting.number(panels, 0))


def sort_label(sort: str) -> str:
    return text(f"sort_{sort}")
