"""A panel's history over any stretch of whole minutes, with work that follows what is asked for.

A stretch is taken apart into whole days, and towards its ends into hours, quarter-hours and minutes:
a year is some 370 rows, whatever was stored in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from meters.energy import tables
from meters.energy.bucket import Bucket, Load, added, quality, unpriced
from meters.energy.calendar import MINUTE_US, SECOND_US, Calendar, Level
from meters.energy.load import with_load
from meters.energy.minutes import Rules
from meters.energy.sql import Span
from meters.models import RollupState
from meters.mqtt.timestamps import to_microseconds


class Period(NamedTuple):
    """[start, end), microseconds since 1970, whole minutes."""

    start: int
    end: int

    @classmethod
    def of_minutes(cls, start_us: int, end_us: int) -> "Period":
        """Cut down to whole minutes."""
        return cls(start_us - start_us % MINUTE_US, end_us - end_us % MINUTE_US)

    def until(self, now_us: int) -> int:
        """How much of it has passed (microseconds): the future is not missing."""
        end = self.end if self.end < now_us else now_us  # a chart asks for it thousands of times
        return end - self.start if end > self.start else 0


def take_apart(
    calendar: Calendar, period: Period, coarsest: Level = Level.DAY
) -> dict[Level, list[Period]]:
    """The period in as few buckets as there are: whole days, then hours beside them, and so on."""
    parts: dict[Level, list[Period]] = {}
    left = [period]
    levels = list(Level)
    for level in reversed(levels[: levels.index(coarsest) + 1]):
        whole, beside = [], []
        for each in left:
            start, end = calendar.ceiling(level, each.start), calendar.start(level, each.end)
            if start < end:
                whole.append(Period(start, end))
                beside += [Period(each.start, start), Period(end, each.end)]
            else:
                beside.append(each)
        parts[level] = whole
        left = [each for each in beside if each.start < each.end]
    return parts


def read_parts(
    panel: int, parts: Mapping[Level, Sequence[Period]], names: Sequence[str]
) -> list[Sequence[Any]]:
    """(start, *columns) of the buckets that a period was taken apart into, in the order of time."""
    rows: list[Sequence[Any]] = []
    for level, some in parts.items():
        if some:
            spans = [Span(panel, part.start, part.end) for part in some]
            rows += tables.read_columns(level, spans, names)[panel]
    return sorted(rows, key=itemgetter(0))


def total(panel: int, rules: Rules, calendar: Calendar, period: Period) -> Bucket:
    """All that is known of the period, as one bucket with its load."""
    found: list[Bucket] = []
    for level, parts in take_apart(calendar, period).items():
        if parts:
            spans = [Span(panel, part.start, part.end) for part in parts]
            buckets = tables.read(level, spans)[panel]
            found += with_load(buckets, rules) if level is Level.MINUTE else buckets
    whole = Bucket(period.start, load=Load())
    for bucket in sorted(found, key=lambda each: each.start):
        whole.add(bucket)
    return whole


@dataclass(slots=True)
class EnergyOf:
    """The energy and cost of one stretch of time; as in `meters.models.Rollup`."""

    period: Period
    wh: float | None = None
    covered_s: float = 0.0
    recovered_s: float = 0.0
    cost: Decimal | None = None
    unpriced_wh: float = 0.0

    def add(
        self,
        wh: float | None,
        covered_s: float,
        recovered_s: float,
        cost: object | None,
        beside_cost_wh: float = 0.0,
    ) -> None:
        """Take in a part; its cost as the database's driver gives it."""
        if wh is not None:
            self.wh = (self.wh or 0.0) + wh
        self.covered_s += covered_s
        self.recovered_s += recovered_s
        self.cost = added(self.cost, None if cost is None else Decimal(str(cost)))
        self.unpriced_wh += unpriced(wh, cost, beside_cost_wh)

    def coverage(self, now_us: int) -> float:
        """The share, 0 to 1, of the time passed whose energy is known."""
        return share(self.covered_s + self.recovered_s, self.period, now_us)

    def recovered(self, now_us: int) -> float:
        return share(self.recovered_s, self.period, now_us)

    def quality(self, now_us: int) -> str:
        return quality(self.wh, self.recovered_s, self.coverage(now_us))


def share(seconds: float, period: Period, now_us: int) -> float:
    """Seconds as a share of the time of the period that has passed."""
    passed_us = period.until(now_us)
    return min(1.0, seconds * SECOND_US / passed_us) if seconds and passed_us else 0.0


def energy_of(
    panel: int, calendar: Calendar, periods: Sequence[Period], coarsest: Level = Level.DAY
) -> list[EnergyOf]:
    """The energy of each of the periods, which follow one another and begin and end with buckets of
    the level `coarsest`, but for the first and the last."""
    results = [EnergyOf(period) for period in periods]
    whole = Period(periods[0].start, periods[-1].end)
    for level, parts in take_apart(calendar, whole, coarsest).items():
        if parts:
            spans = [Span(panel, part.start, part.end) for part in parts]
            columns, place = tables.energy_columns(level), 0
            for start, *energy in tables.read_columns(level, spans, columns)[panel]:
                while results[place].period.end <= start:
                    place += 1
                results[place].add(*energy)
    return results


def energy_by_hour(
    panel: int, calendar: Calendar, period: Period, hours_from: int
) -> list[EnergyOf]:
    """The energy of each hour that the period touches; before `hours_from`, where hours are not
    kept, of each day."""
    cut = min(max(calendar.ceiling(Level.DAY, hours_from), period.start), period.end)
    found: list[EnergyOf] = []
    for level, part in (
        (Level.DAY, Period(period.start, cut)),
        (Level.HOUR, Period(cut, period.end)),
    ):
        if part.start < part.end:
            found += energy_of(panel, calendar, buckets(calendar, level, part), level)
    return found


def kept_from(panel: int) -> dict[Level, int]:
    """From when on the panel's levels are there, of those that have been pruned."""
    states = RollupState.objects.filter(panel=panel).values_list("minutes_from", "hours_from")
    minutes_from, hours_from = next(iter(states), (None, None))
    moments = {Level.MINUTE: minutes_from, Level.QUARTER: hours_from, Level.HOUR: hours_from}
    return {level: to_microseconds(at) for level, at in moments.items() if at is not None}


def is_pruned(calendar: Calendar, period: Period, kept: Mapping[Level, int]) -> bool:
    """Whether a part of the period could only be told by what is no longer kept."""
    return period.start < max(kept.values(), default=period.start) and any(
        part.start < kept[level]
        for level, parts in take_apart(calendar, period).items()
        if level in kept
        for part in parts
    )


def months(calendar: Calendar, period: Period) -> list[Period]:
    """The site's months that the period touches, cut to it."""
    pieces, start = [], period.start
    while start < period.end:
        day = calendar.day(start).replace(day=1)
        after = day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)
        end = min(period.end, calendar.midnight(after))
        pieces.append(Period(start, end))
        start = end
    return pieces


def buckets(calendar: Calendar, level: Level, period: Period) -> list[Period]:
    """The buckets of a level that the period touches, cut to it."""
    inner = calendar.edges(level, period.start, period.end)[1:-1]
    return [Period(*edges) for edges in pairwise([period.start, *inner, period.end])]
