"""Readings out of samples: what `/api/mqtt/history` and `last-value` answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from django.db.models import Q

from meters.live import iso
from meters.metrics import METRICS
from meters.models import Panel, Trend
from meters.mqtt.topics import TopicSpace


class ReadingRow(TypedDict):
    topic: str
    panel: str
    metric: str
    value: float
    timestamp: str


def newest_readings(
    topics: TopicSpace,
    panels: Sequence[Panel],
    metrics: Sequence[str],
    *,
    start: datetime | None,
    end: datetime | None,
    limit: int,
) -> list[ReadingRow]:
    """The `limit` newest readings of these panels and metrics in [start, end), newest first."""
    some_metric = Q()
    for metric in metrics:
        some_metric |= Q(**{f"{metric}__isnull": False})
    samples = Trend.objects.filter(some_metric)
    if start is not None:
        samples = samples.filter(timestamp__gte=start)
    if end is not None:
        samples = samples.filter(timestamp__lt=end)
    names = {panel.pk: panel.name for panel in panels}
    rows: list[ReadingRow] = [
        {
            "topic": topics.topic(names[sample.panel_id], metric),
            "panel": names[sample.panel_id],
            "metric": metric,
            "value": value,
            "timestamp": iso(sample.timestamp) or "",
        }
        for sample in samples.newest(panels, limit, until=end)
        for metric in metrics
        if (value := getattr(sample, metric)) is not None
    ]
    return rows[:limit]


ALL_METRICS = list(METRICS)
