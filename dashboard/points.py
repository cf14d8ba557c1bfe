"""The points of a panel's live charts: the newest readings of each metric."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any, TypedDict

from django.utils import timezone

from dashboard.formatting import epoch_ms
from meters.live import iso
from meters.metrics import MEASURED, METRICS
from meters.models import Panel, Trend

CHART_POINTS = 48
# Metrics may stand in rows of their own: with a sample for each, this still holds 48 of each.
_SAMPLES = CHART_POINTS * len(MEASURED)
# How far back to look for a metric that became rare. A bound, because nothing says that there ever
# were 48 readings of it, and a panel may have millions of samples.
_SAMPLES_OF_ONE = 2_000

# So many of the samples are listed beside the charts.
NEWEST_SAMPLES = 20

Point = tuple[int, float]


class MetricReadings(TypedDict):
    """Current value, its moment (ISO 8601, UTC), and [ms since 1970, value] points, oldest first."""

    value: float | None
    timestamp: str | None
    points: list[Point]


class PanelReadings(TypedDict):
    """What the charts start from: embedded in the page, and fetched again after a gap. `samples`:
    the newest ones, newest first, as [ms since 1970, the value of each metric]."""

    panel: str
    now: str | None
    metrics: dict[str, MetricReadings]
    samples: list[list[float | None]]


def panel_readings(panel: Panel) -> PanelReadings:
    """One query where the metrics are published together; one more for each that became rare."""
    names = list(METRICS)
    newest = Trend.objects.filter(panel=panel).order_by("-timestamp")
    samples = list(newest.values_list("timestamp", *names)[:_SAMPLES])
    metrics: dict[str, MetricReadings] = {}
    for column, (metric, value, moment) in enumerate(panel.current(), start=1):
        points = _points([(sample[0], sample[column]) for sample in samples])
        if len(points) < CHART_POINTS and len(samples) == _SAMPLES and moment is not None:
            points = _older_points(panel, metric, moment)
        metrics[metric] = {"value": value, "timestamp": iso(moment), "points": points}
    return {
        "panel": panel.name,
        "now": iso(timezone.now()),
        "metrics": metrics,
        "samples": _listed(samples),
    }


def _listed(samples: Sequence[Sequence[Any]]) -> list[list[float | None]]:
    """Without those that hold nothing but a register."""
    shown = (row for row in samples if any(value is not None for value in row[1:]))
    return [[epoch_ms(row[0]), *row[1:]] for row in islice(shown, NEWEST_SAMPLES)]


def _older_points(panel: Panel, metric: str, until: datetime) -> list[Point]:
    samples = Trend.objects.filter(panel=panel, timestamp__lte=until).order_by("-timestamp")
    return _points(list(samples.values_list("timestamp", metric)[:_SAMPLES_OF_ONE]))


def _points(newest_first: Sequence[tuple[datetime, float | None]]) -> list[Point]:
    """The newest measured ones, oldest first."""
    measured = [(epoch_ms(at), value) for at, value in newest_first if value is not None]
    return measured[:CHART_POINTS][::-1]
