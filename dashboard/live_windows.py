"""The readings of the last minutes or the last hour, as the points of live charts.

Bounded: of each step of time the lowest and the highest reading, so that a peak is never lost.
static/js/panel/thin.js does the same with what comes in while the page stands.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypedDict

from django.utils import timezone

from dashboard.formatting import epoch_ms
from dashboard.points import Point
from meters.live import iso
from meters.metrics import METRICS
from meters.models import Panel, Trend, TrendMinute

# A meter of ten readings a second has 36,000 samples in an hour. Of what lies before so many, the
# minutes tell the extremes.
_MOST_SAMPLES = 8_000
_MINUTE = timedelta(minutes=1)


class Window(NamedTuple):
    length: timedelta
    step_ms: int


WINDOWS = {
    "5m": Window(timedelta(minutes=5), 1_000),
    "1h": Window(timedelta(hours=1), 10_000),
}


class WindowReadings(TypedDict):
    """`metrics`: [ms since 1970, value] points of each, oldest first; of each `step_ms` at most two."""

    window: str
    length_ms: int
    step_ms: int
    now: str | None
    metrics: dict[str, list[Point]]


def window_readings(panel: Panel, name: str) -> WindowReadings:
    now = timezone.now()
    window = WINDOWS[name]
    found: dict[str, list[Point]] = {metric: [] for metric in METRICS}
    for points in _points(panel, now - window.length):
        for metric, some in points.items():
            found[metric] += some
    thinned = {metric: list(thin(points, window.step_ms)) for metric, points in found.items()}
    return {
        "window": name,
        "length_ms": window.length // timedelta(milliseconds=1),
        "step_ms": window.step_ms,
        "now": iso(now),
        "metrics": thinned,
    }


def thin(points: Iterable[Point], step_ms: int) -> Iterator[Point]:
    """The lowest and the highest of each step, in the order of time."""
    step: list[Point] = []
    for point in points:
        if step and point[0] // step_ms != step[0][0] // step_ms:
            yield from _extremes(step)
            step = []
        step.append(point)
    yield from _extremes(step)


def _extremes(points: Sequence[Point]) -> list[Point]:
    if len(points) < 3:
        return list(points)
    return sorted({min(points, key=_value), max(points, key=_value)})


def _value(point: Point) -> float:
    return point[1]


def _points(panel: Panel, since: datetime) -> Iterator[dict[str, list[Point]]]:
    """Those of each metric since that moment, the older ones first."""
    newest = Trend.objects.filter(panel=panel, timestamp__gte=since).order_by("-timestamp")
    samples = list(newest.values_list("timestamp", *METRICS)[:_MOST_SAMPLES])[::-1]
    if len(samples) == _MOST_SAMPLES:
        yield from _by_minutes(panel, since, samples[0][0])
    yield {
        metric: [(epoch_ms(row[0]), row[at]) for row in samples if row[at] is not None]
        for at, metric in enumerate(METRICS, start=1)
    }


def _by_minutes(panel: Panel, since: datetime, until: datetime) -> Iterator[dict[str, list[Point]]]:
    """The extremes of the minutes in between, each at its own moment."""
    ends = ("min_at", "min", "max_at", "max")
    columns = [f"{metric}_{end}" for metric in METRICS for end in ends]
    minutes = TrendMinute.objects.filter(panel=panel, start__gt=since - _MINUTE, start__lt=until)
    for row in minutes.order_by("start").values_list(*columns):
        yield {
            metric: [
                point for point in _ends(row[4 * at : 4 * at + 4]) if point[0] < epoch_ms(until)
            ]
            for at, metric in enumerate(METRICS)
        }


def _ends(of_minute: Sequence[Any]) -> list[Point]:
    lowest_at, lowest, highest_at, highest = of_minute
    if lowest_at is None or highest_at is None:
        return []
    return sorted({(epoch_ms(lowest_at), lowest), (epoch_ms(highest_at), highest)})
