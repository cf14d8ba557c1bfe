"""Rollups in the database against a brute-force computation from the readings."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meters.energy import rolling, tables
from meters.energy.bucket import Bucket, Statistics
from meters.energy.calendar import Calendar, Level
from meters.energy.pending import mark_all, roll_pending
from meters.energy.rolling import Roller
from meters.energy.sql import Span
from meters.management.stopping import StopFlag
from meters.metrics import METRICS
from meters.models import (
    DirtyRange,
    Panel,
    Trend,
    TrendDay,
    TrendHour,
    TrendMinute,
    TrendQuarter,
)
from meters.mqtt.timestamps import to_datetime, to_microseconds
from tests.energy import brute_force

pytestmark = pytest.mark.django_db
START = to_microseconds(
    datetime(2026, 3, 28, 20, tzinfo=UTC)
)  # the night before Europe's clocks change
Sample = tuple[int, dict[str, float]]


def store(panel: Panel, samples: Iterable[Sample]) -> None:
    """As the ingest does: rows and marks in one transaction, current values kept."""
    with transaction.atomic():
        for moment, values in samples:
            Trend.objects.update_or_create(
                panel=panel, timestamp=to_datetime(moment), defaults=values
            )
            DirtyRange.objects.mark(panel, to_datetime(moment), to_datetime(moment))
            for metric in values:
                panel.advance(metric, values[metric], to_datetime(moment))
        panel.save()


def roll(*panels: Panel) -> int:
    roller, rounds = Roller(), 0
    while roller.round([panel.pk for panel in panels]):
        rounds += 1
        assert rounds < 1000, "the work doesn't end"
    assert not DirtyRange.objects.exists()
    return rounds


def rows(panel: Panel, level: Level) -> list[Bucket]:
    span = Span(panel.pk, START - 10**13, START + 10**13)
    return tables.read(level, [span])[panel.pk]


def expect(panel: Panel, zone: str) -> None:
    """Every bucket of every level is what the readings say, and there are no others."""
    calendar = Calendar(ZoneInfo(zone))
    samples = list(Trend.objects.filter(panel=panel).order_by("timestamp"))
    moments = [to_microseconds(sample.timestamp) for sample in samples]
    max_gap_us = round(panel.max_gap_s * 1_000_000)
    for level in Level:
        found = {bucket.start: bucket for bucket in rows(panel, level)}
        edges = (
            calendar.edges(level, moments[0] - max_gap_us, moments[-1] + max_gap_us)
            if moments
            else [0]
        )
        for start, end in zip(edges, edges[1:], strict=False):
            bucket = found.pop(start, Bucket(start))
            for metric in METRICS:
                readings = [
                    (moment, getattr(sample, metric))
                    for moment, sample in zip(moments, samples, strict=True)
                ]
                wanted = brute_force.figures(readings, start, end, max_gap_us)
                same(bucket, metric, wanted)
                if metric == "power":
                    wh = float(wanted.weighted / 3_600_000_000)
                    assert (bucket.energy_wh or 0) == pytest.approx(wh, rel=1e-9, abs=1e-6)
                    assert (bucket.energy_wh is None) == (wanted.covered_us == 0)
        assert not found, f"{level}: buckets that nothing is known of"


def same(bucket: Bucket, metric: str, wanted: brute_force.Figures) -> None:
    got = bucket.metrics[metric]
    assert got.count == wanted.count
    assert got.covered_s == pytest.approx(wanted.covered_us / 1e6, abs=1e-6)
    assert got.mean == (
        None if wanted.mean is None else pytest.approx(wanted.mean, rel=1e-9, abs=1e-6)
    )
    assert (got.minimum, got.minimum_at) == (wanted.minimum, wanted.minimum_at)
    assert (got.maximum, got.maximum_at) == (wanted.maximum, wanted.maximum_at)


values = st.fixed_dictionaries(
    {},
    optional={
        "voltage": st.floats(0, 1000),
        "ampere": st.floats(-100, 100),
        "power": st.floats(-1e6, 1e6),
        "energy_cost": st.floats(0, 1e9),
    },
).filter(bool)
# Steps of any rate, now and then a gap of minutes or hours.
steps_s = st.one_of(
    st.floats(0.001, 5), st.floats(5, 299), st.just(300), st.floats(300.001, 2_000), st.just(9_000)
)
histories = st.lists(st.tuples(steps_s, values), min_size=1, max_size=40)


def placed(history: list[tuple[float, dict[str, float]]]) -> list[Sample]:
    samples, moment = [], START
    for step_s, metrics in history:
        moment += max(1, round(step_s * 1_000_000))
        samples.append((moment, metrics))
    return samples


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=histories,
    seed=st.integers(0, 1000),
    cuts=st.lists(st.integers(0, 40), max_size=4),
    removed=st.sets(st.integers(0, 39), max_size=5),
    zone=st.sampled_from(
        ["Asia/Jakarta", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"]
    ),
    at_once=st.sampled_from([3, 5_000]),
)
def test_any_readings_in_any_order_and_any_batches_make_the_same_rollups(
    history: list[tuple[float, dict[str, float]]],
    seed: int,
    cuts: list[int],
    removed: set[int],
    zone: str,
    at_once: int,
    settings: object,
) -> None:
    settings.TIME_ZONE = zone  # type: ignore[attr-defined]
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(rolling, "ROWS_AT_ONCE", at_once)
        panel = Panel.objects.create(name="trafo1", max_gap_s=300)
        samples = placed(history)
        arrivals = list(samples)
        random.Random(seed).shuffle(arrivals)
        for batch in brute_force.split(arrivals, cuts):
            store(panel, batch)  # type: ignore[arg-type]
            roll(panel)
        expect(panel, zone)
        gone = [sample for place, sample in enumerate(samples) if place in removed]
        for moment, _ in gone:
            Trend.objects.filter(panel=panel, timestamp=to_datetime(moment)).delete()
            DirtyRange.objects.mark(panel, to_datetime(moment), to_datetime(moment))
        roll(panel)
        expect(panel, zone)
        transaction.set_rollback(True)


def test_the_past_is_computed_however_much_comes_in(db: None) -> None:
    panel = Panel.objects.create(name="busy")
    now = START + 10 * 3_600_000_000
    store(panel, [(START, {"power": 1.0}), (START + 60_000_000, {"power": 1.0})])
    roller = Roller()
    for second in range(3):
        store(panel, [(now + second * 1_000_000, {"power": 2.0})])
        roller.round([panel.pk])
    assert [bucket.count for bucket in powers(panel)[:2]] == [1, 1]


def powers(panel: Panel) -> list[Statistics]:
    return [bucket.metrics["power"] for bucket in rows(panel, Level.MINUTE)]


def test_a_meter_that_never_rests_does_not_keep_the_work_from_ending(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = Panel.objects.create(name="busy")
    store(panel, [(START, {"power": 1.0})])
    rounds = 0
    plain = Roller.round

    def round_and_reading(roller: Roller, panels: list[int]) -> rolling.Round:
        nonlocal rounds
        rounds += 1
        done = plain(roller, panels)
        store(panel, [(START + rounds * 1_000_000, {"power": 1.0})])
        return done

    monkeypatch.setattr(Roller, "round", round_and_reading)
    roll_pending(None, StopFlag())
    assert rounds == 1


YEAR = 366 * 24 * 3_600_000_000


def strays(panel: Panel) -> None:
    """An hour of 2007, a reading of 2016, an hour of 2026."""
    for start in (START - 19 * YEAR, START):
        for minute in range(61):
            store(panel, [(start + minute * 60_000_000, {"power": 100.0 + minute})])
    store(panel, [(START - 10 * YEAR, {"voltage": 230.0})])


def test_years_without_anything_are_passed_over(db: None, settings: object) -> None:
    settings.TIME_ZONE = "Asia/Jakarta"  # type: ignore[attr-defined]
    panel = Panel.objects.create(name="stray")
    strays(panel)
    roll(panel)
    for model in (TrendMinute, TrendQuarter, TrendHour, TrendDay):
        model._default_manager.filter(start__lt=to_datetime(START)).update(power_max=9e9)
    stale = to_datetime(START - 5 * YEAR)
    for level in (TrendMinute, TrendHour, TrendDay):
        level._default_manager.create(panel=panel, start=stale, energy_wh=1e6)
    mark_all(panel)
    assert roll(panel) <= 8
    highest = [row.power_max for row in TrendDay.objects.order_by("start")]
    assert highest == [160, None, 160], "nothing is left of what no reading says"
    assert TrendMinute.objects.filter(power_count=1).count() == 122
    assert TrendHour.objects.filter(energy_wh__isnull=False).count() == 2


def test_a_long_step_of_the_register_is_done_piece_by_piece(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "MINUTES_AT_ONCE", 1000)
    panel = Panel.objects.create(name="register")
    store(panel, [(START - 48 * 3_600_000_000, {"energy_register": 100.0})])
    store(panel, [(START, {"energy_register": 148.0})])
    DirtyRange.objects.all().delete()
    mark_all(panel)
    assert roll(panel) == 3
    assert TrendMinute.objects.count() == 48 * 60
    assert sum(row.energy_wh or 0 for row in TrendDay.objects.all()) == pytest.approx(48_000)


def test_a_line_that_ends_after_a_pause_begins_before_it(db: None) -> None:
    """Two readings a day apart, as far as the panel's longest gap lets them be."""
    panel = Panel.objects.create(name="slow", max_gap_s=86_400)
    store(panel, [(START + hour * 3_600_000_000, {"power": 5.0}) for hour in (0, 24, 100, 124)])
    roll(panel)
    before = [(row.start, row.power_covered_s) for row in TrendMinute.objects.order_by("start")]
    assert len(before) == 48 * 60 + 2
    mark_all(panel)
    roll(panel)
    assert before == [
        (row.start, row.power_covered_s) for row in TrendMinute.objects.order_by("start")
    ]
