"""Tariffs for tests, beside the clock of today: bills are about months that are over."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from meters.models import Panel, Tariff, TariffAssignment, TariffPeriod, TariffVersion, Trend
from meters.models.billed import first_open_day

LONG_AGO = date(2020, 1, 1)


def last_month() -> date:
    """The first day of the last month that is billed."""
    return (first_open_day() - timedelta(days=1)).replace(day=1)


def next_month() -> date:
    return (first_open_day() + timedelta(days=31)).replace(day=1)


def make_version(
    code: str = "test", valid_from: date = LONG_AGO, peak: bool = True, **changed: Any
) -> TariffVersion:
    """A version of that tariff at 1000 a kWh, 17:00 to 22:00 at 1.5 times that."""
    tariff, _ = Tariff.objects.get_or_create(code=code)
    values = {"price_per_kwh": Decimal(1000), "peak_factor": Decimal("1.5")} | changed
    version = TariffVersion.objects.create(tariff=tariff, valid_from=valid_from, **values)
    if peak:
        TariffPeriod.objects.create(version=version, name="WBP", start=time(17), end=time(22))
    return version


def assign(panel: Panel, tariff: Tariff, valid_from: date = LONG_AGO, **more: Any) -> None:
    TariffAssignment.objects.create(panel=panel, tariff=tariff, valid_from=valid_from, **more)


def measured_panel(name: str) -> Panel:
    """A panel that was measured before any tariff was in force."""
    panel = Panel.objects.create(name=name)
    moment = datetime.combine(LONG_AGO - timedelta(days=20), time(), UTC)
    Trend.objects.create(panel=panel, timestamp=moment, power=1.0)
    return panel
