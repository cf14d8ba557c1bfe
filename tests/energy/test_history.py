"""Any stretch of history out of days, hours, quarter-hours and minutes."""

import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meters.energy.calendar import Calendar, Level
from meters.energy.history import (
    EnergyOf,
    Period,
    buckets,
    energy_by_hour,
    energy_of,
    is_pruned,
    kept_from,
    months,
    take_apart,
    total,
)
from meters.energy.readings import Subject
from meters.models import Panel, RollupState, TrendHour, TrendMinute, TrendQuarter
from meters.mqtt.timestamps import to_datetime
from tests.energy import brute_energy, brute_force
from tests.energy.brute_energy import Meter
from tests.energy.filling import fill_and_roll

S = 1_000_000
MINUTE, HOUR = 60 * S, 3600 * S
WIDEST = {Level.MINUTE: MINUTE, Level.QUARTER: 15 * MINUTE, Level.HOUR: HOUR}
# From the day before Europe's clocks go forward.
START = round(datetime(2026, 3, 28, 5, tzinfo=UTC).timestamp()) * S
ZONES = ["Asia/Jakarta", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"]

minutes = st.integers(0, 60 * 24 * 20)
periods = st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1]).map(sorted)


@settings(max_examples=200)
@given(period=periods, zone=st.sampled_from(ZONES), coarsest=st.sampled_from(list(Level)))
def test_a_period_is_taken_apart_without_a_hole_and_without_an_overlap(
    period: list[int], zone: str, coarsest: Level
) -> None:
    calendar = Calendar(ZoneInfo(zone))
    whole = Period(START + period[0] * MINUTE, START + period[1] * MINUTE)
    parts = take_apart(calendar, whole, coarsest)
    found = sorted((part.start, part.end) for some in parts.values() for part in some)
    assert (found[0][0], found[-1][1]) == (whole.start, whole.end)
    assert all(before[1] == after[0] for before, after in pairwise(found))
    order = list(Level)
    assert not any(parts.get(level) for level in order[order.index(coarsest) + 1 :])
    for level, some in parts.items():
        for part in some:
            assert calendar.start(level, part.start) == part.start
            assert calendar.end(level, part.end - 1) == part.end
        # No more of a finer level than lies before a bucket of the next one, on either side.
        if level is not coarsest and parts[order[order.index(level) + 1]]:
            coarser = order[order.index(level) + 1]
            for part in some:
                inside = calendar.ceiling(coarser, part.start)
                assert calendar.end(coarser, inside) > part.end


@pytest.fixture
def filled() -> tuple[Panel, list[tuple[int, dict[str, float]]]]:
    """Five days of a reading every some minutes, with holes; a register that goes on meanwhile."""
    panel = Panel.objects.create(name="trafo1", max_gap_s=600, rated_power_kva=50, phases=3)
    chance = random.Random(1)
    samples: list[tuple[int, dict[str, float]]] = []
    moment, kwh = START, 100.0
    while moment < START + 120 * HOUR:
        values: dict[str, float] = {"power": chance.uniform(0, 40_000)}
        if chance.random() < 0.3:
            values["voltage"] = chance.uniform(360, 420)
            values["ampere"] = chance.uniform(0, 90)
        if chance.random() < 0.1:
            kwh += chance.randrange(0, 100) / 8
            values["energy_register"] = kwh
        samples.append((moment, values))
        moment += chance.choice([10 * S, 400 * S, 599 * S, 2000 * S, 3 * HOUR])
    return panel, samples


def readings(samples: list[tuple[int, dict[str, float]]], metric: str) -> list[tuple[int, float]]:
    return [(moment, values[metric]) for moment, values in samples if metric in values]


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Europe/Berlin"])
def test_the_total_of_any_range_is_what_the_readings_say(
    filled: tuple[Panel, list[tuple[int, dict[str, float]]]], zone: str, settings: Any
) -> None:
    settings.TIME_ZONE = zone
    panel, samples = filled
    fill_and_roll(panel, samples)
    calendar, subject = Calendar(ZoneInfo(zone)), Subject.of(panel)
    wanted = brute_energy.by_minute(
        readings(samples, "power"),
        readings(samples, "energy_register"),
        Meter(600 * S, 50_000, None),
    )
    chance = random.Random(2)
    for _ in range(25):
        first, last = sorted(chance.sample(range(-120, 60 * 122), 2))
        period = Period(START + first * MINUTE, START + last * MINUTE)
        found = total(panel.pk, subject.rules, calendar, period)
        known = brute_energy.Known()
        for at, minute in wanted.items():
            if period.start <= at < period.end:
                known.add(minute)
        assert (found.energy_wh or 0) == pytest.approx(float(known.wh), rel=1e-9, abs=1e-6)
        assert found.energy_covered_s == pytest.approx(known.covered_us / S, abs=1e-4)
        assert found.energy_recovered_s == pytest.approx(known.recovered_us / S, abs=1e-4)
        for metric in ("power", "voltage", "ampere"):
            figures = brute_force.figures(
                readings(samples, metric), period.start, period.end, 600 * S
            )
            got = found.metrics[metric]
            assert (got.count, got.minimum, got.maximum) == (
                figures.count,
                figures.minimum,
                figures.maximum,
            )
            assert (got.minimum_at, got.maximum_at) == (figures.minimum_at, figures.maximum_at)
            assert got.covered_s == pytest.approx(figures.covered_us / S, abs=1e-4)
            assert got.mean == (figures.mean and pytest.approx(figures.mean, rel=1e-9))
        for parts in (
            energy_of(panel.pk, calendar, buckets(calendar, Level.HOUR, period), Level.HOUR),
            energy_of(panel.pk, calendar, buckets(calendar, Level.DAY, period)),
            energy_of(panel.pk, calendar, months(calendar, period)),
        ):
            expect_parts(parts, period, wanted)


def expect_parts(
    parts: list[EnergyOf], period: Period, wanted: dict[int, brute_energy.Known]
) -> None:
    assert (parts[0].period.start, parts[-1].period.end) == (period.start, period.end)
    assert all(a.period.end == b.period.start for a, b in pairwise(parts))
    for part in parts:
        known = brute_energy.Known()
        for at in range(part.period.start, part.period.end, MINUTE):
            known.add(wanted.get(at, brute_energy.Known()))
        assert (part.wh or 0) == pytest.approx(float(known.wh), rel=1e-9, abs=1e-6)
        assert part.covered_s == pytest.approx(known.covered_us / S, abs=1e-4)
        assert part.recovered_s == pytest.approx(known.recovered_us / S, abs=1e-4)


def us(day: date, zone: str) -> int:
    moment = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return round(moment.timestamp()) * S


def test_months_are_the_sites_and_cut_to_the_period() -> None:
    calendar = Calendar(ZoneInfo("Asia/Jakarta"))
    edges = [
        us(day, "Asia/Jakarta")
        for day in (date(2025, 11, 20), date(2025, 12, 1), date(2026, 1, 1), date(2026, 1, 3))
    ]
    found = months(calendar, Period(edges[0], edges[-1]))
    assert [(part.start, part.end) for part in found] == list(pairwise(edges))


@pytest.mark.parametrize(
    ("wh", "covered_s", "recovered_s", "quality"),
    [
        (None, 0.0, 0.0, "empty"),
        (5.0, 3600.0, 0.0, "measured"),
        (5.0, 3599.0, 0.0, "partial"),
        (5.0, 1800.0, 1800.0, "recovered"),
    ],
)
def test_the_quality_of_an_hour(
    wh: float | None, covered_s: float, recovered_s: float, quality: str
) -> None:
    hour = EnergyOf(Period(START, START + HOUR))
    hour.add(wh, covered_s, recovered_s, None)
    assert hour.quality(START + 9 * HOUR) == quality


def test_what_lies_in_the_future_is_not_missing() -> None:
    hour = EnergyOf(Period(START, START + HOUR))
    hour.add(5.0, 900.0, 0.0, None)
    assert hour.coverage(START + 15 * MINUTE) == 1
    assert hour.coverage(START + 30 * MINUTE) == 0.5
    assert hour.coverage(START - timedelta(hours=1) // timedelta(microseconds=1)) == 0


@pytest.mark.django_db
def test_of_equal_extremes_the_first_of_the_whole_period_is_told() -> None:
    """Minutes, hours and days are read, in that order of time and not of length."""
    panel = Panel.objects.create(name="trafo1")
    fill_and_roll(panel, [(START + n * 30 * MINUTE, {"power": 5.0}) for n in range(120)])
    period = Period(START + 29 * MINUTE, START + 59 * HOUR)
    calendar = Calendar(ZoneInfo("Asia/Jakarta"))
    power = total(panel.pk, Subject.of(panel).rules, calendar, period).metrics["power"]
    assert (power.minimum_at, power.maximum_at) == (START + 30 * MINUTE, START + 30 * MINUTE)


DAY = 24 * HOUR


@pytest.fixture
def pruned() -> Panel:
    """1 kW for four days of the site; of the first two only the days are kept."""
    panel = Panel.objects.create(name="trafo1")
    fill_and_roll(panel, [(MIDNIGHT + n * MINUTE, {"power": 1000.0}) for n in range(4 * 1440 + 1)])
    cut = to_datetime(MIDNIGHT + 2 * DAY)
    for model in (TrendMinute, TrendQuarter, TrendHour):
        model._default_manager.filter(start__lt=cut).delete()
    RollupState.objects.filter(panel=panel).update(minutes_from=cut, hours_from=cut)
    return panel


JAKARTA = Calendar(ZoneInfo("Asia/Jakarta"))
MIDNIGHT = JAKARTA.midnight(date(2026, 3, 2))


@pytest.mark.django_db
def test_where_hours_are_no_longer_kept_their_day_is_told(pruned: Panel) -> None:
    period = Period(MIDNIGHT - DAY, MIDNIGHT + 50 * HOUR)
    kept = kept_from(pruned.pk)
    parts = energy_by_hour(pruned.pk, JAKARTA, period, kept[Level.HOUR])
    hours = [(part.period.end - part.period.start) // HOUR for part in parts]
    assert hours == [24, 24, 24, 1, 1]
    assert [part.wh and round(part.wh) for part in parts] == [None, 24_000, 24_000, 1000, 1000]
    assert not any(is_pruned(JAKARTA, part.period, kept) for part in parts)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first_h", "last_h", "lengths_h", "wh"),
    [
        (10, 20, [10], [None]),
        (10, 49, [14, 24, 1], [None, 24_000, 1000]),
        (47, 50, [1, 1, 1], [None, 1000, 1000]),
        (48, 50, [1, 1], [1000, 1000]),
        (0.5, 24, [23.5], [None]),
    ],
)
def test_what_only_hours_could_tell_is_known_to_be_pruned(
    pruned: Panel, first_h: float, last_h: float, lengths_h: list[float], wh: list[float | None]
) -> None:
    kept = kept_from(pruned.pk)
    period = Period(MIDNIGHT + round(first_h * HOUR), MIDNIGHT + round(last_h * HOUR))
    parts = energy_by_hour(pruned.pk, JAKARTA, period, kept[Level.HOUR])
    assert [(part.period.end - part.period.start) / HOUR for part in parts] == lengths_h
    assert [part.wh and round(part.wh) for part in parts] == wh
    assert [is_pruned(JAKARTA, part.period, kept) for part in parts] == [
        each is None for each in wh
    ]


@pytest.mark.django_db
def test_without_any_pruning_hours_are_hours(filled: tuple[Panel, Any]) -> None:
    panel = filled[0]
    assert kept_from(panel.pk) == {}
    period = Period(MIDNIGHT + 10 * MINUTE, MIDNIGHT + 30 * HOUR)
    assert len(energy_by_hour(panel.pk, JAKARTA, period, MIDNIGHT - DAY)) == 30
    assert not is_pruned(JAKARTA, period, {})
