"""Buckets out of the rollups' tables and into them, many panels in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import connection, models
from django.db.backends.utils import CursorWrapper

from meters.energy.bucket import Bucket, Load, Statistics, unpriced
from meters.energy.calendar import Level
from meters.energy.sql import Span, micros, read_micros, within
from meters.metrics import METRICS
from meters.models import TrendDay, TrendHour, TrendMinute, TrendQuarter
from meters.models.bulk import incoming, insert, on_conflict, quoted, written_time
from meters.models.rollup import LoadRollup, Rollup

MODELS: dict[Level, type[Rollup]] = {
    Level.MINUTE: TrendMinute,
    Level.QUARTER: TrendQuarter,
    Level.HOUR: TrendHour,
    Level.DAY: TrendDay,
}
_STATISTICS = ("count", "covered_s", "mean", "min", "min_at", "max", "max_at")
_ENERGY = ("energy_wh", "energy_covered_s", "energy_recovered_s", "cost")
# Of a minute it follows from its cost.
_UNPRICED = ("unpriced_wh",)
_LOAD = (
    "apparent_vah",
    "reactive_varh",
    "apparent_covered_s",
    "apparent_max_va",
    "apparent_max_at",
    "over_80_s",
    "over_100_s",
    "over_120_s",
    "demand_blocks",
    "demand_max_w",
    "demand_max_at",
)


@lru_cache
def columns(level: Level) -> tuple[str, ...]:
    """The columns of a level's table after the key, as `_values` and `_bucket` order them."""
    metrics = tuple(f"{metric}_{figure}" for metric in METRICS for figure in _STATISTICS)
    load = _LOAD if issubclass(MODELS[level], LoadRollup) else ()
    return metrics + energy_columns(level) + load + (("demands",) if level is Level.DAY else ())


def energy_columns(level: Level) -> tuple[str, ...]:
    """Those of a level's table about energy and cost."""
    return _ENERGY if level is Level.MINUTE else _ENERGY + _UNPRICED


def read(level: Level, spans: Sequence[Span]) -> dict[int, list[Bucket]]:
    """The buckets that begin in the spans, by panel, in the order of time."""
    rows = read_columns(level, spans, columns(level))
    return {panel: [_bucket(level, row) for row in some] for panel, some in rows.items()}


def read_columns(
    level: Level, spans: Sequence[Span], names: Sequence[str]
) -> dict[int, list[Sequence[Any]]]:
    """(start, *columns) of the buckets that begin in the spans, by panel, in the order of time;
    moments in microseconds since 1970."""
    found: dict[int, list[Sequence[Any]]] = {span.panel: [] for span in spans}
    chosen = "".join(
        f", {micros(name) if name.endswith('_at') else quoted(name)}" for name in names
    )
    moments = [place for place, name in enumerate(names, start=2) if name.endswith("_at")]
    condition, parameters = within(spans, "start")
    table = quoted(MODELS[level]._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT panel_id, {micros('start')}{chosen} FROM {table} "  # noqa: S608
            f"WHERE {condition} ORDER BY panel_id, {quoted('start')}",
            parameters,
        )
        for panel, *row in read_micros(cursor.fetchall(), (1, *moments)):
            found[panel].append(row)
    return found


def replace(level: Level, spans: Sequence[Span], buckets: Mapping[int, Iterable[Bucket]]) -> None:
    """Have the spans hold these buckets and no others; sealed rows stay as they are."""
    rows = {
        (panel, bucket.start): _values(level, bucket)
        for panel, some in buckets.items()
        for bucket in some
    }
    replace_rows(MODELS[level], columns(level), spans, rows)


def replace_rows(
    model: type[models.Model],
    names: Sequence[str],
    spans: Sequence[Span],
    rows: Mapping[tuple[int, int], Sequence[Any]],
) -> None:
    """Have the spans of a table hold these rows, by panel and start, and no others; sealed ones
    stay as they are."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        standing = _standing(cursor, table, spans)
        gone = [key for key, sealed in standing.items() if not sealed and key not in rows]
        for panel, start in sorted(gone):
            cursor.execute(
                f"DELETE FROM {quoted(table)} WHERE panel_id = %s AND {quoted('start')} = %s",  # noqa: S608
                (panel, written_time(start)),
            )
        fresh = [
            (panel, written_time(start), *rows[panel, start])
            for panel, start in sorted(rows)
            if not standing.get((panel, start))
        ]
        insert(cursor, table, ("panel_id", "start", *names), fresh, _overwrite(tuple(names)))


def _standing(
    cursor: CursorWrapper, table: str, spans: Sequence[Span]
) -> dict[tuple[int, int], bool]:
    """Whether it is sealed, of each row that stands in the spans, by panel and start."""
    condition, parameters = within(spans, "start")
    cursor.execute(
        f"SELECT panel_id, {micros('start')}, sealed FROM {quoted(table)} WHERE {condition}",  # noqa: S608
        parameters,
    )
    rows = read_micros(cursor.fetchall(), (1,))
    return {(panel, start): bool(sealed) for panel, start, sealed in rows}


@lru_cache
def _overwrite(names: tuple[str, ...]) -> str:
    changes = [f"{quoted(name)} = {incoming(name)}" for name in names]
    return on_conflict(("panel_id", "start"), changes)


def _values(level: Level, bucket: Bucket) -> list[Any]:
    values: list[Any] = []
    for metric in METRICS:
        figures = bucket.metrics[metric]
        values += (
            figures.count,
            figures.covered_s,
            figures.mean,
            figures.minimum,
            _written(figures.minimum_at),
            figures.maximum,
            _written(figures.maximum_at),
        )
    values += (
        bucket.energy_wh,
        bucket.energy_covered_s,
        bucket.energy_recovered_s,
        None if bucket.cost is None else str(bucket.cost),
    )
    if level is not Level.MINUTE:
        load = bucket.load or Load()
        values += (
            bucket.unpriced_wh,
            load.apparent_vah,
            load.reactive_varh,
            load.covered_s,
            load.maximum_va,
            _written(load.maximum_at),
            load.over_80_s,
            load.over_100_s,
            load.over_120_s,
            load.demand_blocks,
            load.demand_w,
            _written(load.demand_at),
        )
    if level is Level.DAY:
        values.append(bucket.demands)
    return values


def _written(moment_us: int | None) -> str | None:
    return None if moment_us is None else written_time(moment_us)


def _bucket(level: Level, row: Sequence[Any]) -> Bucket:
    """The bucket of a row: its start, and the level's columns."""
    metrics = {}
    at = 1
    for metric in METRICS:
        metrics[metric] = _statistics(*row[at : at + len(_STATISTICS)])
        at += len(_STATISTICS)
    width = len(energy_columns(level))
    energy_wh, covered_s, recovered_s, cost, *beside_cost_wh = row[at : at + width]
    at += width
    return Bucket(
        row[0],
        metrics,
        energy_wh,
        covered_s,
        recovered_s,
        None if cost is None else Decimal(str(cost)),
        unpriced(energy_wh, cost, *beside_cost_wh),
        None if level is Level.MINUTE else Load(*row[at : at + len(_LOAD)]),
        row[-1] if level is Level.DAY else None,
    )


def _statistics(
    count: int,
    covered_s: float,
    mean: float | None,
    minimum: float | None,
    minimum_at: int | None,
    maximum: float | None,
    maximum_at: int | None,
) -> Statistics:
    mean = mean or 0.0
    return Statistics(
        count,
        covered_s,
        mean * covered_s,
        0.0 if covered_s else mean * count,
        minimum,
        minimum_at,
        maximum,
        maximum_at,
    )
