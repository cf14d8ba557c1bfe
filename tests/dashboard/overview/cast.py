"""Panels in every state, for the tests of the overview."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from dashboard.ranges import midnight
from meters.energy.calendar import site_calendar
from meters.models import Panel, Tariff, TariffAssignment, TrendDay

# 13:00 at the site: thirteen hours of the day have passed.
NOW = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
DAY_S = 13 * 3600


def make(name: str, age_s: float | None = 1.0, **described: Any) -> Panel:
    """230 V and 20 A (4,600 W) measured so long ago; `age_s` None: never anything."""
    measured = {"voltage": 230.0, "ampere": 20.0, "power": 4600.0}
    measured |= {name: described.pop(name) for name in list(described) if name in measured}
    panel = Panel(name=name, **described)
    if age_s is not None:
        for metric, value in measured.items():
            panel.advance(metric, value, NOW - timedelta(seconds=age_s))
    panel.save()
    return panel


def day(panel: Panel, energy_wh: float, cost: str | None = None, **columns: Any) -> None:
    """Its day so far; covered as a whole unless said otherwise."""
    starts = midnight(NOW.astimezone(site_calendar().zone).date(), site_calendar().zone)
    columns = {"energy_covered_s": DAY_S} | columns
    TrendDay.objects.create(
        panel=panel,
        start=starts,
        energy_wh=energy_wh,
        cost=Decimal(cost) if cost else None,
        **columns,
    )


def tariff(panel: Panel, currency: str = "IDR") -> None:
    of_class, _ = Tariff.objects.get_or_create(code=f"class {currency}", currency=currency)
    TariffAssignment(panel=panel, tariff=of_class, valid_from=NOW.date()).save_base(
        force_insert=True
    )
