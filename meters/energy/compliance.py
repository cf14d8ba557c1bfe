"""Voltage compliance: a week's ten-minute means against a band, as EN 50160 judges.

A single reading beyond a limit is no breach; only ten-minute means count. The standard's own text
was not read: the figures are those that several public sources agree on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection

from meters.energy.calendar import SECOND_US, TEN_MINUTES_US, Calendar
from meters.energy.history import Period
from meters.energy.sql import micros, read_micros
from meters.models import VoltageTenMinutes
from meters.models.bulk import quoted, written_time

_MEASURED = 0.8  # of its ten minutes a mean must rest on
_ENOUGH = 0.9  # of a week's means there must be for a verdict


@dataclass(frozen=True, slots=True)
class Band:
    """In percent of the nominal voltage: `share` of a week's means lie within `low` to `high`, and
    all within `outer_low` to `outer_high` where there are such limits."""

    name: str
    title: str
    low: float
    high: float
    share: float
    outer_low: float | None = None
    outer_high: float | None = None
    source: str = ""

    def limits(self, nominal_v: float) -> tuple[float, float]:
        """(lowest, highest) of a compliant voltage; by division last: 253 V, and not 253.00…03."""
        return nominal_v * (100 + self.low) / 100, nominal_v * (100 + self.high) / 100


BANDS = {
    band.name: band
    for band in (
        Band("en50160", "EN 50160", -10, 10, 0.95, -15, 10, "EN 50160, low voltage (secondary)"),
        Band(
            "spln",
            "SPLN 1",
            -10,
            5,
            0.95,
            source="SPLN 1:1995, service voltage (secondary); judged by EN 50160's ten-minute means",
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Week:
    """A week of the site, from Monday to Monday. `measured` of the `expected` ten-minute means are
    known, `outside` of them beyond the band, `beyond` the outer limits."""

    start: int
    end: int
    expected: int
    measured: int
    outside: int
    beyond: int
    lowest_v: float | None
    lowest_at: int | None
    highest_v: float | None
    highest_at: int | None

    @property
    def coverage(self) -> float:
        return self.measured / self.expected

    def verdict(self, band: Band) -> str:
        """`fail` as soon as no mean that is missing could change it; `pass` where enough is known;
        else `inconclusive`."""
        allowed = 1 - band.share
        if self.beyond or self.outside > allowed * self.expected:
            return "fail"
        if self.coverage < _ENOUGH:
            return "inconclusive"
        return "fail" if self.outside > allowed * self.measured else "pass"


def weeks(calendar: Calendar, period: Period) -> list[Period]:
    """The site's weeks that the period touches, whole ones."""
    day: date = calendar.day(period.start)
    day -= timedelta(days=day.weekday())
    found = []
    while calendar.midnight(day) < period.end:
        after = day + timedelta(days=7)
        found.append(Period(calendar.midnight(day), calendar.midnight(after)))
        day = after
    return found


def compliance(
    panel: int, nominal_v: float, band: Band, some_weeks: Sequence[Period]
) -> list[Week]:
    """Each week's figures. Few statements for all weeks; each week is a walk over a thousand rows of
    the key."""
    figures = _figures(panel, some_weeks)
    low_v, high_v = band.limits(nominal_v)
    leaving = [
        number
        for number, (_, low, high) in enumerate(figures)
        if low is not None and high is not None and (low < low_v or high > high_v)
    ]
    outside = _outside(panel, nominal_v, band, {place: some_weeks[place] for place in leaving})
    lowest, highest = (
        _moments(panel, some_weeks, [each[column] for each in figures]) for column in (1, 2)
    )
    return [
        Week(
            week.start,
            week.end,
            (week.end - week.start) // TEN_MINUTES_US,
            measured,
            *outside.get(number, (0, 0)),
            low,
            lowest.get(number),
            high,
            highest.get(number),
        )
        for number, (week, (measured, low, high)) in enumerate(
            zip(some_weeks, figures, strict=True)
        )
    ]


_TABLE = VoltageTenMinutes._meta.db_table


def _figures(
    panel: int, some_weeks: Sequence[Period]
) -> list[tuple[int, float | None, float | None]]:
    """(measured, lowest, highest) of each week."""
    statement = f"SELECT %s, COUNT(*), MIN(mean), MAX(mean) FROM {quoted(_TABLE)} WHERE {_IN_WEEK}"  # noqa: S608
    rows = _of_each_week(
        statement, [(number, *_in_week(panel, week)) for number, week in enumerate(some_weeks)]
    )
    return [
        (measured, low, high)
        for _, measured, low, high in sorted(rows, key=lambda row: int(row[0]))
    ]


def _outside(
    panel: int, nominal_v: float, band: Band, some_weeks: Mapping[int, Period]
) -> dict[int, tuple[int, int]]:
    """(outside the band, beyond the outer limits) of each week, by its number. To be asked of the
    weeks that leave the band, which are few: to judge each mean takes longer than to read it."""
    outer_low_v = -1.0 if band.outer_low is None else nominal_v * (100 + band.outer_low) / 100
    outer_high_v = 1e9 if band.outer_high is None else nominal_v * (100 + band.outer_high) / 100
    statement = (
        "SELECT %s, COUNT(*), COUNT(CASE WHEN mean < %s OR mean > %s THEN 1 END) "  # noqa: S608
        f"FROM {quoted(_TABLE)} WHERE {_IN_WEEK} AND (mean < %s OR mean > %s)"
    )
    wanted = [
        (number, outer_low_v, outer_high_v, *_in_week(panel, week), *band.limits(nominal_v))
        for number, week in some_weeks.items()
    ]
    return {int(number): (out, beyond) for number, out, beyond in _of_each_week(statement, wanted)}


def _moments(
    panel: int, some_weeks: Sequence[Period], means: Sequence[float | None]
) -> dict[int, int]:
    """When each week's mean of that value began, the first of them, by the week's number. (Sorting
    the weeks for it would take three times as long.)"""
    statement = (
        f"SELECT * FROM (SELECT %s AS number, {micros('start')} FROM {quoted(_TABLE)} "  # noqa: S608
        f"WHERE {_IN_WEEK} AND mean = %s ORDER BY {quoted('start')} LIMIT 1) AS first_of_it"
    )
    wanted = [
        (number, *_in_week(panel, week), mean)
        for number, (week, mean) in enumerate(zip(some_weeks, means, strict=True))
        if mean is not None
    ]
    rows = _of_each_week(statement, wanted)
    return {row[0]: row[1] for row in read_micros(rows, (1,))}


_IN_WEEK = "panel_id = %s AND start >= %s AND start < %s AND covered_s >= %s"


def _in_week(panel: int, week: Period) -> tuple[Any, ...]:
    # A ten minutes that two weeks share (a site whose midnight is no full ten minutes of UTC) counts
    # to the one in which it begins.
    least_s = _MEASURED * TEN_MINUTES_US / SECOND_US
    return panel, written_time(week.start), written_time(week.end), least_s


def _of_each_week(statement: str, parameters: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
    if not parameters:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join([statement] * len(parameters)),
            [value for some in parameters for value in some],
        )
        return list(cursor.fetchall())
