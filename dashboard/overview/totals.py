"""The site as a whole: what all panels add up to, and of how many of them that is true."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from dashboard.overview.panels import Overseen, Site
from meters.condition import WORST_FIRST, State, age_state

TROUBLED: tuple[State, ...] = ("alarm", "warning", "offline", "stale")


@dataclass(slots=True)
class Totals:
    """Each sum with the number of panels it was made of. Only powers that are still true count.

    `known_share`: how much of the day so far the energy is known of, over all panels. `costs` by
    currency, for money of several currencies has no sum.
    """

    panels: int
    power_w: float = 0.0
    power_of: int = 0
    load_va: float = 0.0
    rated_va: float = 0.0
    rated_of: int = 0
    has_ratings: bool = False
    energy_wh: float = 0.0
    energy_of: int = 0
    known_share: float = 0.0
    costs: dict[str, Decimal] = field(default_factory=dict)
    cost_of: int = 0
    unpriced_wh: float = 0.0

    @property
    def loading(self) -> float | None:
        return self.load_va / self.rated_va * 100 if self.rated_va else None


def totals(site: Site) -> Totals:
    whole = Totals(len(site.panels))
    known_s = 0.0
    for each in site.panels:
        panel = each.panel
        if panel.power is not None and age_state(panel.power_at, site.now) == "live":
            whole.power_w += panel.power
            whole.power_of += 1
        _add_load(whole, each, site)
        _add_today(whole, each)
        known_s += each.today.known_s
    if whole.panels and site.day_s:
        whole.known_share = min(1.0, known_s / (site.day_s * whole.panels))
    return whole


def _add_load(whole: Totals, each: Overseen, site: Site) -> None:
    panel, rated_va = each.panel, each.limits.rated_va
    moments = (panel.voltage_at, panel.ampere_at)
    whole.has_ratings |= rated_va is not None
    if rated_va and all(age_state(at, site.now) == "live" for at in moments):
        whole.load_va += each.apparent_va or 0.0
        whole.rated_va += rated_va
        whole.rated_of += 1


def _add_today(whole: Totals, each: Overseen) -> None:
    today = each.today
    if today.energy_wh is None:
        return
    whole.energy_wh += today.energy_wh
    whole.energy_of += 1
    if today.cost is None or each.currency is None:
        whole.unpriced_wh += today.energy_wh
        return
    whole.costs[each.currency] = whole.costs.get(each.currency, Decimal(0)) + today.cost
    whole.cost_of += 1
    whole.unpriced_wh += today.unpriced_wh


def states(panels: Iterable[Overseen]) -> dict[State, int]:
    """How many panels there are of each state, the worst first."""
    found = Counter(each.state for each in panels)
    return {state: found[state] for state in WORST_FIRST}
