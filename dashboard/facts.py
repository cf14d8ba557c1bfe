"""A period's figures ready to print: what a history page says before, and without, its scripts.

Built from what the API answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from dashboard import formatting, quantities
from dashboard.formatting import NBSP, NOT_MEASURED
from dashboard.history_texts import text
from dashboard.presentation import StateView
from meters.metrics import METRICS

Answer = Mapping[str, Any]
# Above this share a period counts as covered: its edges lie between two readings.
FULL = 0.999
# Less energy without a price is not told: it would print as 0.000 kWh.
_LEAST_UNPRICED_WH = 0.5
_HOUR = timedelta(hours=1)
# Power first: it is what the rest of the page is about.
METRIC_ORDER = ("power", "voltage", "ampere", "energy_cost")


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure, what it is called, and what must be known beside it."""

    key: str
    label: str
    value: str = NOT_MEASURED
    note: str = ""


@dataclass(frozen=True, slots=True)
class StatisticsRow:
    metric: str
    label: str
    mean: str
    low: str
    low_at: str
    high: str
    high_at: str
    coverage: str


@dataclass(frozen=True, slots=True)
class EnergyRow:
    start: str
    energy: str
    cost: str
    coverage: str
    quality: str


def moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


def cost(amount: Any, currency: str | None) -> str:
    """Money, or the words for the tariff that is missing."""
    if amount is None:
        return text("no_cost")
    return formatting.money(Decimal(str(amount)), currency or "")


def unpriced(of: Answer) -> str:
    """Words for the energy that a cost leaves out; none where it is that of all of it, or unknown."""
    wh = of["unpriced_wh"]
    if of["cost"] is None or abs(wh) < _LEAST_UNPRICED_WH:
        return ""
    return text("unpriced", energy=quantities.energy(wh))


def cost_note(of: Answer) -> str:
    """What must be known beside a cost: of how much time and of how much energy it is not."""
    return " · ".join(filter(None, (covered(of["coverage"]), unpriced(of))))


def covered(share: float | None) -> str:
    return "" if share is None else text("covered", percent=quantities.percent(share))


def period_facts(statistics: Answer, energy: Answer, demand: Answer) -> list[Fact]:
    """Energy, cost, maximum demand, load factor and coverage."""
    highest = demand["maximum"] or {}
    share = covered(energy["coverage"])
    return [
        Fact("energy", gettext("Energy"), quantities.energy(energy["energy_wh"]), share),
        Fact("cost", gettext("Cost"), cost(energy["cost"], energy["currency"]), cost_note(energy)),
        Fact(
            "demand",
            gettext("Highest demand"),
            quantities.power(highest.get("demand_w")),
            quantities.when(moment(highest.get("start"))),
        ),
        Fact(
            "factor",
            gettext("Load factor"),
            formatting.number(demand["load_factor"], 2),
            covered(demand["coverage"]),
        ),
        Fact(
            "coverage",
            gettext("Coverage"),
            quantities.percent(statistics["coverage"]),
            gettext("of the time"),
        ),
    ]


def statistics_rows(statistics: Answer) -> list[StatisticsRow]:
    return [_statistics_row(name, statistics["metrics"][name]) for name in METRIC_ORDER]


def _statistics_row(name: str, of: Answer) -> StatisticsRow:
    return StatisticsRow(
        name,
        gettext(METRICS[name].label),
        quantities.measured(name, of["mean"]),
        quantities.measured(name, of["min"]),
        quantities.when(moment(of["min_at"])),
        quantities.measured(name, of["max"]),
        quantities.when(moment(of["max_at"])),
        covered(of["coverage"]),
    )


def load_facts(statistics: Answer) -> list[Fact]:
    """Apparent and reactive power, and how hard a rated panel was loaded."""
    load = statistics["load"]
    rated, loading = load["rated_kva"], load["loading_max_percent"]
    facts = [
        Fact(
            "apparent",
            gettext("Highest apparent power"),
            quantities.power(load["apparent_max_va"], "VA"),
            quantities.when(moment(load["apparent_max_at"])),
        ),
        Fact("factor", gettext("Power factor"), formatting.number(load["power_factor"], 2)),
        Fact(
            "reactive",
            gettext("Reactive energy"),
            quantities.energy(load["reactive_varh"], "varh"),
        ),
        Fact(
            "loading",
            gettext("Highest loading"),
            NOT_MEASURED
            if loading is None
            else f"{formatting.number(loading, 1)}{formatting.NBSP}%",
            text("rated", rated=formatting.number(rated, 1)) if rated else text("unrated"),
        ),
    ]
    return facts + [_above(load, limit) for limit in (80, 100, 120)]


def _above(load: Answer, limit: int) -> Fact:
    minutes = load[f"minutes_over_{limit}"]
    return Fact(
        f"over_{limit}",
        (gettext("Loaded above %(limit)s %%") % {"limit": limit}).replace(" %", f"{NBSP}%"),
        NOT_MEASURED if minutes is None else quantities.lasting(minutes * 60),
    )


def energy_rows(energy: Answer) -> list[EnergyRow]:
    """Those that have begun: of the others nothing can be missing yet."""
    now = timezone.now()
    return [
        EnergyRow(
            _place(bucket, energy["by"]),
            quantities.energy(bucket["energy_wh"]),
            _cost_cell(bucket, energy["currency"]),
            quantities.percent(bucket["coverage"]),
            text(f"quality_{bucket['quality']}"),
        )
        for bucket in energy["buckets"]
        if _required(bucket["start"]) < now
    ]


def _place(bucket: Answer, by: str) -> str:
    """Where hours are no longer kept there are days among them."""
    start, end = _required(bucket["start"]), _required(bucket["end"])
    return quantities.place(start, "day" if by == "hour" and end - start > _HOUR else by)


def _cost_cell(bucket: Answer, currency: str | None) -> str:
    if bucket["cost"] is None:
        return NOT_MEASURED
    beside = unpriced(bucket)
    return cost(bucket["cost"], currency) + (f" ({beside})" if beside else "")


def coverage_notice(energy: Answer) -> StateView:
    """How much of the period was measured, and what else its reader should know of the figures."""
    share, recovered = energy["coverage"], energy["recovered"]
    pruned = any(bucket["quality"] == "pruned" for bucket in energy["buckets"])
    if not share:
        return StateView("none", text("covered_pruned" if pruned else "covered_none"))
    until = min(_required(energy["to"]), timezone.now())
    missing = quantities.lasting((1 - share) * (until - _required(energy["from"])).total_seconds())
    key = "covered_all" if share >= FULL else "covered_part"
    said = [text(key, percent=quantities.percent(share), missing=missing)]
    if recovered:
        said.append(text("recovered", percent=quantities.percent(recovered)))
    if pruned:
        said.append(text("covered_pruned"))
    if energy["pending"]:
        said.append(text("pending"))
    return StateView("quiet" if share >= FULL else "partial", " ".join(said))


def energy_summary(energy: Answer) -> str:
    if energy["energy_wh"] is None:
        return text("energy_empty")
    without = unpriced(energy)
    key = "energy_summary_partly" if without else "energy_summary"
    return text(
        "energy_summary_unpriced" if energy["cost"] is None else key,
        energy=quantities.energy(energy["energy_wh"]),
        cost=cost(energy["cost"], energy["currency"]),
        unpriced=without,
        covered=covered(energy["coverage"]),
    )


def _required(written: str) -> datetime:
    return datetime.fromisoformat(written)
