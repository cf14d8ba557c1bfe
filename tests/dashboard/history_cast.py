"""Panels with a short history, rolled up."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from meters.energy.rolling import Roller
from meters.models import DirtyRange, Panel, Trend
from tests.tariffs import assign, make_version

ZONE = ZoneInfo("Asia/Jakarta")
START = datetime(2007, 2, 8, 10, tzinfo=ZONE)


def panel_with_history(
    name: str,
    *,
    power_w: float = 1200.0,
    minutes: int = 120,
    missing: range = range(0),
    **values: Any,
) -> Panel:
    """A reading each minute from 10:00 on 8 February 2007, but those of the `missing` minutes."""
    panel = Panel.objects.create(name=name, **values)
    samples = [
        Trend(
            panel=panel,
            timestamp=START + timedelta(minutes=minute),
            voltage=230.0 + minute % 3,
            power=power_w + minute,
        )
        for minute in range(minutes + 1)
        if minute not in missing
    ]
    Trend.objects.bulk_create(samples)
    DirtyRange.objects.mark(panel, samples[0].timestamp, samples[-1].timestamp)
    panel.advance("power", samples[-1].power or 0.0, samples[-1].timestamp)
    panel.save()
    roller = Roller()
    while roller.round([panel.pk]):
        pass
    return panel


def priced(panel: Panel) -> None:
    """At 1000 for a kWh, from long before its history."""
    assign(panel, make_version(peak=False, valid_from=date(2005, 1, 1)).tariff, date(2005, 1, 1))
    roller = Roller()
    while roller.round([panel.pk]):
        pass
