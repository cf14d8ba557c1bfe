"""Days of the real meter, stored as a panel's history."""

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from meters.models import DirtyRange, Panel, Trend
from tests.services.installation import REPOSITORY

FILE = REPOSITORY / "tests/data/household_2007-02-01_14.csv"
ZONE = ZoneInfo("Asia/Jakarta")
GAP = datetime(2007, 2, 8, 2, tzinfo=ZONE), datetime(2007, 2, 8, 5, 30, tzinfo=ZONE)
Days = tuple[str, str]
WHOLE: Days = ("2007-02-01", "2007-02-15")


def readings(panel: Panel, days: Days, factor: float, gap: bool) -> Iterator[Trend]:
    """The file's minutes as the site's local time, from the first day to before the second."""
    with FILE.open(newline="") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=ZONE)
            if not days[0] <= row["timestamp"] < days[1] or (gap and GAP[0] <= at < GAP[1]):
                continue
            yield Trend(
                panel=panel,
                timestamp=at,
                voltage=float(row["voltage_v"]),
                ampere=float(row["current_a"]) * factor,
                power=float(row["active_power_kw"]) * 1000 * factor,
            )


@transaction.atomic
def store(
    name: str, days: Days = WHOLE, factor: float = 1.0, gap: bool = False, **described: Any
) -> Panel:
    """Its load times `factor`; with a `gap`, nothing from 2:00 to 5:30 on 8 February. What is to be
    rolled up is noted, not done."""
    panel = Panel.objects.create(name=name, **described)
    rows = list(readings(panel, days, factor, gap))
    Trend.objects.bulk_create(rows, batch_size=2_000)
    DirtyRange.objects.mark(panel, rows[0].timestamp, rows[-1].timestamp)
    for metric in ("voltage", "ampere", "power"):
        panel.advance(metric, getattr(rows[-1], metric), rows[-1].timestamp)
    panel.save()
    return panel
