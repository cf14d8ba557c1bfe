"""The statements that carry nearly all of the load: samples, current values, dirty ranges."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from meters.energy.calendar import MINUTE_US
from meters.ingest.sample import Sample
from meters.metrics import MEASURED
from meters.models import Panel, Trend
from meters.models.bulk import incoming, insert, on_conflict, quoted, written_time
from meters.models.rollup import mark_dirty
from meters.mqtt.timestamps import EPOCH

_TREND_COLUMNS = ("panel_id", "timestamp", *MEASURED)
_CURRENT_COLUMNS = tuple(name for metric in MEASURED for name in (metric, f"{metric}_at"))
# Columns that an insert must fill. The panels are locked, so none is ever inserted here.
_NEEDED = {
    "display_name": "",
    "location": "",
    "nominal_voltage_v": 0,
    "active": True,
    "created_at": str(EPOCH.replace(tzinfo=None)),
}
_PANEL_COLUMNS = ("id", "name", *_NEEDED, *_CURRENT_COLUMNS)


def write_trends(
    cursor: CursorWrapper, panels: Mapping[str, int], samples: Sequence[Sample]
) -> None:
    """Insert the samples' rows. `panels` maps names to keys.

    A fresh sample's row must not exist: an IntegrityError says that it does. Of the others, the
    metrics they carry are set where a row stands already, and what they lack stays.

    Rows go in by the order of their key: workers that write the same rows then queue up instead of
    deadlocking.
    """
    ordered = sorted(samples, key=lambda sample: (panels[sample.panel], sample.moment_us))
    table = Trend._meta.db_table
    fresh = [_trend_row(panels, sample) for sample in ordered if sample.fresh]
    others = [_trend_row(panels, sample) for sample in ordered if not sample.fresh]
    insert(cursor, table, _TREND_COLUMNS, fresh, "")
    insert(cursor, table, _TREND_COLUMNS, others, _merge_rows(connection.vendor))


def advance_panels(
    cursor: CursorWrapper, panels: Mapping[str, int], samples: Iterable[Sample]
) -> None:
    """Move the current values of locked panels forward in time, never back."""
    newest: dict[str, dict[str, tuple[int, float]]] = {}
    for sample in samples:
        metrics = newest.setdefault(sample.panel, {})
        for metric, value in sample.values.items():
            if metric not in metrics or metrics[metric][0] <= sample.moment_us:
                metrics[metric] = (sample.moment_us, value)
    rows = []
    for name in sorted(newest, key=panels.__getitem__):
        row: list[Any] = [panels[name], name, *_NEEDED.values()]
        for metric in MEASURED:
            known = newest[name].get(metric)
            row += (known[1], written_time(known[0])) if known else (None, None)
        rows.append(row)
    insert(cursor, Panel._meta.db_table, _PANEL_COLUMNS, rows, _move_forward(connection.vendor))


def mark_ranges(
    cursor: CursorWrapper, panels: Mapping[str, int], samples: Iterable[Sample]
) -> None:
    """Note what the samples change, for the rollups."""
    ranges: dict[tuple[int, int], tuple[int, int]] = {}
    for sample in samples:
        moment_us = sample.moment_us
        key = (panels[sample.panel], moment_us // MINUTE_US)
        first, last = ranges.get(key, (moment_us, moment_us))
        ranges[key] = (min(first, moment_us), max(last, moment_us))
    mark_dirty(cursor, ((panel, *range_us) for (panel, _), range_us in ranges.items()))


def _trend_row(panels: Mapping[str, int], sample: Sample) -> list[Any]:
    return [
        panels[sample.panel],
        written_time(sample.moment_us),
        *map(sample.values.get, MEASURED),
    ]


@lru_cache
def _merge_rows(vendor: str) -> str:
    changes = [f"{quoted(name)} = COALESCE({incoming(name)}, {quoted(name)})" for name in MEASURED]
    return on_conflict(("panel_id", "timestamp"), changes)


@lru_cache
def _move_forward(vendor: str) -> str:
    changes = []
    for metric in MEASURED:
        new_at, old_at = incoming(f"{metric}_at"), quoted(f"{metric}_at")
        is_newer = f"{new_at} >= COALESCE({old_at}, {new_at})"
        # MySQL sets one column after the other: the value must be compared with the old moment.
        changes += [
            f"{quoted(name)} = CASE WHEN {is_newer} THEN {incoming(name)} ELSE {quoted(name)} END"
            for name in (metric, f"{metric}_at")
        ]
    return on_conflict(("id",), changes)
