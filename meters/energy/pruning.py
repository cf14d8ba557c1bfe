"""Deleting what is older than it is to be kept, so that what was computed from it stays as it is.

In chunks of a few thousand rows, each a transaction of milliseconds under the panel's RollupState
lock, which the ingest never takes. What is computed from the rows of a chunk is sealed in the same
transaction: it is never computed anew, and so never from rows that are missing. After a crash at any
moment the next run goes on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction

from meters.energy.calendar import site_calendar
from meters.energy.retention import Cuts
from meters.ingest.refusals import while_busy
from meters.models import (
    DirtyRange,
    Panel,
    RollupState,
    Trend,
    TrendDay,
    TrendHour,
    TrendMinute,
    TrendQuarter,
    VoltageTenMinutes,
)
from meters.mqtt.timestamps import to_datetime, to_microseconds

ROWS_AT_ONCE = 2_000
_DAYS_OF_HOURS = timedelta(days=20)
_DAY = timedelta(days=1)
_LONGEST_DAY = timedelta(hours=26)
_MICROSECOND = timedelta(microseconds=1)
_OF_HOURS: tuple[type[models.Model], ...] = (TrendQuarter, TrendHour, VoltageTenMinutes)


class NotRolledUpError(Exception):
    """Readings since `first` have changed and aren't in the rollups yet: nothing may go before."""

    def __init__(self, first: datetime) -> None:
        super().__init__(first.isoformat())
        self.first = first


@dataclass(slots=True)
class Pruned:
    """Rows that went, or would go; `hours` counts quarter-hours, hours and ten minutes."""

    readings: int = 0
    minutes: int = 0
    hours: int = 0

    def __add__(self, other: "Pruned") -> "Pruned":
        return Pruned(
            self.readings + other.readings, self.minutes + other.minutes, self.hours + other.hours
        )

    def __str__(self) -> str:
        return (
            f"{self.readings:,} readings, {self.minutes:,} minutes, "
            f"{self.hours:,} quarter-hours, hours and ten minutes"
        )

    @property
    def rows(self) -> int:
        return self.readings + self.minutes + self.hours


class PanelPruning:
    """What goes of one panel at `now`."""

    def __init__(self, panel: Panel, now: datetime) -> None:
        self.panel = panel
        self._calendar = site_calendar()
        self._gap = timedelta(seconds=panel.max_gap_s)
        self.cuts: Cuts = panel.retention.cuts(self._calendar, to_microseconds(now))

    def steps(self) -> Iterator[Pruned]:
        """Delete a chunk each; readings first, then minutes, then hours. Raises NotRolledUpError."""
        if not RollupState.objects.filter(panel=self.panel).exists():
            RollupState.objects.get_or_create(panel=self.panel)
        keep_from = self._keep_readings_from()
        while keep_from and (readings := while_busy(lambda: self._prune_readings(keep_from))):
            yield Pruned(readings=readings)
        while minutes := while_busy(self._prune_minutes):
            yield Pruned(minutes=minutes)
        while hours := while_busy(self._prune_hours):
            yield Pruned(hours=hours)

    def count(self) -> Pruned:
        """What would go, if all is rolled up."""
        keep_from = self._keep_readings_from()
        readings = self._rows(Trend, "timestamp", None, keep_from).count() if keep_from else 0
        minutes_cut = self._limit(self.cuts.minutes, Trend, "timestamp", keep_from)
        minutes = self._rows(TrendMinute, "start", None, minutes_cut).count() if minutes_cut else 0
        hours_cut = self._limit(self.cuts.hours, TrendMinute, "start", minutes_cut)
        hours = sum(
            self._rows(model, "start", None, hours_cut).count() if hours_cut else 0
            for model in _OF_HOURS
        )
        return Pruned(readings, minutes, hours)

    # -- readings -------------------------------------------------------------------------------

    def _keep_readings_from(self) -> datetime | None:
        """Not quite up to the cut: the first minute after it is computed with the readings within
        the longest gap before it, and with the register's last reading, if that is of the last day.
        """
        if self.cuts.raw is None:
            return None
        cut = to_datetime(self.cuts.raw)
        register = self._rows(Trend, "timestamp", cut - _DAY, cut).filter(
            energy_register__isnull=False
        )
        last = register.order_by("-timestamp").values_list("timestamp", flat=True).first()
        return min(cut - self._gap, last or cut)

    @transaction.atomic
    def _prune_readings(self, keep_from: datetime) -> int:
        """A chunk: 1. Lock its rows, so that none is changed from now on. 2. Only then look whether
        anything is left to be rolled up. 3. Delete them, and seal the minutes they are in."""
        state = self._lock()
        until = self._until(Trend, "timestamp", state.raw_from, keep_from)
        rows = self._rows(Trend, "timestamp", None, until).order_by("timestamp")
        moments = list(rows.select_for_update().values_list("timestamp", flat=True)[:ROWS_AT_ONCE])
        if not moments:
            return 0
        self._refuse_dirty(keep_from + self._gap + _DAY)
        first, last = moments[0], moments[-1]
        self._delete(Trend, "timestamp", moments)
        full = len(moments) == ROWS_AT_ONCE
        gone_before = last + _MICROSECOND if full or until < keep_from else until
        since = first if state.raw_from is None else min(first, state.raw_from)
        self._seal([TrendMinute], since - self._gap - timedelta(minutes=1), gone_before + self._gap)
        self._move(state, "raw_from", gone_before)
        return len(moments)

    # -- minutes --------------------------------------------------------------------------------

    @transaction.atomic
    def _prune_minutes(self) -> int:
        """As long as readings are there, their minutes are."""
        state = self._lock()
        limit = self._limit(self.cuts.minutes, Trend, "timestamp", None)
        if limit is None:
            return 0
        until = self._until(TrendMinute, "start", state.minutes_from, limit)
        rows = self._rows(TrendMinute, "start", None, until).order_by("start")
        starts = list(rows.values_list("start", flat=True)[:ROWS_AT_ONCE])
        if not starts:
            return 0
        self._refuse_dirty(limit + _DAY)
        self._delete(TrendMinute, "start", starts)
        full = len(starts) == ROWS_AT_ONCE
        gone_before = starts[-1] + _MICROSECOND if full or until < limit else until
        self._seal([*_OF_HOURS, TrendDay], starts[0] - _LONGEST_DAY, gone_before)
        self._move(state, "minutes_from", gone_before)
        return len(starts)

    # -- hours ----------------------------------------------------------------------------------

    @transaction.atomic
    def _prune_hours(self) -> int:
        """As long as minutes are there, their hours are."""
        state = self._lock()
        limit = self._limit(self.cuts.hours, TrendMinute, "start", None)
        if limit is None:
            return 0
        first = min(
            filter(None, (self._first(model, "start") for model in _OF_HOURS)), default=None
        )
        if first is None or first >= limit:
            return 0
        self._refuse_dirty(limit + _DAY)
        until = min(limit, first + _DAYS_OF_HOURS)
        deleted = 0
        for model in _OF_HOURS:
            deleted += self._rows(model, "start", first, until).delete()[0]
        self._seal([TrendDay], first - _LONGEST_DAY, until)
        self._move(state, "hours_from", until)
        return deleted

    # -- what they share ------------------------------------------------------------------------

    def _lock(self) -> RollupState:
        return RollupState.objects.select_for_update().get(panel=self.panel)

    def _rows(
        self, model: type[models.Model], column: str, start: datetime | None, end: datetime
    ) -> "models.QuerySet[Any]":
        """Those of the panel in [start, end)."""
        bounds = {f"{column}__lt": end} | ({f"{column}__gte": start} if start else {})
        return model._default_manager.filter(panel=self.panel, **bounds)

    def _first(
        self, model: type[models.Model], column: str, start: datetime | None = None
    ) -> datetime | None:
        rows = model._default_manager.filter(panel=self.panel).order_by(column)
        if start is not None:
            rows = rows.filter(**{f"{column}__gte": start})
        first: datetime | None = rows.values_list(column, flat=True).first()
        return first

    def _until(
        self, model: type[models.Model], column: str, gone_before: datetime | None, limit: datetime
    ) -> datetime:
        """Where a chunk ends at the latest. Rows that came late, where others went before, are
        taken a day at a time: there may be years between them, all sealed."""
        first = self._first(model, column)
        if first is None or gone_before is None or first >= gone_before:
            return limit
        return min(limit, gone_before, first + _DAY)

    def _limit(
        self,
        cut_us: int | None,
        finer: type[models.Model],
        column: str,
        finer_from: datetime | None,
    ) -> datetime | None:
        """The cut, or an earlier midnight where of the finer level is still something before it."""
        if cut_us is None:
            return None
        first = self._first(finer, column, finer_from)
        if first is None:
            return to_datetime(cut_us)
        day = self._calendar.day(to_microseconds(first))
        return to_datetime(min(cut_us, self._calendar.midnight(day)))

    def _refuse_dirty(self, before: datetime) -> None:
        dirty = DirtyRange.objects.filter(panel=self.panel, first__lt=before).order_by("minute")
        first = dirty.values_list("first", flat=True).first()
        if first is not None:
            raise NotRolledUpError(first)

    def _delete(self, model: type[models.Model], column: str, moments: Sequence[datetime]) -> None:
        """Raises NotRolledUpError where a row has come in between since they were read."""
        rows = self._rows(model, column, moments[0], moments[-1] + _MICROSECOND)
        if rows.delete()[0] != len(moments):
            raise NotRolledUpError(moments[0])

    def _seal(self, levels: Sequence[type[models.Model]], start: datetime, end: datetime) -> None:
        for model in levels:
            self._rows(model, "start", start, end).filter(sealed=False).update(sealed=True)

    def _move(self, state: RollupState, name: str, moment: datetime) -> None:
        before = getattr(state, name)
        if before is None or before < moment:
            setattr(state, name, moment)
            state.save(update_fields=[name])
