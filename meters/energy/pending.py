"""What is left to be rolled up, and doing it: for the worker, the commands, and whoever changes readings."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Min, Model, QuerySet

from meters.energy.rolling import PANELS_AT_ONCE, Roller
from meters.energy.tables import MODELS
from meters.ingest.refusals import while_busy
from meters.management.stopping import Stop
from meters.models import DirtyRange, Panel, RollupState, Trend

_SHARES = 8
_OTHERS_S = 0.2  # until it is looked again whether other processes have done what they were at


def mark_all(panel: Panel, start: datetime | None = None, end: datetime | None = None) -> None:
    """Have all rollups of the panel in [start, end) computed anew: wherever there are readings, or
    rollups of readings that are gone."""
    extents = [extent for extent in _extents(panel) if extent is not None]
    if not extents:
        return
    first, last = min(extent[0] for extent in extents), max(extent[1] for extent in extents)
    if start is not None:
        first = max(first, start)
    if end is not None:
        last = min(last, end - timedelta(microseconds=1))
    if first <= last:
        with transaction.atomic():
            DirtyRange.objects.mark(panel, first, last)


def _extents(panel: Panel) -> Iterator[tuple[datetime, datetime] | None]:
    columns: list[tuple[type[Model], str]] = [(Trend, "timestamp")]
    columns += [(model, "start") for model in MODELS.values()]
    for model, column in columns:
        found = model._default_manager.filter(panel=panel).aggregate(Min(column), Max(column))
        first, last = found[f"{column}__min"], found[f"{column}__max"]
        yield (first, last) if first is not None else None


def follow_the_zone() -> None:
    """Have the hours and days of all panels computed anew that are those of another zone than the
    site's: sums over them would be wrong, and look complete. What is sealed stays as it is."""
    other = RollupState.objects.exclude(zone=settings.TIME_ZONE)
    can_skip = connection.features.has_select_for_update_skip_locked
    for panel in Panel.objects.filter(rollup_state__in=other):
        with transaction.atomic():
            states = RollupState.objects.select_for_update(skip_locked=can_skip)
            state = states.filter(panel=panel).exclude(zone=settings.TIME_ZONE).first()
            if state is not None:
                mark_all(panel, state.minutes_from)
                state.zone = settings.TIME_ZONE
                state.save(update_fields=["zone"])


def left_s(panels: Sequence[int] | None = None) -> float:
    """How many seconds of history are still to be computed."""
    ranges = _ranges(panels).values_list("first", "last")
    return sum((last - first).total_seconds() for first, last in ranges)


def roll_pending(
    panels: Sequence[int] | None,
    stop: Stop,
    on_round: Callable[[], None] = lambda: None,
) -> None:
    """Compute what is dirty by now, of these panels or of all; less where told to stop. What comes
    in meanwhile is for the next time. Any number of processes may do so at a time; what others are
    at is waited for."""
    follow_the_zone()
    roller = Roller()
    waiting = set(_ranges(panels).values_list("panel", flat=True).distinct())
    while waiting and not stop.is_set():
        ordered, done = sorted(waiting), 0
        # Few panels are not all locked by one, so that another process finds some to work on.
        at_once = min(PANELS_AT_ONCE, len(ordered) // _SHARES + 1)
        for start in range(0, len(ordered), at_once):
            some = while_busy(partial(roller.round, ordered[start : start + at_once]))
            waiting -= some.done - some.left
            done += len(some.done)
            on_round()
            if stop.is_set():
                return
        if not done:
            stop.wait(_OTHERS_S)
            waiting.intersection_update(_ranges(ordered).values_list("panel", flat=True))


def _ranges(panels: Sequence[int] | None) -> QuerySet[DirtyRange]:
    return (
        DirtyRange.objects.all() if panels is None else DirtyRange.objects.filter(panel__in=panels)
    )
