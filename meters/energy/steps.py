"""A chart's figures, added up by the database: it passes on what a point comes to, and not each bucket
in it, which costs less than the driver takes to read them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from django.db import connection

from meters.energy.bucket import Statistics
from meters.energy.calendar import SECOND_US, Level
from meters.energy.history import Period
from meters.energy.sql import seconds
from meters.energy.tables import MODELS
from meters.models.bulk import quoted, written_time

_AT_ONCE = 200  # SQLite takes 500 selects in one
_FIGURES = 6  # columns of a metric: see `_figures`


class Run(NamedTuple):
    """Points, or pieces of them, of one length that follow one another from `start` to `end`;
    microseconds since 1970."""

    start: int
    end: int
    length: int


def figures(
    panel: int,
    parts: Mapping[Level, Sequence[Period]],
    edges: Sequence[int],
    metrics: Sequence[str],
) -> dict[int, dict[str, Statistics]]:
    """What is known of each metric from one edge to the next, by the former; without the moments of
    the extremes. `parts`: the time from the first edge to the last, taken apart into the buckets to
    read."""
    statements = {level: _statement(level, metrics) for level in parts}
    selects = [
        (statements[level], _parameters(panel, run))
        for level, some in parts.items()
        for part in some
        for run in _runs(part, edges)
    ]
    known: dict[int, dict[str, Statistics]] = {}
    for start, *row in _rows(selects):
        point = known.setdefault(edges[bisect_right(edges, start * SECOND_US) - 1], {})
        for place, metric in enumerate(metrics):
            count, covered_s, weighted, total, least, most = row[
                place * _FIGURES : (place + 1) * _FIGURES
            ]
            if count or covered_s:
                piece = Statistics(count, covered_s, weighted, total, least, None, most, None)
                if metric in point:
                    point[metric].add(piece)
                else:
                    point[metric] = piece
    return known


def _runs(part: Period, edges: Sequence[int]) -> Iterator[Run]:
    """The points in that part of the time. Where no clock is changed, all but those at its ends are
    of one length."""
    inner = edges[bisect_right(edges, part.start) : bisect_left(edges, part.end)]
    points = pairwise([part.start, *inner, part.end])
    for length, some in groupby(points, key=lambda point: point[1] - point[0]):
        starts = [start for start, _ in some]
        yield Run(starts[0], starts[-1] + length, length)


def _statement(level: Level, metrics: Sequence[str]) -> str:
    start = quoted("start")
    chosen = ", ".join(map(_figures, metrics))
    return (
        f"SELECT {seconds('start')} - ({seconds('start')} - %s) %% %s AS point, {chosen} "  # noqa: S608
        f"FROM {quoted(MODELS[level]._meta.db_table)} "
        f"WHERE panel_id = %s AND {start} >= %s AND {start} < %s GROUP BY point"
    )


def _figures(metric: str) -> str:
    """The first six of a metric's `Statistics`, moments left out."""
    names = (f"{metric}_{name}" for name in ("count", "covered_s", "mean", "min", "max"))
    count, covered_s, mean, least, most = map(quoted, names)
    return (
        f"CAST(SUM({count}) AS SIGNED), SUM({covered_s}), SUM({mean} * {covered_s}), "
        f"SUM(CASE WHEN {covered_s} > 0 THEN 0 ELSE {mean} * {count} END), MIN({least}), MAX({most})"
    )


def _parameters(panel: int, run: Run) -> tuple[Any, ...]:
    first, length = run.start // SECOND_US, run.length // SECOND_US
    return first, length, panel, written_time(run.start), written_time(run.end)


def _rows(selects: Sequence[tuple[str, Sequence[Any]]]) -> Iterator[Sequence[Any]]:
    """The rows of all statements, each with its parameters."""
    with connection.cursor() as cursor:
        for first in range(0, len(selects), _AT_ONCE):
            some = selects[first : first + _AT_ONCE]
            cursor.execute(
                " UNION ALL ".join(statement for statement, _ in some),
                [value for _, parameters in some for value in parameters],
            )
            yield from cursor.fetchall()
