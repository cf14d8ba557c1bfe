"""The two statements that carry nearly all of the load, written by hand: many rows in one.

The ORM's `bulk_create` costs fifteen times as much a row, most of it in making model instances.
The values are parameters; names of tables and columns come from the models.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from meters.ingest.sample import Sample
from meters.metrics import METRICS
from meters.models import Panel, Trend
from meters.mqtt.timestamps import EPOCH, to_datetime

_TREND_COLUMNS = ("panel_id", "timestamp", *METRICS)
_CURRENT_COLUMNS = tuple(name for metric in METRICS for name in (metric, f"{metric}_at"))
# Columns that an insert must fill. The panels are locked, so none is ever inserted here.
_NEEDED = {
    "display_name": "",
    "location": "",
    "nominal_voltage_v": 0,
    "active": True,
    "created_at": str(EPOCH.replace(tzinfo=None)),
}
_PANEL_COLUMNS = ("id", "name", *_NEEDED, *_CURRENT_COLUMNS)
_ROWS_AT_ONCE = 1000  # SQLite takes 32,766 parameters in a statement


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
    _insert(cursor, table, _TREND_COLUMNS, fresh, "")
    _insert(cursor, table, _TREND_COLUMNS, others, _merge_rows(connection.vendor))


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
        for metric in METRICS:
            known = newest[name].get(metric)
            row += (known[1], written_time(known[0])) if known else (None, None)
        rows.append(row)
    _insert(cursor, Panel._meta.db_table, _PANEL_COLUMNS, rows, _move_forward(connection.vendor))


def written_time(moment_us: int) -> str:
    """A moment (microseconds since 1970) as Django writes it into a column."""
    seconds, fraction = divmod(moment_us, 1_000_000)
    return f"{_second(seconds)}.{fraction:06}" if fraction else _second(seconds)


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return str(to_datetime(seconds * 1_000_000).replace(tzinfo=None))


def _trend_row(panels: Mapping[str, int], sample: Sample) -> list[Any]:
    return [
        panels[sample.panel],
        written_time(sample.moment_us),
        *map(sample.values.get, METRICS),
    ]


def _insert(
    cursor: CursorWrapper,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    conflict: str,
) -> None:
    one_row = f"({', '.join(['%s'] * len(columns))})"
    for chunk in _chunks(rows):
        places = ", ".join([one_row] * len(chunk))
        cursor.execute(
            f"{_insert_into(connection.vendor, table, columns)} {places} {conflict}",
            [value for row in chunk for value in row],
        )


def _chunks(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]


@lru_cache
def _insert_into(vendor: str, table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {_quoted(table)} ({', '.join(map(_quoted, columns))}) VALUES"


@lru_cache
def _merge_rows(vendor: str) -> str:
    changes = [f"{_quoted(name)} = COALESCE({_new(name)}, {_quoted(name)})" for name in METRICS]
    return _on_conflict(("panel_id", "timestamp"), changes)


@lru_cache
def _move_forward(vendor: str) -> str:
    changes = []
    for metric in METRICS:
        new_at, old_at = _new(f"{metric}_at"), _quoted(f"{metric}_at")
        is_newer = f"{new_at} >= COALESCE({old_at}, {new_at})"
        # MySQL sets one column after the other: the value must be compared with the old moment.
        changes += [
            f"{_quoted(name)} = CASE WHEN {is_newer} THEN {_new(name)} ELSE {_quoted(name)} END"
            for name in (metric, f"{metric}_at")
        ]
    return _on_conflict(("id",), changes)


def _on_conflict(key: Sequence[str], changes: Sequence[str]) -> str:
    if connection.vendor == "mysql":
        return f"ON DUPLICATE KEY UPDATE {', '.join(changes)}"
    return f"ON CONFLICT ({', '.join(map(_quoted, key))}) DO UPDATE SET {', '.join(changes)}"


def _new(name: str) -> str:
    """The value that was to be inserted; the bare name of a column is the value that stands."""
    return (
        f"VALUES({_quoted(name)})" if connection.vendor == "mysql" else f"excluded.{_quoted(name)}"
    )


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
