from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard import ranges
from dashboard.ranges import Kind, Range

JAKARTA = ZoneInfo("Asia/Jakarta")
BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
AZORES = ZoneInfo("Atlantic/Azores")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "start", "end"),
    [
        ("day", "2007-02-07 17:00", "2007-02-08 17:00"),
        ("week", "2007-02-04 17:00", "2007-02-11 17:00"),
        ("month", "2007-01-31 17:00", "2007-02-28 17:00"),
        ("year", "2006-12-31 17:00", "2007-12-31 17:00"),
    ],
)
def test_calendar_ranges_follow_the_sites_midnight(kind: Kind, start: str, end: str) -> None:
    span = ranges.calendar(kind, date(2007, 2, 8), JAKARTA)
    assert (span.start, span.end) == (utc(start), utc(end))


def test_a_zone_of_half_hours_has_its_own_midnight() -> None:
    assert ranges.midnight(date(2026, 1, 2), KOLKATA) == utc("2026-01-01 18:30")


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_on_which_clocks_change_is_shorter_or_longer(day: str, hours: int) -> None:
    span = ranges.calendar("day", date.fromisoformat(day), BERLIN)
    assert span.duration == timedelta(hours=hours)


def test_a_day_whose_midnight_the_clocks_skip_begins_when_they_do() -> None:
    assert ranges.midnight(date(2018, 11, 4), SAO_PAULO) == utc("2018-11-04 03:00")
    assert ranges.local_day(utc("2018-11-04 03:00"), SAO_PAULO) == date(2018, 11, 4)


def test_a_day_with_two_midnights_begins_with_the_first() -> None:
    assert ranges.midnight(date(2026, 10, 25), AZORES) == utc("2026-10-25 00:00")


def test_weeks_begin_on_monday() -> None:
    for day in range(1, 15):
        assert ranges.calendar("week", date(2026, 11, day), JAKARTA).day.weekday() == 0


@pytest.mark.parametrize(
    ("kind", "day", "steps", "expected"),
    [
        ("day", "2007-03-01", -1, "2007-02-28"),
        ("week", "2007-01-01", -1, "2006-12-25"),
        ("month", "2007-01-31", 1, "2007-02-01"),
        ("month", "2007-01-01", -1, "2006-12-01"),
        ("month", "2007-11-01", 2, "2008-01-01"),
        ("year", "2008-02-29", 1, "2009-01-01"),
    ],
)
def test_the_next_and_the_previous_period(kind: Kind, day: str, steps: int, expected: str) -> None:
    span = ranges.calendar(kind, date.fromisoformat(day), JAKARTA)
    assert ranges.moved(span, steps, JAKARTA).day == date.fromisoformat(expected)


@pytest.mark.parametrize("kind", ranges.CALENDAR_KINDS)
def test_periods_follow_each_other_without_gap_or_overlap(kind: Kind) -> None:
    span = ranges.calendar(kind, date(2026, 1, 1), BERLIN)
    for _ in range(40):
        after = ranges.moved(span, 1, BERLIN)
        assert after.start == span.end
        assert ranges.moved(after, -1, BERLIN) == span
        span = after


def test_quarters_of_an_hour_are_those_of_the_local_clock() -> None:
    span = ranges.quarters(utc("2026-01-01 10:40"), utc("2026-01-01 11:20"), KOLKATA)
    assert (span.start, span.end) == (utc("2026-01-01 10:30"), utc("2026-01-01 11:30"))


def test_a_window_moves_by_its_own_length() -> None:
    span = ranges.window(utc("2026-01-01 10:00"), utc("2026-01-01 12:30"), JAKARTA)
    before = ranges.moved(span, -1, JAKARTA)
    assert (before.start, before.end) == (utc("2026-01-01 07:30"), utc("2026-01-01 10:00"))


def test_a_window_of_whole_days_stays_one_when_clocks_change() -> None:
    span = ranges.days(date(2026, 3, 27), date(2026, 3, 29), BERLIN)
    assert span.duration == timedelta(hours=71)
    after = ranges.moved(span, 1, BERLIN)
    assert ranges.whole_days(after, BERLIN) == (date(2026, 3, 30), date(2026, 4, 1))


def test_a_window_that_is_no_whole_days_says_so() -> None:
    span = ranges.window(utc("2026-01-01 10:00"), utc("2026-01-02 10:00"), JAKARTA)
    assert ranges.whole_days(span, JAKARTA) is None


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-02 00:00", "2026-01-02 00:00"),
        ("2026-01-02 00:00", "2026-01-01 00:00"),
        ("2026-01-02 00:00:10", "2026-01-02 00:00:50"),
        ("1900-01-02 00:00", "2026-01-01 00:00"),
        ("2026-01-02 00:00", "2400-01-01 00:00"),
    ],
)
def test_it_refuses_an_empty_or_unreasonable_window(start: str, end: str) -> None:
    with pytest.raises(ValueError, match="window"):
        ranges.window(utc(start), utc(end), JAKARTA)


def test_a_day_out_of_all_reason_becomes_the_nearest_one() -> None:
    assert ranges.calendar("day", date(1, 1, 1), JAKARTA).day == ranges.FIRST_DAY
    assert ranges.calendar("day", date(9999, 12, 31), JAKARTA).day == ranges.LAST_DAY


@pytest.mark.parametrize("kind", ranges.CALENDAR_KINDS)
def test_nothing_moves_out_of_what_can_be_asked_for(kind: Kind) -> None:
    with pytest.raises(ValueError, match="between"):
        ranges.moved(ranges.calendar(kind, ranges.FIRST_DAY, JAKARTA), -1, JAKARTA)
    with pytest.raises(ValueError, match="between"):
        ranges.moved(ranges.calendar(kind, ranges.LAST_DAY, JAKARTA), 1, JAKARTA)


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (ranges.calendar("day", date(2026, 10, 25), BERLIN), "hour"),
        (ranges.calendar("week", date(2026, 1, 1), BERLIN), "day"),
        (ranges.calendar("month", date(2026, 1, 1), BERLIN), "day"),
        (ranges.calendar("year", date(2026, 1, 1), BERLIN), "month"),
        (ranges.days(date(2026, 1, 1), date(2026, 1, 2), BERLIN), "hour"),
        (ranges.days(date(2026, 1, 1), date(2026, 1, 3), BERLIN), "day"),
        (ranges.days(date(2026, 1, 1), date(2026, 6, 3), BERLIN), "month"),
    ],
)
def test_energy_is_summed_by_what_can_be_told_apart(span: Range, step: str) -> None:
    assert ranges.step_of(span) == step
