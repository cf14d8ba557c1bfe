"""Every panel with what the overview says of it: in a handful of queries, however many there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from dashboard import presentation
from dashboard.ranges import local_day, midnight
from meters.condition import Finding, Limits, State, findings, limits_of, loading_percent, state_of
from meters.energy.calendar import site_calendar
from meters.energy.load import apparent_va
from meters.models import Panel, TariffAssignment, TrendDay


@dataclass(frozen=True, slots=True)
class Today:
    """A panel's site day so far, as the worker has added it up: `known_s` seconds of it are measured
    or recovered; `unpriced_wh` of its energy no tariff was in force for."""

    energy_wh: float | None = None
    known_s: float = 0.0
    cost: Decimal | None = None
    unpriced_wh: float = 0.0


@dataclass(frozen=True, slots=True)
class Overseen:
    """A panel in the overview. `currency` is that of its tariff of today; None: it has none."""

    panel: Panel
    state: State
    findings: list[Finding]
    limits: Limits
    loading: float | None
    apparent_va: float | None
    today: Today
    currency: str | None


@dataclass(frozen=True, slots=True)
class Site:
    """All panels as people count, at one moment; `day_s`: how much of the site's day has passed."""

    now: datetime
    day_s: float
    panels: list[Overseen]


def whole_site(now: datetime) -> Site:
    """Three queries: panels, their day, their tariffs."""
    panels = presentation.in_order(Panel.objects.shown())
    keys = [panel.pk for panel in panels]
    zone = site_calendar().zone
    begins = midnight(local_day(now, zone), zone)
    of_day, currencies = _today(keys, begins), _currencies(now)
    return Site(
        now,
        (now - begins).total_seconds(),
        [_overseen(panel, of_day, currencies, now) for panel in panels],
    )


def _overseen(
    panel: Panel, of_day: Mapping[int, Today], currencies: Mapping[int, str], now: datetime
) -> Overseen:
    found, limits = findings(panel, now), limits_of(panel)
    known = panel.voltage is not None and panel.ampere is not None
    return Overseen(
        panel=panel,
        state=state_of(panel, now, found),
        findings=found,
        limits=limits,
        loading=loading_percent(panel.voltage, panel.ampere, limits),
        apparent_va=apparent_va(panel.voltage or 0, panel.ampere or 0, panel.phases)
        if known
        else None,
        today=of_day.get(panel.pk, Today()),
        currency=currencies.get(panel.pk),
    )


def _today(keys: Iterable[int], begins: datetime) -> dict[int, Today]:
    """By the whole key (panel, start) of each: by the start alone the table would be read through."""
    rows = TrendDay.objects.filter(panel__in=list(keys), start=begins).values_list(
        "panel_id", "energy_wh", "energy_covered_s", "energy_recovered_s", "cost", "unpriced_wh"
    )
    return {
        panel: Today(energy_wh, covered_s + recovered_s, cost, unpriced_wh)
        for panel, energy_wh, covered_s, recovered_s, cost, unpriced_wh in rows
    }


def _currencies(now: datetime) -> dict[int, str]:
    """The newest assignment that is in force is read last, and stays."""
    in_force = TariffAssignment.objects.filter(valid_from__lte=timezone.localdate(now))
    return dict(in_force.order_by("valid_from").values_list("panel_id", "tariff__currency"))
