"""Where buckets begin: minutes and quarter-hours anywhere, hours and days by the site's clock.

Moments are whole microseconds since 1970. Every offset in use since 2005 is a multiple of a quarter
of an hour, so quarter-hours of UTC are those of any site, and hours and days consist of them.
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.conf import settings

from meters.mqtt.timestamps import to_datetime, to_microseconds

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
TEN_MINUTES_US = 10 * MINUTE_US
QUARTER_US = 15 * MINUTE_US
HOUR_US = 60 * MINUTE_US


class Level(StrEnum):
    """The lengths of buckets there are tables of, from the finest to the coarsest."""

    MINUTE = "minute"
    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"


_FIXED = {Level.MINUTE: MINUTE_US, Level.QUARTER: QUARTER_US}


class Calendar:
    """The buckets of a site in `zone`."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def start(self, level: Level, moment_us: int) -> int:
        """The start of the bucket that the moment lies in."""
        width = _FIXED.get(level)
        if width is not None:
            return moment_us - moment_us % width
        day = self.day(moment_us)
        if level is Level.DAY:
            return self.midnight(day)
        edges = _day_edges(self.zone, day)
        return edges[bisect_right(edges, moment_us) - 1]

    def end(self, level: Level, moment_us: int) -> int:
        """The start of the bucket after the one that the moment lies in."""
        width = _FIXED.get(level)
        if width is not None:
            return moment_us - moment_us % width + width
        day = self.day(moment_us)
        if level is Level.DAY:
            return self.midnight(day + timedelta(days=1))
        edges = _day_edges(self.zone, day)
        return edges[bisect_right(edges, moment_us)]

    def ceiling(self, level: Level, moment_us: int) -> int:
        """The first start of a bucket at or after the moment."""
        return self.end(level, moment_us - 1)

    def edges(self, level: Level, start_us: int, end_us: int) -> list[int]:
        """The starts of all buckets that touch [start, end), and the end of the last one."""
        first = self.start(level, start_us)
        width = _FIXED.get(level)
        if width is not None:
            return [*range(first, end_us, width), self.ceiling(level, max(end_us, first))]
        edges = [first]
        day = self.day(first)
        while edges[-1] < end_us:
            midnight = self.midnight(day + timedelta(days=1))
            if level is Level.HOUR:
                hours = _day_edges(self.zone, day)
                edges += hours[bisect_right(hours, edges[-1]) : -1]
            if midnight > edges[-1]:  # a site that crosses the date line leaves out a day
                edges.append(midnight)
            day += timedelta(days=1)
        return edges[: bisect_left(edges, end_us) + 1]

    def day(self, moment_us: int) -> date:
        """The site's day. Where the clock is put back from just after midnight, the last hour of
        the old day that comes again counts to the new one, so that days follow one another."""
        day = to_datetime(moment_us).astimezone(self.zone).date()
        tomorrow = day + timedelta(days=1)
        return tomorrow if moment_us >= self.midnight(tomorrow) else day

    def midnight(self, day: date) -> int:
        """When the day begins: 00:00, or where clocks are put forward over it, that moment."""
        return _midnight(self.zone, day)


def site_calendar() -> Calendar:
    """That of this installation's site."""
    return Calendar(ZoneInfo(settings.TIME_ZONE))


@lru_cache(maxsize=65_536)
def _midnight(zone: ZoneInfo, day: date) -> int:
    return to_microseconds(datetime.combine(day, time(), zone).astimezone(UTC))


@lru_cache(maxsize=8_192)
def _day_edges(zone: ZoneInfo, day: date) -> tuple[int, ...]:
    """The starts of the day's hours, and its end. An hour begins when the clock shows a full one,
    and whenever the clock is changed."""
    start, end = _midnight(zone, day), _midnight(zone, day + timedelta(days=1))
    clock = [
        to_datetime(moment_us).astimezone(zone)
        for moment_us in range(start - QUARTER_US, end, QUARTER_US)
    ]
    edges = [start]
    for before, moment in pairwise(clock):
        moment_us = to_microseconds(moment)
        changed = moment.utcoffset() != before.utcoffset()
        if moment_us > start and (moment.minute == 0 or changed):
            edges.append(moment_us)
    return (*edges, end)
