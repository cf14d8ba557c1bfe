"""Readings put into the database for a test, many at a time, and rolled up."""

from collections.abc import Iterable, Mapping

from django.db import connection, transaction

from meters.energy.rolling import Roller
from meters.models import DirtyRange, Panel, Trend
from meters.models.bulk import insert, written_time
from meters.mqtt.timestamps import to_datetime

Samples = Iterable[tuple[int, Mapping[str, float]]]


def fill(panel: Panel, samples: Samples) -> None:
    """Store the samples, ascending in time, and have them waiting to be rolled up."""
    found = list(samples)
    columns = sorted({metric for _, values in found for metric in values})
    rows = [(panel.pk, written_time(moment), *map(values.get, columns)) for moment, values in found]
    with transaction.atomic():
        with connection.cursor() as cursor:
            insert(cursor, Trend._meta.db_table, ("panel_id", "timestamp", *columns), rows, "")
        for moment, values in found:
            for metric, value in values.items():
                panel.advance(metric, value, to_datetime(moment))
        panel.save()
        DirtyRange.objects.mark(panel, to_datetime(found[0][0]), to_datetime(found[-1][0]))


def roll(*panels: Panel) -> None:
    roller = Roller()
    while roller.round([panel.pk for panel in panels]):
        pass


def fill_and_roll(panel: Panel, samples: Samples) -> None:
    fill(panel, samples)
    roll(panel)
