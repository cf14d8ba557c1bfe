"""The real meter's two weeks, stored as history: in an installation, and rolled up."""

import csv
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from meters.models import DirtyRange, Panel, Trend
from tests.services.installation import REPOSITORY

FILE = REPOSITORY / "tests/data/household_2007-02-01_14.csv"
ZONE = ZoneInfo("Asia/Jakarta")


def readings(panel: Panel, factor: float) -> Iterator[Trend]:
    """Its minutes as the site's local time; what the meter did not measure stays unknown."""
    with FILE.open(newline="") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=ZONE)
            if not row["active_power_kw"] or row["active_power_kw"] == "NA":
                continue
            yield Trend(
                panel=panel,
                timestamp=at,
                voltage=float(row["voltage_v"]),
                ampere=float(row["current_a"]) * factor,
                power=float(row["active_power_kw"]) * 1000 * factor,
            )


@transaction.atomic
def store(name: str, factor: float = 1.0, **described: object) -> Panel:
    """The file as the history of a panel; its load times `factor`."""
    panel = Panel.objects.create(name=name, **described)
    rows = list(readings(panel, factor))
    Trend.objects.bulk_create(rows, batch_size=2_000)
    DirtyRange.objects.mark(panel, rows[0].timestamp, rows[-1].timestamp)
    for metric in ("voltage", "ampere", "power"):
        panel.advance(metric, getattr(rows[-1], metric), rows[-1].timestamp)
    panel.save()
    return panel
