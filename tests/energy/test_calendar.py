"""Where buckets begin, against a walk over the site's clock minute by minute."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meters.energy.calendar import Calendar, Level

# Between them: whole, half and quarter-hour offsets; clocks changed by an hour and by half of one,
# at two in the night and at midnight, and a day that never was (Samoa, 30 December 2011).
ZONES = [
    "UTC",
    "Asia/Jakarta",
    "Europe/Berlin",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Pacific/Chatham",
    "Pacific/Apia",
]
HOUR_US = 3_600_000_000


def us(moment: datetime) -> int:
    return round(moment.timestamp()) * 1_000_000


def clock(moment_us: int, zone: str) -> datetime:
    return datetime.fromtimestamp(moment_us // 1_000_000, UTC).astimezone(ZoneInfo(zone))


def walk(zone: str, start: datetime, end: datetime) -> tuple[list[datetime], list[datetime]]:
    """(the hours', the days' starts) in [start, end): each minute of the site's clock is looked at.
    An hour begins at a full one and where the clock is changed, a day with a later date."""
    hours, days = [], []
    before = (start - timedelta(minutes=1)).astimezone(ZoneInfo(zone))
    moment = start
    while moment < end:
        now = moment.astimezone(ZoneInfo(zone))
        if now.minute == 0 or now.utcoffset() != before.utcoffset():
            hours.append(moment)
        if now.date() > before.date():
            days.append(moment)
        before, moment = now, moment + timedelta(minutes=1)
    return hours, days


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("Asia/Jakarta", date(2026, 1, 15)),
        ("Europe/Berlin", date(2026, 3, 28)),
        ("Europe/Berlin", date(2026, 10, 24)),
        ("America/St_Johns", date(2026, 3, 7)),
        ("America/St_Johns", date(2026, 10, 31)),
        ("Asia/Kathmandu", date(2026, 1, 15)),
        ("Australia/Lord_Howe", date(2026, 4, 4)),
        ("Australia/Lord_Howe", date(2026, 10, 3)),
        ("America/Sao_Paulo", date(2018, 11, 3)),
        ("Africa/Cairo", date(2026, 4, 23)),
        ("Pacific/Apia", date(2011, 12, 28)),
    ],
)
def test_hours_and_days_are_those_of_the_sites_clock(zone: str, first: date) -> None:
    calendar = Calendar(ZoneInfo(zone))
    start = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    hours, days = walk(zone, start, start + timedelta(days=3))
    end_us = us(start + timedelta(days=3))
    for level, expected in ((Level.HOUR, hours), (Level.DAY, days)):
        edges = calendar.edges(level, us(start), end_us)
        assert [edge for edge in edges if edge < end_us] == [us(moment) for moment in expected]


def lengths_h(zone: str, day: date) -> tuple[float, list[float]]:
    """(the day's length, those of its hours), all in hours."""
    calendar = Calendar(ZoneInfo(zone))
    start = calendar.midnight(day)
    end = calendar.end(Level.DAY, start)
    hours = calendar.edges(Level.HOUR, start, end)
    assert hours[-1] == end
    return (end - start) / HOUR_US, [
        (after - before) / HOUR_US for before, after in pairwise(hours)
    ]


@pytest.mark.parametrize(
    ("zone", "day", "day_h", "hours"),
    [
        ("Asia/Jakarta", date(2026, 3, 29), 24, 24),
        ("Europe/Berlin", date(2026, 3, 29), 23, 23),
        ("Europe/Berlin", date(2026, 10, 25), 25, 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23, 23),
        ("America/Sao_Paulo", date(2018, 2, 17), 25, 25),
        ("Africa/Cairo", date(2026, 4, 24), 23, 23),
        ("Africa/Cairo", date(2026, 10, 29), 25, 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5, 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5, 24),
    ],
)
def test_a_day_on_which_the_clock_is_changed_is_as_long_as_it_is(
    zone: str, day: date, day_h: float, hours: int
) -> None:
    assert lengths_h(zone, day)[0] == day_h
    assert len(lengths_h(zone, day)[1]) == hours


def test_a_day_begins_at_the_sites_midnight_and_not_at_that_of_utc() -> None:
    calendar = Calendar(ZoneInfo("Asia/Jakarta"))
    midnight = us(datetime(2026, 1, 14, 17, tzinfo=UTC))
    assert calendar.midnight(date(2026, 1, 15)) == midnight
    assert calendar.start(Level.DAY, midnight) == midnight
    assert calendar.day(midnight) == date(2026, 1, 15)
    assert calendar.day(midnight - 1) == date(2026, 1, 14)
    assert calendar.end(Level.DAY, midnight - 1) == midnight


def test_a_day_that_the_clock_skips_over_midnight_begins_when_the_clock_jumps() -> None:
    calendar = Calendar(ZoneInfo("America/Sao_Paulo"))
    jump = us(datetime(2018, 11, 4, 3, tzinfo=UTC))
    assert calendar.midnight(date(2018, 11, 4)) == jump
    assert clock(jump, "America/Sao_Paulo").hour == 1


def test_days_follow_one_another_where_the_clock_goes_back_over_midnight() -> None:
    """Until 2011 Newfoundland went back from 00:01 to 23:01 of the day before."""
    calendar = Calendar(ZoneInfo("America/St_Johns"))
    midnight = calendar.midnight(date(2006, 10, 29))
    days = [calendar.day(midnight + minutes * 60_000_000) for minutes in range(-90, 180)]
    assert days == sorted(days)
    assert set(days) == {date(2006, 10, 28), date(2006, 10, 29)}


def test_a_start_is_its_own_ceiling() -> None:
    calendar = Calendar(ZoneInfo("Asia/Kathmandu"))
    for level in Level:
        start = calendar.start(level, us(datetime(2026, 1, 15, 12, 34, tzinfo=UTC)))
        assert calendar.ceiling(level, start) == start
        assert calendar.ceiling(level, start + 1) == calendar.end(level, start)


def test_days_are_told_without_a_look_at_their_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hours of a day take a hundred times as long, and a chart of ten years has 3,653 days."""

    def looked_at(*_: object) -> tuple[int, ...]:
        raise AssertionError("the hours were looked at")

    monkeypatch.setattr("meters.energy.calendar._day_edges", looked_at)
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    start = us(datetime(2016, 1, 1, 12, tzinfo=UTC))
    assert len(calendar.edges(Level.DAY, start, start + 3653 * 24 * HOUR_US)) == 3655


moments = st.datetimes(datetime(2005, 1, 2), datetime(2050, 1, 1)).map(  # noqa: DTZ001
    lambda moment: us(moment.replace(tzinfo=UTC, microsecond=0)) + moment.microsecond
)
# Two in three near a change of clocks, where mistakes are.
near_changes = st.tuples(
    st.sampled_from(
        [
            datetime(2026, 3, 29, 1, tzinfo=UTC),
            datetime(2026, 10, 25, 1, tzinfo=UTC),
            datetime(2018, 11, 4, 3, tzinfo=UTC),
            datetime(2018, 2, 18, 2, tzinfo=UTC),
            datetime(2026, 4, 4, 15, tzinfo=UTC),
            datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
            datetime(2026, 10, 29, 21, tzinfo=UTC),
            datetime(2006, 10, 29, 2, 31, tzinfo=UTC),
            datetime(2011, 12, 30, 10, tzinfo=UTC),
        ]
    ),
    st.integers(-26 * HOUR_US, 26 * HOUR_US),
).map(lambda chosen: us(chosen[0]) + chosen[1])


@settings(max_examples=300)
@given(moment=st.one_of(moments, near_changes, near_changes), zone=st.sampled_from(ZONES))
def test_the_buckets_of_a_level_part_time_and_consist_of_whole_finer_ones(
    moment: int, zone: str
) -> None:
    calendar = Calendar(ZoneInfo(zone))
    finer: Level | None = None
    for level in Level:
        start, end = calendar.start(level, moment), calendar.end(level, moment)
        assert start <= moment < end
        for inside in (start, (start + end) // 2, end - 1):
            assert (calendar.start(level, inside), calendar.end(level, inside)) == (start, end)
        assert calendar.start(level, end) == end
        assert calendar.end(level, start - 1) == start
        if level is not Level.DAY:
            assert end - start <= HOUR_US
        if finer is not None:
            parts = calendar.edges(finer, start, end)
            assert (parts[0], parts[-1]) == (start, end)
            assert parts == sorted(set(parts))
        finer = level
    assert clock(calendar.start(Level.DAY, moment), zone).date() == calendar.day(moment)
