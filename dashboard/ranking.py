"""The comparison's figures ready to print, before and without its scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext

from dashboard import formatting, quantities
from dashboard.facts import Answer, Fact, cost, cost_note, covered, moment, unpriced
from dashboard.formatting import NOT_MEASURED
from dashboard.history_texts import text
from dashboard.presentation import StateView

if TYPE_CHECKING:
    from dashboard.compare import ComparedPanel


@dataclass(frozen=True, slots=True)
class RankingRow:
    """One panel of the comparison. `share_percent` draws its bar."""

    number: int
    name: str
    title: str
    url: str
    rank: str = NOT_MEASURED
    energy: str = NOT_MEASURED
    share: str = NOT_MEASURED
    share_percent: int = 0
    cost: str = NOT_MEASURED
    unpriced: str = ""
    mean: str = NOT_MEASURED
    highest: str = NOT_MEASURED
    highest_at: str = ""
    factor: str = NOT_MEASURED
    loading: str = NOT_MEASURED
    coverage: str = NOT_MEASURED


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the ranking; `key` is the field of the API's answer that it sorts by."""

    key: str
    label: str
    numeric: bool = True


def columns() -> list[Column]:
    return [
        Column("rank", gettext("Rank")),
        Column("title", gettext("Panel"), numeric=False),
        Column("energy_wh", gettext("Energy")),
        Column("share", gettext("Share of total"), numeric=False),
        Column("cost", gettext("Cost")),
        Column("mean_w", gettext("Mean")),
        Column("maximum_w", gettext("Highest demand")),
        Column("load_factor", gettext("Load factor")),
        Column("loading_max_percent", gettext("Loading")),
        Column("coverage", gettext("Covered")),
    ]


def total_facts(comparison: Answer | None) -> list[Fact]:
    """Energy, cost, the highest sum, diversity factor and balance over all chosen panels."""
    total = comparison["total"] if comparison else {}
    share = covered(total.get("coverage"))
    balance = total.get("balance_percent")
    return [
        Fact(
            "energy", gettext("Energy together"), quantities.energy(total.get("energy_wh")), share
        ),
        Fact(
            "cost",
            gettext("Cost together"),
            cost(total.get("cost"), comparison["currency"]) if comparison else NOT_MEASURED,
            cost_note(total) if total else "",
        ),
        Fact(
            "maximum",
            gettext("Highest sum"),
            quantities.power(total.get("maximum_w")),
            quantities.when(moment(total.get("maximum_at"))),
        ),
        Fact(
            "diversity",
            gettext("Diversity factor"),
            formatting.number(total.get("diversity_factor"), 2),
            gettext("own maxima to highest sum"),
        ),
        Fact(
            "balance",
            gettext("Load imbalance"),
            NOT_MEASURED
            if balance is None
            else f"{formatting.number(balance, 1)}{formatting.NBSP}%",
            gettext("0 %: all carry the same"),
        ),
    ]


def rows(comparison: Answer | None, panels: "Sequence[ComparedPanel]") -> list[RankingRow]:
    """The largest first; in the panels' own order while nothing is known."""
    answers = {panel["name"]: panel for panel in comparison["panels"]} if comparison else {}
    currency = comparison["currency"] if comparison else None
    ranked = sorted(panels, key=lambda panel: answers.get(panel["name"], {}).get("rank") or 99)
    return [_row(panel, answers.get(panel["name"]), currency) for panel in ranked]


def _row(panel: "ComparedPanel", of: Answer | None, currency: str | None) -> RankingRow:
    url = reverse("panel-history", args=[panel["name"]])
    if of is None:
        return RankingRow(panel["number"], panel["name"], panel["title"], url)
    loading = of["loading_max_percent"]
    return RankingRow(
        number=panel["number"],
        name=panel["name"],
        title=panel["title"],
        url=url,
        rank=NOT_MEASURED if of["energy_wh"] is None else str(of["rank"]),
        energy=quantities.energy(of["energy_wh"]),
        share=quantities.percent(of["share"]),
        share_percent=round(100 * (of["share"] or 0)),
        cost=NOT_MEASURED if of["cost"] is None else cost(of["cost"], currency),
        unpriced=unpriced(of),
        mean=quantities.power(of["mean_w"]),
        highest=quantities.power(of["maximum_w"]),
        highest_at=quantities.when(moment(of["maximum_at"])),
        factor=formatting.number(of["load_factor"], 2),
        loading=NOT_MEASURED
        if loading is None
        else f"{formatting.number(loading, 1)}{formatting.NBSP}%",
        coverage=quantities.percent(of["coverage"]),
    )


def notice(comparison: Answer | None) -> StateView:
    if comparison is None:
        return StateView("quiet", "")
    total = comparison["total"]
    if not total["coverage"]:
        return StateView("none", text("covered_none"))
    return StateView(
        "quiet",
        text(
            "sum_unknown" if total["maximum_w"] is None else "sum_summary",
            energy=quantities.energy(total["energy_wh"]),
            maximum=quantities.power(total["maximum_w"]),
            at=quantities.when(moment(total["maximum_at"])),
            covered=covered(total["coverage"]),
        ),
    )
