"""Bringing rollups up to date with the readings: what is dirty is computed anew.

One panel is worked on by one process at a time, which holds the panel's RollupState row. The ingest
never waits for that row. In one transaction:

1. Lock the panels' states; panels that another process is at are left to it.
2. Read the dirty ranges, and only then the readings: what comes in meanwhile marks them again.
3. Compute the minutes that are concerned from the readings, and every coarser level from the finer.
4. Take the ranges off the list, unless they have changed since.

A long range is done piece by piece, a piece in each transaction. Time of which nothing is known is
passed over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Model, Q, QuerySet

from meters.energy import tables
from meters.energy.bucket import Bucket, combine
from meters.energy.calendar import HOUR_US, MINUTE_US, Level, site_calendar
from meters.energy.cost import set_costs
from meters.energy.demand import set_demands, with_demand
from meters.energy.load import with_load
from meters.energy.minutes import Row, minutes_of
from meters.energy.readings import (
    Stretch,
    Subject,
    beside,
    in_register_step,
    row_after,
    samples,
    widen,
)
from meters.energy.sql import Span
from meters.energy.tariffs import TariffBook
from meters.energy.voltage import replace_ten_minutes
from meters.models import DirtyRange, Panel, RollupState, VoltageTenMinutes
from meters.models.rollup import mark_dirty
from meters.mqtt.timestamps import to_datetime, to_microseconds

PANELS_AT_ONCE = 50
ROWS_AT_ONCE = 5_000  # of a panel, and
MINUTES_AT_ONCE = 3_000
_ROWS_IN_MEMORY = 50_000
_MINUTES_IN_MEMORY = 10_000
_SMALL_US = 2 * HOUR_US
_MARKS_AT_ONCE = 100
_PROBED_US = 10 * MINUTE_US
_HALF_US = 30 * MINUTE_US


@dataclass(frozen=True, slots=True)
class _Mark:
    """A row of DirtyRange."""

    panel: int
    minute: datetime
    first: int
    last: int
    version: int

    @classmethod
    def of(cls, row: DirtyRange) -> "_Mark":
        first, last = to_microseconds(row.first), to_microseconds(row.last)
        return cls(row.panel_id, row.minute, first, last, row.version)


@dataclass(slots=True)
class _Work:
    """What one transaction does for a panel: `marks` up to the end of its stretch."""

    stretch: Stretch
    marks: list[_Mark]
    others: bool  # were there more marks?
    rest: int | None = None  # where what is left of the marks begins, once they are taken off

    @classmethod
    def on(cls, subject: Subject, marks: list[_Mark], others: bool) -> "_Work":
        first, last = min(mark.first for mark in marks), max(mark.last for mark in marks)
        start, end = first - first % MINUTE_US, last - last % MINUTE_US + MINUTE_US
        return cls(Stretch(subject, start, end), marks, others)

    @property
    def panel(self) -> int:
        return self.stretch.subject.panel

    @property
    def last(self) -> int:
        return max(mark.last for mark in self.marks)

    @property
    def leaves_some(self) -> bool:
        return self.others or self.rest is not None

    def widen(self, before: Sequence[Row], after: Sequence[Row]) -> None:
        """To all that the marks concern, and no more than one transaction may take: then up to a
        minute that lies within the marks, so that they tell what is left."""
        marked = Stretch(self.stretch.subject, self.stretch.start, self.stretch.end)
        widen(self.stretch, before, after)
        limit = marked.start + MINUTES_AT_ONCE * MINUTE_US
        if marked.end - marked.start > _PROBED_US:
            row_us = row_after(marked, ROWS_AT_ONCE)
            if row_us is not None:
                limit = min(limit, max(row_us - row_us % MINUTE_US, marked.start + MINUTE_US))
        if limit < marked.end:
            self.stretch.end = limit

    def take_off(self) -> None:
        """The marks that have not changed since, and in their place one for what is left."""
        for start in range(0, len(self.marks), _MARKS_AT_ONCE):
            _unchanged(self.marks[start : start + _MARKS_AT_ONCE]).delete()
        if self.stretch.end <= self.last:
            # All of it, and not only from the next mark on: what was changed before the cut reaches
            # beyond it.
            self.rest = _next_known(Stretch(self.stretch.subject, self.stretch.end, self.last + 1))
        if self.rest is not None:
            with connection.cursor() as cursor:
                mark_dirty(cursor, [(self.panel, self.rest, self.last)])


@dataclass(frozen=True, slots=True)
class Round:
    """The panels that something was done for, and those of them of which something was left. False
    where nothing was done: nothing was dirty, or other processes are at all of them."""

    done: frozenset[int]
    left: frozenset[int]

    def __bool__(self) -> bool:
        return bool(self.done)


class Roller:
    """Computes what is dirty, in rounds that each take a fraction of a second."""

    def __init__(self) -> None:
        self._calendar = site_calendar()
        self._rows_each = 200.0  # how many readings a panel's stretch had lately
        self._newest_first = False

    def round(self, panels: Sequence[int]) -> Round:
        """Work on some of what is dirty of these panels."""
        self._newest_first = not self._newest_first
        _ensure_states(panels)
        with transaction.atomic():
            works = _works(_lock(panels), self._newest_first)
            if works:
                stretches = [work.stretch for work in works]
                self._minutes(stretches)
                self._coarser(stretches)
                for work in works:
                    work.take_off()
        return Round(
            frozenset(work.panel for work in works),
            frozenset(work.panel for work in works if work.leaves_some),
        )

    def _minutes(self, stretches: Sequence[Stretch]) -> None:
        at_once = max(1, int(_ROWS_IN_MEMORY / self._rows_each))
        minutes: dict[int, list[Bucket]] = {}
        rows_read = 0
        for start in range(0, len(stretches), at_once):
            some = stretches[start : start + at_once]
            for stretch, rows in zip(some, samples(some), strict=True):
                rows_read += len(rows)
                minutes[stretch.subject.panel] = minutes_of(
                    rows, stretch.start, stretch.end, stretch.subject.rules
                )
        self._rows_each = max(1.0, rows_read / len(stretches))
        _price(stretches, minutes)
        tables.replace(Level.MINUTE, [stretch.span for stretch in stretches], minutes)

    def _coarser(self, stretches: Sequence[Stretch]) -> None:
        rules = {stretch.subject.panel: stretch.subject.rules for stretch in stretches}
        # Half hours consist of whole quarters and of whole ten minutes.
        halves = [
            Span(panel, start - start % _HALF_US, end + -end % _HALF_US)
            for panel, start, end in (stretch.span for stretch in stretches)
        ]
        minutes = tables.read(Level.MINUTE, halves)
        replace_ten_minutes(halves, minutes)
        quarters = {
            panel: with_demand(
                combine(
                    self._calendar.edges(Level.QUARTER, start, end)[:-1],
                    with_load(minutes[panel], rules[panel]),
                )
            )
            for panel, start, end in halves
        }
        tables.replace(Level.QUARTER, halves, quarters)
        hours, spans = self._combined(Level.HOUR, Level.QUARTER, halves)
        tables.replace(Level.HOUR, spans, hours)
        days, spans = self._combined(Level.DAY, Level.HOUR, halves)
        set_demands(days, spans, self._calendar)
        tables.replace(Level.DAY, spans, days)

    def _combined(
        self, level: Level, finer: Level, spans: Sequence[Span]
    ) -> tuple[dict[int, list[Bucket]], list[Span]]:
        """The buckets that the spans touch, by panel, from those of the finer level; and the time
        they take up."""
        touched = [
            Span(panel, self._calendar.start(level, start), self._calendar.ceiling(level, end))
            for panel, start, end in spans
        ]
        parts = tables.read(finer, touched)
        buckets = {
            panel: combine(self._calendar.edges(level, start, end)[:-1], parts[panel])
            for panel, start, end in touched
        }
        return buckets, touched


def _ensure_states(panels: Sequence[int]) -> None:
    """In transactions of their own: making one looks at the panel's row."""
    existing = set(RollupState.objects.filter(panel__in=panels).values_list("pk", flat=True))
    for panel in Panel.objects.filter(pk__in=set(panels) - existing):
        RollupState.objects.get_or_create(panel=panel)


def _lock(panels: Sequence[int]) -> dict[int, int | None]:
    """The panels whose states nobody else holds, each with the moment before which its readings
    have been pruned."""
    can_skip = connection.features.has_select_for_update_skip_locked
    states = RollupState.objects.select_for_update(skip_locked=can_skip)
    rows = states.filter(panel__in=panels).order_by("pk").values_list("pk", "raw_from")
    return {panel: None if moment is None else to_microseconds(moment) for panel, moment in rows}


def _works(locked: Mapping[int, int | None], newest_first: bool) -> list[_Work]:
    """What there is to do for the panels that are locked, each with the moment before which its
    readings have been pruned."""
    marks: dict[int, list[_Mark]] = {}
    for row in DirtyRange.objects.filter(panel__in=list(locked)).order_by("panel", "minute"):
        marks.setdefault(row.panel_id, []).append(_Mark.of(row))
    works = [
        _run(Subject.of(panel, locked[panel.pk]), marks[panel.pk], newest_first)
        for panel in Panel.objects.filter(pk__in=list(marks)).order_by("pk")
    ]
    sides = beside([work.stretch for work in works])
    for work, (before, after) in zip(works, sides, strict=True):
        work.widen(before, after)
    return list(_bounded(works))


def _bounded(works: Sequence[_Work]) -> Iterator[_Work]:
    """As many as one transaction may take, one at the least; the other panels wait for their turn."""
    minutes = 0
    for work in works:
        minutes += (work.stretch.end - work.stretch.start) // MINUTE_US
        if work is not works[0] and minutes > _MINUTES_IN_MEMORY:
            return
        yield work


def _run(subject: Subject, marks: Sequence[_Mark], newest_first: bool) -> _Work:
    """The newest or the oldest mark, and those close to it. In turn: what people look at comes
    soon, however much of the past there is to do, and the past comes, however much comes in."""
    ordered = list(reversed(marks)) if newest_first else list(marks)
    run = ordered[:1]
    for mark in ordered[1:]:
        long = max(mark.last - mark.first, run[-1].last - run[-1].first) > _SMALL_US
        apart = max(mark.first - run[-1].last, run[-1].first - mark.last)
        if long or apart > HOUR_US:
            break
        run.append(mark)
    return _Work.on(subject, run, len(run) < len(marks))


def _unchanged(marks: Sequence[_Mark]) -> QuerySet[DirtyRange]:
    """The rows of marks of one panel that are still as they were read."""
    any_of = Q()
    for mark in marks:
        any_of |= Q(minute=mark.minute, version=mark.version)
    return DirtyRange.objects.filter(any_of, panel=marks[0].panel)


def _next_known(stretch: Stretch) -> int | None:
    """From when on in the stretch there is anything to compute or to take away; None where there is
    not. Between two stray readings there may be years."""
    sample_us = row_after(stretch, 0)
    first = stretch.end if sample_us is None else sample_us - stretch.subject.rules.max_gap_us
    if first <= stretch.start or in_register_step(stretch):
        return stretch.start
    models: list[type[Model]] = [*tables.MODELS.values(), VoltageTenMinutes]
    for model in models:
        rows = model._default_manager.filter(
            panel=stretch.subject.panel, start__gte=to_datetime(stretch.start)
        )
        start = rows.order_by("start").values_list("start", flat=True).first()
        if start is not None:
            first = min(first, to_microseconds(start))
    return first if first < stretch.end else None


def _price(stretches: Sequence[Stretch], minutes: Mapping[int, list[Bucket]]) -> None:
    book = TariffBook.load([stretch.subject.panel for stretch in stretches])
    for stretch in stretches:
        start, end = to_datetime(stretch.start), to_datetime(stretch.end)
        panel = stretch.subject.panel
        set_costs(minutes[panel], book.segments(panel, start, end))
