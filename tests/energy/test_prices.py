"""The prices in time order, against a reading of the tariff minute by minute."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from meters.energy.prices import (
    HolidayRule,
    Period,
    PriceSegment,
    Terms,
    Timeline,
    constant_offsets,
    day_start,
)
from meters.energy.validity import Span, spans

MINUTE = timedelta(minutes=1)
JAKARTA = ZoneInfo("Asia/Jakarta")
# Whole, half and three-quarter hours; clocks changed at 2:00, at midnight, by half an hour.
ZONES = [
    ZoneInfo(name)
    for name in (
        "Asia/Jakarta",
        "Asia/Kathmandu",
        "Europe/Berlin",
        "America/Santiago",
        "Africa/Cairo",
        "Australia/Lord_Howe",
    )
]
EVERY_DAY = frozenset(range(1, 8))


def peak(start: str, end: str, **changed: object) -> Period:
    values: dict[str, object] = {
        "name": "WBP",
        "weekdays": EVERY_DAY,
        "start": time.fromisoformat(start),
        "end": time.fromisoformat(end),
        "on_holidays": "ignore",
        "price_per_kwh": None,
    }
    return Period(**(values | changed))  # type: ignore[arg-type]


def terms(*periods: Period, base: str = "1000", factor: str = "1.5") -> Terms:
    return Terms("IDR", "LWBP", Decimal(base), Decimal(factor), periods)


def timeline(
    *versions: tuple[date, date, Terms], holidays: Sequence[date] = (), zone: ZoneInfo = JAKARTA
) -> Timeline:
    return Timeline(spans(versions), frozenset(holidays), zone)


def always(said: Terms) -> tuple[date, date, Terms]:
    return date(2000, 1, 1), date.max, said


def local(zone: ZoneInfo, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def clocks(segments: Sequence[PriceSegment], zone: ZoneInfo = JAKARTA) -> list[str]:
    return [
        f"{s.start.astimezone(zone):%a %H:%M}-{s.end.astimezone(zone):%H:%M} {s.period}"
        for s in segments
    ]


def january(first: int, last: int, line: Timeline) -> list[PriceSegment]:
    start, end = datetime(2026, 1, first, tzinfo=JAKARTA), datetime(2026, 1, last, tzinfo=JAKARTA)
    return list(line.segments(start, end))


def test_the_peak_costs_k_times_the_base_and_the_rest_the_base() -> None:
    segments = january(15, 16, timeline(always(terms(peak("17:00", "22:00")))))
    assert clocks(segments) == [
        "Thu 00:00-17:00 LWBP",
        "Thu 17:00-22:00 WBP",
        "Thu 22:00-00:00 LWBP",
    ]
    assert [s.price_per_kwh for s in segments] == [1000, 1500, 1000]
    assert segments[0].start == datetime(2026, 1, 14, 17, tzinfo=UTC)
    assert {s.start.tzinfo for s in segments} == {UTC}


def test_a_period_belongs_to_the_day_on_which_it_begins() -> None:
    nightly = peak("22:00", "06:00", weekdays=frozenset({5}))
    assert clocks(january(16, 18, timeline(always(terms(nightly))))) == [
        "Fri 00:00-22:00 LWBP",
        "Fri 22:00-06:00 WBP",
        "Sat 06:00-00:00 LWBP",
    ]


def test_from_midnight_to_midnight_is_the_whole_day() -> None:
    sundays = peak("00:00", "00:00", weekdays=frozenset({7}))
    assert clocks(january(17, 20, timeline(always(terms(sundays))))) == [
        "Sat 00:00-00:00 LWBP",
        "Sun 00:00-00:00 WBP",
        "Mon 00:00-00:00 LWBP",
    ]


@pytest.mark.parametrize(
    ("rule", "weekday", "applies"),
    [
        ("ignore", 4, True),
        ("ignore", 5, False),
        ("leave_out", 4, False),
        ("leave_out", 5, False),
        ("apply", 4, True),
        ("apply", 5, True),
    ],
)
def test_on_a_holiday_a_period_does_as_it_says(
    rule: HolidayRule, weekday: int, applies: bool
) -> None:
    thursday = date(2026, 1, 15)
    period = peak("17:00", "22:00", weekdays=frozenset({weekday}), on_holidays=rule)
    line = timeline(always(terms(period)), holidays=[thursday])
    assert any(s.period == "WBP" for s in january(15, 16, line)) == applies


def test_of_two_periods_that_apply_the_first_counts() -> None:
    special = peak("18:00", "19:00", name="special", price_per_kwh=Decimal(7))
    line = timeline(always(terms(special, peak("17:00", "22:00"))))
    assert clocks(january(15, 16, line))[1:4] == [
        "Thu 17:00-18:00 WBP",
        "Thu 18:00-19:00 special",
        "Thu 19:00-22:00 WBP",
    ]


def test_a_version_ends_where_the_next_begins_and_nothing_costs_nothing_before_the_first() -> None:
    line = timeline(
        (date(2026, 1, 10), date.max, terms(base="1")),
        (date(2026, 1, 12), date(2026, 1, 13), terms(base="2")),
    )
    segments = january(1, 31, line)
    assert [(s.start.astimezone(JAKARTA).day, s.price_per_kwh) for s in segments] == [
        (10, Decimal(1)),
        (12, Decimal(2)),
    ]
    assert segments[-1].end == datetime(2026, 1, 13, tzinfo=JAKARTA)


def test_an_empty_range_has_no_prices() -> None:
    line = timeline(always(terms()))
    noon = datetime(2026, 1, 15, 12, tzinfo=UTC)
    assert list(line.segments(noon, noon)) == []
    assert list(line.segments(noon, noon - timedelta(hours=1))) == []


def test_an_hour_that_happens_twice_is_at_its_price_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    line = timeline(always(terms(peak("02:00", "02:30"))), zone=berlin)
    segments = list(line.segments(local(berlin, "2026-10-25"), local(berlin, "2026-10-26")))
    assert [(s.end - s.start) / MINUTE for s in segments if s.period == "WBP"] == [30, 30]


def test_a_day_begins_with_its_first_moment_where_midnight_does_not_happen() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    start = day_start(date(2026, 4, 24), cairo)
    assert start.astimezone(cairo).time() == time(1)
    assert (start - MINUTE).astimezone(cairo).date() == date(2026, 4, 23)


@given(
    zone=st.sampled_from(ZONES),
    start_min=st.integers(0, 360 * 24 * 60),
    hours=st.integers(1, 300),
)
def test_offsets_are_constant_within_a_piece_and_the_pieces_leave_nothing_out(
    zone: ZoneInfo, start_min: int, hours: int
) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC) + start_min * MINUTE
    at, end = first, first + timedelta(hours=hours)
    for begin, finish, offset in constant_offsets(first, end, zone):
        assert begin == at < finish
        for moment in (begin, finish - timedelta(microseconds=1)):
            assert moment.astimezone(zone).utcoffset() == offset
        at = finish
    assert at == end


# -- against minute by minute ---------------------------------------------------------------------

quarters = st.integers(0, 95).map(lambda number: time(number // 4, number % 4 * 15))
periods = st.builds(
    Period,
    name=st.sampled_from(["WBP", "night", "weekend"]),
    weekdays=st.frozensets(st.integers(1, 7)),
    start=quarters,
    end=quarters,
    on_holidays=st.sampled_from(["ignore", "leave_out", "apply"]),
    price_per_kwh=st.one_of(st.none(), st.integers(1, 3).map(Decimal)),
)
tariffs = st.lists(periods, max_size=3).map(lambda found: terms(*found))


def price_at(
    moment: datetime, versions: Sequence[Span[Terms]], holidays: frozenset[date], zone: ZoneInfo
) -> tuple[str, Decimal] | None:
    """As a person would look it up: the clock on the wall, the version of today, its periods."""
    wall = moment.astimezone(zone)
    today, yesterday = wall.date(), wall.date() - timedelta(days=1)
    said = next((v.holds for v in versions if v.first <= today < v.until), None)
    if said is None:
        return None

    def runs(period: Period) -> bool:
        begins_today = period.begins_on(today.isoweekday(), today in holidays)
        began_yesterday = period.begins_on(yesterday.isoweekday(), yesterday in holidays)
        clock = wall.time()
        if period.start < period.end:
            return begins_today and period.start <= clock < period.end
        return (begins_today and clock >= period.start) or (began_yesterday and clock < period.end)

    for period in said.periods:
        if runs(period):
            price = period.price_per_kwh
            return period.name, said.price_per_kwh * said.peak_factor if price is None else price
    return said.rest_name, said.price_per_kwh


# Days around which the clocks of one of the zones are changed, and others.
DAYS = ["2026-01-15", "2026-03-29", "2026-10-25", "2026-04-24", "2026-10-29", "2026-04-05"]
DAYS += ["2026-09-06", "2026-10-04"]


@settings(max_examples=150)
@given(
    zone=st.sampled_from(ZONES),
    around=st.sampled_from(DAYS).map(date.fromisoformat),
    said=st.tuples(tariffs, tariffs),
    change=st.integers(-3, 3),
    ends=st.integers(1, 4),
    holidays=st.frozensets(st.integers(-2, 2)),
    start_min=st.integers(-2000, 500),
    length_min=st.integers(0, 3500),
)
@example(
    zone=ZoneInfo("Australia/Lord_Howe"),
    around=date(2026, 4, 5),
    said=(terms(peak("01:45", "02:15")), terms()),
    change=3,
    ends=1,
    holidays=frozenset(),
    start_min=-1000,
    length_min=3500,
)
def test_they_are_what_the_clock_on_the_wall_says_minute_by_minute(
    zone: ZoneInfo,
    around: date,
    said: tuple[Terms, Terms],
    change: int,
    ends: int,
    holidays: frozenset[int],
    start_min: int,
    length_min: int,
) -> None:
    changed = around + timedelta(days=change)
    versions = spans(
        [
            (around - timedelta(days=2), date.max, said[0]),
            (changed, changed + timedelta(days=ends), said[1]),
        ]
    )
    free = frozenset(around + timedelta(days=number) for number in holidays)
    start = datetime.combine(around, time(), UTC) + start_min * MINUTE
    end = start + length_min * MINUTE
    segments = list(Timeline(versions, free, zone).segments(start, end))
    assert all(s.start < s.end for s in segments)
    assert all(one.end <= other.start for one, other in zip(segments, segments[1:], strict=False))
    found: dict[datetime, tuple[str, Decimal]] = {}
    for segment in segments:
        at = segment.start
        while at < segment.end:
            found[at] = (segment.period, segment.price_per_kwh)
            at += MINUTE
    minutes = (start + number * MINUTE for number in range(length_min))
    expected = {at: price_at(at, versions, free, zone) for at in minutes}
    assert found == {at: price for at, price in expected.items() if price}


@pytest.mark.parametrize("zone", ["Asia/Jakarta", "America/New_York"])
@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_have_a_moment(zone: str, day: date) -> None:
    assert day_start(day, ZoneInfo(zone)).year in (1, 9999)
