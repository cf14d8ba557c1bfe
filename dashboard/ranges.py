"""Ranges of time as people choose them: days, weeks, months and years of the site, and windows.

Pure, and the only place that turns a calendar day into moments: a day lasts 23 or 25 hours where
clocks change, and some zones have a day without a midnight.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

Kind = Literal["day", "week", "month", "year", "custom"]
Step = Literal["hour", "day", "month"]
KINDS: tuple[Kind, ...] = get_args(Kind)
CALENDAR_KINDS = KINDS[:4]

# A window of this length or less has its energy drawn by hours, then by days, then by months.
_BY_HOUR = timedelta(days=2, hours=2)
_BY_DAY = timedelta(days=92)
_STEPS: dict[Kind, Step] = {"day": "hour", "week": "day", "month": "day", "year": "month"}
# What the history of panels is asked for, with room on both sides for zones and whole weeks.
FIRST_DAY = date(2006, 1, 1)
LAST_DAY = date(2098, 12, 31)


@dataclass(frozen=True, slots=True)
class Range:
    """[start, end) in UTC. `day` is the local day that stands for it in an address: the one in
    which it begins."""

    kind: Kind
    day: date
    start: datetime
    end: datetime

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which the local day begins: the first instant of that date."""
    # fold=0: of two midnights the first; a midnight that the clocks skip is the moment they do.
    return datetime.combine(day, time(), zone).astimezone(UTC)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def calendar(kind: Kind, day: date, zone: ZoneInfo) -> Range:
    """The day, week (from Monday), month or year that holds the local day."""
    day = min(max(day, FIRST_DAY), LAST_DAY)
    first = _first(kind, day)
    return Range(kind, first, midnight(first, zone), midnight(_moved(kind, first, 1), zone))


def window(start: datetime, end: datetime, zone: ZoneInfo) -> Range:
    """Any window; ValueError when it is empty or lies out of all reason. History is cut down to
    whole minutes: a window within one of them is empty, too."""
    if start.replace(second=0, microsecond=0) >= end.replace(second=0, microsecond=0):
        raise ValueError("A window ends in a later minute than it begins.")
    first, last = local_day(start, zone), local_day(end, zone)
    if first < FIRST_DAY or last > LAST_DAY:
        raise ValueError(f"A window lies between {FIRST_DAY} and {LAST_DAY}.")
    return Range("custom", first, start.astimezone(UTC), end.astimezone(UTC))


def days(first: date, last: date, zone: ZoneInfo) -> Range:
    """The window of whole local days from `first` to `last`, both included; ValueError as above."""
    return window(midnight(first, zone), midnight(last + timedelta(days=1), zone), zone)


def quarters(first: datetime, last: datetime, zone: ZoneInfo) -> Range:
    """The whole quarter-hours of the local clock that hold both moments."""
    start, end = (
        at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
        for at in (first.astimezone(zone), last.astimezone(zone))
    )
    return window(start.astimezone(UTC), end.astimezone(UTC) + timedelta(minutes=15), zone)


def moved(span: Range, steps: int, zone: ZoneInfo) -> Range:
    """The range `steps` before (negative) or after this one; a window moves by its own length.
    ValueError where that leaves what can be asked for."""
    if span.kind != "custom":
        day = _moved(span.kind, span.day, steps)
        if not FIRST_DAY <= day <= LAST_DAY:
            raise ValueError(f"Days lie between {FIRST_DAY} and {LAST_DAY}.")
        return calendar(span.kind, day, zone)
    whole = whole_days(span, zone)
    if whole is None:
        return window(span.start + steps * span.duration, span.end + steps * span.duration, zone)
    first, last = whole
    # Whole days stay whole days, also over a change of the clocks.
    by = timedelta(days=steps * ((last - first).days + 1))
    return days(first + by, last + by, zone)


def whole_days(span: Range, zone: ZoneInfo) -> tuple[date, date] | None:
    """The first and the last local day, where the range begins and ends at a local midnight."""
    last = local_day(span.end - timedelta(microseconds=1), zone)
    edges = midnight(span.day, zone), midnight(last + timedelta(days=1), zone)
    return (span.day, last) if edges == (span.start, span.end) else None


def step_of(span: Range) -> Step:
    """What the range's energy is summed by."""
    if span.kind != "custom":
        return _STEPS[span.kind]
    if span.duration <= _BY_HOUR:
        return "hour"
    return "day" if span.duration <= _BY_DAY else "month"


def _first(kind: Kind, day: date) -> date:
    if kind == "week":
        return day - timedelta(days=day.weekday())
    if kind == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if kind == "year" else day


def _moved(kind: Kind, first: date, steps: int) -> date:
    if kind in ("month", "year"):
        months = first.year * 12 + first.month - 1 + steps * (12 if kind == "year" else 1)
        return date(months // 12, months % 12 + 1, 1)
    return first + timedelta(days=steps * (7 if kind == "week" else 1))
