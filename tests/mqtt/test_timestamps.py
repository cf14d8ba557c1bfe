from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.mqtt.errors import BadMessageError
from meters.mqtt.timestamps import parse_iso, parse_unix, to_datetime, to_microseconds

NOW = datetime(2026, 1, 15, 4, tzinfo=UTC)
NOW_US = to_microseconds(NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-15T10:30:45+07:00", datetime(2026, 1, 15, 3, 30, 45, tzinfo=UTC)),
        ("2026-01-15T03:30:45Z", datetime(2026, 1, 15, 3, 30, 45, tzinfo=UTC)),
        ("2026-01-15 03:30:45Z", datetime(2026, 1, 15, 3, 30, 45, tzinfo=UTC)),
        ("2026-01-15T03:30Z", datetime(2026, 1, 15, 3, 30, tzinfo=UTC)),
        ("2026-01-15T03:30:45.123456Z", datetime(2026, 1, 15, 3, 30, 45, 123456, tzinfo=UTC)),
        ("2026-01-15T03:30:45,5Z", datetime(2026, 1, 15, 3, 30, 45, 500000, tzinfo=UTC)),
        ("2026-01-15T03:30:45.123456789Z", datetime(2026, 1, 15, 3, 30, 45, 123456, tzinfo=UTC)),
        ("2026-01-15T10:30:45+0700", datetime(2026, 1, 15, 3, 30, 45, tzinfo=UTC)),
        ("2026-01-15T10:30:45+07", datetime(2026, 1, 15, 3, 30, 45, tzinfo=UTC)),
        ("2026-01-14T22:00:45-05:30", datetime(2026, 1, 15, 3, 30, 45, tzinfo=UTC)),
        (" 2026-01-15T03:30:45Z\n", datetime(2026, 1, 15, 3, 30, 45, tzinfo=UTC)),
    ],
)
def test_it_reads_iso_8601_with_an_offset(text: str, expected: datetime) -> None:
    assert to_datetime(parse_iso(text, now_us=NOW_US)) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2026-01-15T10:30:45", "no offset"),
        ("2026-01-15", "not ISO 8601"),
        ("15/01/2026 10:30", "not ISO 8601"),
        ("２０２６-01-15T10:30:45Z", "not ISO 8601"),
        ("", "not ISO 8601"),
        ("1768447845", "not ISO 8601"),
        ("2026-02-30T10:30:45Z", "no date"),
        ("2026-01-15T10:30:60Z", "no date"),
        ("2026-01-15T25:00:00Z", "no date"),
        ("2026-01-15T10:30:45+99:99", "no date"),
        ("0000-01-01T00:00:00Z", "no date"),
        ("0001-01-01T00:00:00+14:00", "before 2005"),
        ("9999-12-31T23:59:59-14:00", "future"),
        ("2004-12-31T23:59:59.999999Z", "before 2005"),
    ],
)
def test_it_rejects_other_iso_times_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(BadMessageError, match=why):
        parse_iso(text, now_us=NOW_US)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1768447845", 1_768_447_845_000_000),
        ("1768447845.5", 1_768_447_845_500_000),
        ("1.768447845e9", 1_768_447_845_000_000),
        ("1768447845123", 1_768_447_845_123_000),
        ("1768447845123456", 1_768_447_845_123_456),
        ("1768447845123456789", 1_768_447_845_123_457),
    ],
)
def test_the_magnitude_tells_the_unit_of_unix_time(text: str, microseconds: int) -> None:
    assert parse_unix(text, now_us=NOW_US) == microseconds


@pytest.mark.parametrize("text", ["0", "-1", "20260115", "1104537599", "1e-999999", "-1e20"])
def test_unix_time_before_2005_is_rejected(text: str) -> None:
    with pytest.raises(BadMessageError, match="before 2005"):
        parse_unix(text, now_us=NOW_US)


@pytest.mark.parametrize("text", ["1e999999", "1" * 4000, "1e99999999999999999999", "0e999999"])
def test_a_number_without_measure_is_rejected(text: str) -> None:
    with pytest.raises(BadMessageError, match="timestamp"):
        parse_unix(text, now_us=NOW_US)


def test_five_minutes_ahead_are_a_clock_that_runs_fast_and_more_is_a_wrong_clock() -> None:
    limit = NOW + timedelta(seconds=300)
    assert to_datetime(parse_iso(limit.isoformat(), now_us=NOW_US)) == limit
    with pytest.raises(BadMessageError, match="future"):
        parse_iso((limit + timedelta(microseconds=1)).isoformat(), now_us=NOW_US)


def test_the_first_moment_of_2005_is_accepted() -> None:
    first = datetime(2005, 1, 1, tzinfo=UTC)
    assert to_datetime(parse_iso(first.isoformat(), now_us=NOW_US)) == first


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))


@given(st.integers(0, 20 * 365 * 86_400 * 1_000_000), OFFSETS)
def test_a_moment_survives_the_way_there_and_back(age_us: int, zone: timezone) -> None:
    moment = (NOW - timedelta(microseconds=age_us)).astimezone(zone)
    assert to_datetime(parse_iso(moment.isoformat(), now_us=NOW_US)) == moment
    microseconds = str(to_microseconds(moment))
    assert to_datetime(parse_unix(microseconds, now_us=NOW_US)) == moment


@given(st.text(max_size=60) | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?[+-]\d\d:?\d\d"))
def test_arbitrary_text_is_a_moment_or_a_bad_message(text: str) -> None:
    for parse in (parse_iso, parse_unix):
        try:
            moment_us = parse(text, now_us=NOW_US)
        except BadMessageError:
            continue
        assert to_datetime(moment_us).tzinfo is UTC
