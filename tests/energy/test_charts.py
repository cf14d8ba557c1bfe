"""The points of a chart: as many as were asked for, whatever was stored, with every gap in them."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meters.energy import charts
from meters.energy.calendar import Calendar, Level
from meters.energy.charts import Chart, chart
from meters.energy.history import Period
from meters.energy.readings import Subject
from meters.models import Panel, RollupState
from meters.mqtt.timestamps import to_datetime
from tests.energy import brute_force
from tests.energy.filling import fill_and_roll

S = 1_000_000
MINUTE, HOUR, DAY = 60 * S, 3600 * S, 86_400 * S
JAKARTA = Calendar(ZoneInfo("Asia/Jakarta"))
START = JAKARTA.midnight(date(2026, 1, 12))  # a Monday
LATER = START + 4000 * DAY
pytestmark = pytest.mark.django_db


@pytest.fixture
def panel() -> Panel:
    return Panel.objects.create(name="trafo1", max_gap_s=300)


def shown(
    panel: Panel,
    start: int,
    end: int,
    points: int = 500,
    now: int = LATER,
    metrics: tuple[str, ...] = ("power",),
) -> Chart:
    panel.refresh_from_db()
    return chart(Subject.of(panel), JAKARTA, Period(start, end), metrics, points, now)


def every(
    step: int, start: int, end: int, watt: float = 100.0
) -> list[tuple[int, dict[str, float]]]:
    return [
        (moment, {"power": watt + place % 7})
        for place, moment in enumerate(range(start, end, step))
    ]


@pytest.mark.parametrize(
    ("length", "points", "level", "step_s"),
    [
        (8 * HOUR, 500, "minute", 60),
        (9 * HOUR, 500, "minute", 120),
        (DAY, 500, "minute", 180),
        (DAY, 300, "minute", 300),
        (2 * DAY, 500, "quarter", 900),
        (7 * DAY, 500, "quarter", 1800),
        (31 * DAY, 500, "hour", 7200),
        (366 * DAY, 500, "day", 86_400),
        (5 * 366 * DAY, 500, "day", 4 * 86_400),
        (366 * DAY, 60, "day", 7 * 86_400),
    ],
)
def test_the_level_follows_from_what_is_drawn(
    panel: Panel, length: int, points: int, level: str, step_s: float
) -> None:
    found = shown(panel, START, START + length, points)
    assert (found.level, found.step_s) == (level, step_s)
    assert len(found.points) <= points + 1
    assert len(found.points) >= points / 8


@settings(max_examples=150)
@given(
    start=st.integers(0, 3 * 366 * 1440),
    minutes=st.one_of(st.integers(1, 3000), st.integers(3000, 3 * 366 * 1440)),
    points=st.integers(2, 1500),
    zone=st.sampled_from(["Asia/Jakarta", "Europe/Berlin", "Asia/Kathmandu"]),
)
def test_the_points_cover_the_period_without_a_hole_and_none_is_out_of_proportion(
    start: int, minutes: int, points: int, zone: str
) -> None:
    calendar = Calendar(ZoneInfo(zone))
    period = Period(START + start * MINUTE, START + (start + minutes) * MINUTE)
    level, several = charts._step(period, points)
    edges = charts._merged_edges(calendar, level, several, period)
    assert edges[0] <= period.start < period.end <= edges[-1]
    step = several * {"minute": 60, "quarter": 900, "hour": 3600, "day": 86_400}[level] * S
    longest = max(after - before for before, after in pairwise(edges))
    assert longest <= step + HOUR  # of the day on which clocks go back


@pytest.mark.parametrize("several", [2, 3, 4, 6])
@pytest.mark.parametrize("day", [date(2026, 4, 5), date(2026, 10, 4)])
def test_no_point_is_out_of_proportion_where_clocks_are_changed_by_half_an_hour(
    several: int, day: date
) -> None:
    calendar = Calendar(ZoneInfo("Australia/Lord_Howe"))
    start = calendar.midnight(day)
    period = Period(start, calendar.end(Level.DAY, start) + DAY)
    edges = charts._merged_edges(calendar, Level.HOUR, several, period)
    lengths = [after - before for before, after in pairwise(edges)]
    assert max(lengths) <= several * HOUR + HOUR // 2
    assert len(lengths) <= 2 * (24 // several + 1)


def test_points_of_several_hours_stand_at_the_same_times_every_day(panel: Panel) -> None:
    found = shown(panel, START + 5 * HOUR, START + 40 * DAY, 500)
    assert found.step_s == 7200
    assert {(point.start - START) % (2 * HOUR) for point in found.points[1:]} == {0}


def test_points_of_a_week_begin_on_mondays(panel: Panel) -> None:
    found = shown(panel, START + 3 * DAY, START + 366 * DAY, 60)
    assert found.step_s == 7 * 86_400
    assert {(point.start - START) % (7 * DAY) for point in found.points[1:]} == {0}


def test_each_points_figures_are_those_of_its_readings(panel: Panel) -> None:
    samples = every(7 * S, START, START + 3 * HOUR) + every(
        11 * S, START + 5 * HOUR, START + 6 * HOUR
    )
    fill_and_roll(panel, samples)
    readings = [(moment, values["power"]) for moment, values in samples]
    for start_min, end_min, points in (
        *((0, 360, 100), (0, 1440, 500), (0, 4320, 100)),  # and those that cut through steps:
        *((67, 341, 4), (67, 1451, 30), (7, 353, 100), (100, 4321, 20), (307, 20_000, 10)),
    ):
        start, end = START + start_min * MINUTE, START + end_min * MINUTE
        found = shown(panel, start, end, points).points
        assert (found[0].start, found[-1].end) == (start, end)
        assert all(point.end == after.start for point, after in pairwise(found))
        for point in found:
            wanted = brute_force.figures(readings, point.start, point.end, 300 * S)
            if not wanted.count and not wanted.covered_us:
                assert "power" not in point.metrics
                assert point.coverage(LATER) == 0
                continue
            got = point.metrics["power"]
            assert got.mean == pytest.approx(wanted.mean, rel=1e-9)
            assert (got.minimum, got.maximum) == (wanted.minimum, wanted.maximum)
            share = wanted.covered_us / (point.end - point.start)
            assert point.coverage(LATER) == pytest.approx(share, abs=1e-9)


def test_few_readings_are_shown_one_by_one_with_a_point_for_the_gap(panel: Panel) -> None:
    fill_and_roll(panel, every(60 * S, START, START + 5 * MINUTE))
    after = START + 4 * MINUTE + 301 * S
    fill_and_roll(panel, every(60 * S, after, after + 2 * MINUTE))
    found = shown(panel, START, START + HOUR)
    assert (found.level, found.step_s) == ("raw", None)
    times = [(point.start, point.end) for point in found.points]
    readings = [START + n * MINUTE for n in range(5)] + [after, after + MINUTE]
    assert times == [
        *((at, at) for at in readings[:5]),
        (readings[4], after),
        *((at, at) for at in readings[5:]),
    ]
    gap = found.points[5]
    assert (gap.metrics, gap.coverage(LATER)) == ({}, 0)


def test_no_gap_is_shown_between_readings_just_as_far_apart_as_may_be(panel: Panel) -> None:
    fill_and_roll(panel, every(300 * S, START, START + HOUR))
    found = shown(panel, START, START + HOUR)
    assert len(found.points) == 12
    assert all(point.start == point.end for point in found.points)


def test_more_readings_than_points_become_points_of_some_seconds(panel: Panel) -> None:
    samples = every(S, START, START + 1000 * S)
    fill_and_roll(panel, samples)
    found = shown(panel, START, START + 15 * MINUTE, 100)
    assert (found.level, found.step_s) == ("raw", 10)
    assert [point.start for point in found.points] == list(range(START, START + 900 * S, 10 * S))
    readings = [(moment, values["power"]) for moment, values in samples]
    for point in found.points:
        wanted = brute_force.figures(readings, point.start, point.end, 300 * S)
        got = point.metrics["power"]
        assert got.mean == pytest.approx(wanted.mean, rel=1e-9)
        assert (got.minimum, got.maximum) == (wanted.minimum, wanted.maximum)
        assert point.coverage(LATER) == 1


def test_however_much_is_stored_no_more_than_ten_thousand_readings_are_read(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_and_roll(panel, every(S, START, START + 900 * S))
    monkeypatch.setattr(charts, "_RAW_ROWS", 899)
    assert shown(panel, START, START + 15 * MINUTE, 100).level == "minute"
    monkeypatch.setattr(charts, "_RAW_ROWS", 900)
    assert shown(panel, START, START + 15 * MINUTE, 100).level == "raw"


def test_a_chart_ends_now_and_not_in_the_future(panel: Panel) -> None:
    now = START + 90 * MINUTE
    fill_and_roll(panel, every(60 * S, START, now))
    found = shown(panel, START, START + DAY, 50, now=now)
    assert found.points[-1].end == START + 90 * MINUTE
    assert shown(panel, START, START + DAY, 2, now=now).points[-1].end == START + 2 * HOUR
    cut = shown(panel, START, START + 100 * MINUTE, 2, now=now).points[-1]
    assert (cut.start, cut.end) == (START + HOUR, START + 100 * MINUTE), "not beyond the period"
    # The last reading is a minute old.
    assert found.points[-1].coverage(now) == 0.5
    assert all(point.coverage(now) == 1 for point in found.points[:-1])


def test_a_period_in_the_future_has_no_points(panel: Panel) -> None:
    assert shown(panel, START, START + DAY, now=START).points == []
    assert shown(panel, START + HOUR, START + DAY, now=START).points == []
    assert shown(panel, START + MINUTE, START + DAY, points=2, now=START).points == []


def test_a_step_that_lies_half_outside_tells_nothing_of_that_half(panel: Panel) -> None:
    fill_and_roll(panel, [(START + n * MINUTE, {"power": float(n)}) for n in range(48 * 60)])
    found = shown(panel, START + 10 * MINUTE, START + 32 * HOUR - 17 * MINUTE, 10).points
    assert [point.end - point.start for point in found] == [
        *(230 * MINUTE, 240 * MINUTE, 240 * MINUTE, 240 * MINUTE, 240 * MINUTE),
        *(240 * MINUTE, 240 * MINUTE, 223 * MINUTE),
    ]
    first, last = found[0].metrics["power"], found[-1].metrics["power"]
    assert (first.count, first.minimum, first.maximum) == (230, 10, 239)
    assert (last.count, last.minimum, last.maximum) == (223, 1680, 1902)
    assert [first.mean, last.mean] == [pytest.approx(125), pytest.approx(1791.5)]


def test_of_several_metrics_each_has_its_own_figures(panel: Panel) -> None:
    samples = [(START + n * MINUTE, {"power": 5.0, "voltage": 230.0 + n}) for n in range(31)]
    fill_and_roll(panel, samples)
    found = shown(panel, START, START + 2 * HOUR, 10, metrics=("voltage", "power", "ampere"))
    first = found.points[0]
    assert first.metrics["power"].mean == pytest.approx(5.0)
    assert first.metrics["voltage"].mean == pytest.approx(237.5)
    assert "ampere" not in first.metrics


def test_a_calendar_of_utc_begins_its_days_at_utcs_midnight() -> None:
    utc = Calendar(ZoneInfo("UTC"))
    midnight = round(datetime(2026, 1, 12, tzinfo=UTC).timestamp()) * S
    edges = charts._merged_edges(utc, Level.HOUR, 6, Period(midnight + HOUR, midnight + DAY))
    assert edges == [midnight + HOUR, *(midnight + n * 6 * HOUR for n in (1, 2, 3, 4))]


def test_where_minutes_were_pruned_a_coarser_level_is_drawn(panel: Panel) -> None:
    state = RollupState.objects.create(panel=panel, minutes_from=to_datetime(START + DAY))
    assert shown(panel, START, START + DAY, points=1440).level == "quarter"
    state.hours_from = to_datetime(START + DAY)
    state.save()
    assert shown(panel, START, START + DAY, points=1440).level == "day"
    assert shown(panel, START + DAY, START + 2 * DAY, points=1440).level == "minute"
