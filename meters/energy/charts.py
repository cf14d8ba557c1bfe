"""The points of a chart: the level is chosen by what is drawn, not by what is stored."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from meters.energy import steps
from meters.energy.bucket import Statistics
from meters.energy.calendar import HOUR_US, MINUTE_US, SECOND_US, Calendar, Level
from meters.energy.history import Period, kept_from, take_apart
from meters.energy.integration import Buckets
from meters.energy.minutes import Row, buckets_of
from meters.energy.readings import Stretch, Subject, beside, rows_up_to

# Steps that people read: so many buckets of a level in one point. Never more than six, so that the
# rows read are bounded by the points drawn.
_STEPS: tuple[tuple[Level, int], ...] = (
    *((Level.MINUTE, several) for several in (1, 2, 3, 5)),
    *((Level.QUARTER, several) for several in (1, 2)),
    *((Level.HOUR, several) for several in (1, 2, 3, 4, 6)),
    *((Level.DAY, several) for several in (1, 2, 4, 7)),
)
_LENGTH_US = {
    Level.MINUTE: MINUTE_US,
    Level.QUARTER: 15 * MINUTE_US,
    Level.HOUR: HOUR_US,
    Level.DAY: 24 * HOUR_US,
}
_SECONDS = (1, 2, 5, 10, 15, 30)
_RAW_ROWS = 10_000  # more are never read for a chart


@dataclass(slots=True)
class Point:
    """A point of a chart: [start, end) and the figures of each metric that is known, extremes without
    their moments; no time at all for a reading."""

    start: int
    end: int
    metrics: Mapping[str, Statistics] = field(default_factory=dict)

    def coverage(self, now_us: int) -> float:
        """The share of the time passed in which the best known of its metrics is known."""
        if self.start == self.end:
            return 1.0
        passed_us = min(self.end, now_us) - self.start
        covered_s = max([each.covered_s for each in self.metrics.values()], default=0.0)
        return min(1.0, covered_s * SECOND_US / passed_us) if passed_us > 0 else 0.0


@dataclass(slots=True)
class Chart:
    """`level` is what the points were read from: `raw`, or a level's name; `step_s` how long each
    is, None where they are single readings."""

    level: str
    step_s: float | None
    points: list[Point]


def chart(
    subject: Subject,
    calendar: Calendar,
    period: Period,
    metrics: Sequence[str],
    points: int,
    now_us: int,
) -> Chart:
    """About `points` points of the period up to now: single readings where they are few, else the
    finest step of which there are no more than that many and which has not been pruned. A step that
    an end of the period cuts through is told as far as it lies inside."""
    shown = Period(period.start, max(period.start, min(period.end, now_us)))
    if (shown.end - shown.start) / MINUTE_US < points / 2:
        fine = _from_readings(subject, shown, metrics, points)
        if fine is not None:
            return fine
    kept = kept_from(subject.panel)
    pruned = {level for level, moment_us in kept.items() if shown.start < moment_us}
    level, several = _step(shown, points, pruned)
    found: list[Point] = []
    if shown.start < shown.end:
        edges = _cut(_merged_edges(calendar, level, several, shown), period)
        found = _from_rollups(subject.panel, calendar, metrics, level, edges)
    return Chart(str(level), _LENGTH_US[level] * several / SECOND_US, found)


def _step(period: Period, points: int, pruned: Collection[Level] = ()) -> tuple[Level, int]:
    length_us = period.end - period.start
    for level, several in _STEPS:
        if level not in pruned and length_us <= points * several * _LENGTH_US[level]:
            return level, several
    return _STEPS[-1]


def _from_rollups(
    panel: int,
    calendar: Calendar,
    metrics: Sequence[str],
    level: Level,
    edges: Sequence[int],
) -> list[Point]:
    parts = take_apart(calendar, Period(edges[0], edges[-1]), level)
    known = steps.figures(panel, parts, edges, metrics)
    return [Point(start, end, known.get(start, {})) for start, end in pairwise(edges)]


def _cut(edges: Sequence[int], period: Period) -> list[int]:
    return [max(edges[0], period.start), *edges[1:-1], min(edges[-1], period.end)]


def _merged_edges(calendar: Calendar, level: Level, several: int, period: Period) -> list[int]:
    """The edges of the points: every so many of a level's from midnight on, so that points of two
    hours stand at the same times every day; points of seven days begin on Mondays.

    Where clocks are changed by half an hour no later edge is a whole number of hours from midnight:
    a point begins with the first bucket at or after its time."""
    edges = calendar.edges(level, period.start, period.end)
    if several == 1:
        return edges
    days = calendar.edges(Level.DAY, edges[0], edges[-1])
    monday = calendar.day(days[0]).toordinal() - 1  # of the first day; 0: a Monday
    step_us = several * _LENGTH_US[level]

    def places() -> Iterator[tuple[int, int]]:
        day = 0
        for edge in edges[:-1]:
            while days[day + 1] <= edge:
                day += 1
            if level is Level.DAY:
                yield (monday + day) // several, 0
            else:
                yield day, (edge - days[day]) // step_us

    kept = [
        edge
        for edge, (before, place) in zip(edges[1:-1], pairwise(places()), strict=True)
        if before != place
    ]
    return [edges[0], *kept, edges[-1]]


def _from_readings(
    subject: Subject, period: Period, metrics: Sequence[str], points: int
) -> Chart | None:
    """None where there are more readings than a chart should read, or none (any more)."""
    stretch = Stretch(subject, period.start, period.end)
    rows = rows_up_to(stretch, _RAW_ROWS)
    if not rows:
        return None
    if len(rows) <= points:
        return Chart("raw", None, list(_single(rows, metrics, subject.rules.max_gap_us)))
    ((before, after),) = beside([stretch])
    rows = [*before, *rows, *after]
    seconds = next(
        each for each in (*_SECONDS, 60) if period.end - period.start <= points * each * SECOND_US
    )
    width = seconds * SECOND_US
    start = period.start - period.start % width
    end = period.end + -period.end % width
    found = {
        bucket.start: bucket.metrics
        for bucket in buckets_of(rows, Buckets(start, end, width), subject.rules)
    }
    return Chart(
        "raw",
        seconds,
        [
            Point(at, at + width, _chosen(found.get(at, {}), metrics))
            for at in range(start, end, width)
        ],
    )


def _chosen(found: dict[str, Statistics], metrics: Iterable[str]) -> dict[str, Statistics]:
    return {metric: found[metric] for metric in metrics if metric in found}


def _single(rows: Iterable[Row], metrics: Sequence[str], max_gap_us: int) -> Iterable[Point]:
    """A point for each sample, and an empty one where the next is too far away."""
    last: int | None = None
    for row in rows:
        values = {metric: getattr(row, metric) for metric in metrics}
        figures = {
            metric: Statistics(1, 0.0, 0.0, value, value, row.moment, value, row.moment)
            for metric, value in values.items()
            if value is not None
        }
        if not figures:
            continue
        if last is not None and row.moment - last > max_gap_us:
            yield Point(last, row.moment)
        yield Point(row.moment, row.moment, figures)
        last = row.moment
