"""Rollups of panels with a register, a rating and three phases, against a brute-force computation."""

import math
import random
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meters.energy import demand, rolling, tables
from meters.energy.bucket import Bucket
from meters.energy.calendar import Calendar, Level
from meters.energy.minutes import Row, minutes_of
from meters.energy.rolling import Roller
from meters.energy.sql import Span
from meters.metrics import MEASURED, METRICS
from meters.models import DirtyRange, Panel, Trend, VoltageTenMinutes
from meters.mqtt.timestamps import to_datetime, to_microseconds
from tests.energy import brute_energy, brute_force
from tests.energy.brute_energy import Known, Meter
from tests.energy.test_rolling import START, Sample, roll, same, store

pytestmark = pytest.mark.django_db
S = 1_000_000
MINUTE, QUARTER = 60 * S, 900 * S


class Expected:
    """All that the rollups of a panel should hold, from its rows."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.rows = list(Trend.objects.filter(panel=panel).order_by("timestamp"))
        self.moments = [to_microseconds(row.timestamp) for row in self.rows]
        self.gap_us = round(panel.max_gap_s * S)
        self.rated_va = panel.rated_power_kva * 1000 if panel.rated_power_kva else None
        self.known = {metric: self._known(metric) for metric in MEASURED}
        meter = Meter(self.gap_us, self.rated_va, panel.energy_register_limit_kwh)
        power, register = self.known["power"], self.known["energy_register"]
        self.minutes = brute_energy.by_minute(power, register, meter)

    def _known(self, metric: str) -> list[tuple[int, float]]:
        values = [getattr(row, metric) for row in self.rows]
        pairs = zip(self.moments, values, strict=True)
        return [(moment, value) for moment, value in pairs if value is not None]

    def energy(self, start: int, end: int) -> Known:
        whole = Known()
        for minute in range(start, end, MINUTE):
            if minute in self.minutes:
                whole.add(self.minutes[minute])
        return whole

    def figures(self, metric: str, start: int, end: int) -> brute_force.Figures:
        """Of the readings inside, the one before and the one after."""
        known = self.known[metric]
        first = bisect_left(known, (start, -math.inf)) - 1
        last = bisect_left(known, (end, -math.inf)) + 1
        return brute_force.figures(known[max(0, first) : last], start, end, self.gap_us)

    def load(self, minute: int) -> tuple[float, float, float | None] | None:
        """(seconds, VA, var) of a minute; None where voltage or current is not known."""
        volt, ampere, power = (
            self.figures(metric, minute, minute + MINUTE)
            for metric in ("voltage", "ampere", "power")
        )
        seconds = min(volt.covered_us, ampere.covered_us) / S
        if not seconds or volt.mean is None or ampere.mean is None:
            return None
        va = abs(volt.mean * ampere.mean) * (3**0.5 if self.panel.phases == 3 else 1)
        var = None
        if power.covered_us and power.mean is not None:
            var = max(0.0, va**2 - power.mean**2) ** 0.5
        return seconds, va, var

    def demand_w(self, quarter: int) -> float | None:
        power = self.figures("power", quarter, quarter + QUARTER)
        if power.covered_us >= 0.8 * QUARTER:
            return power.mean
        known = self.energy(quarter, quarter + QUARTER)
        if known.recovered_us or known.covered_us < 0.8 * QUARTER:
            return None
        return float(known.wh * 3_600_000_000 / known.covered_us)


def stored(panel: Panel, level: Level) -> dict[int, Bucket]:
    span = Span(panel.pk, START - 10**13, START + 10**13)
    return {bucket.start: bucket for bucket in tables.read(level, [span])[panel.pk]}


def expect(panel: Panel, zone: str) -> None:
    wanted = Expected(panel)
    calendar = Calendar(ZoneInfo(zone))
    first, last = wanted.moments[0] - wanted.gap_us, wanted.moments[-1] + wanted.gap_us
    minutes = range(first - first % MINUTE, last + MINUTE, MINUTE)
    loads = {minute: load for minute in minutes if (load := wanted.load(minute))}
    for level in Level:
        found = stored(panel, level)
        for start, end in pairwise(calendar.edges(level, first, last)):
            bucket = found.pop(start, Bucket(start))
            for metric in METRICS if level in (Level.QUARTER, Level.DAY) else ():
                same(bucket, metric, wanted.figures(metric, start, end))
            expect_energy(bucket, wanted.energy(start, end))
            if level is not Level.MINUTE:
                within = {at: load for at, load in loads.items() if start <= at < end}
                expect_load(bucket, within, wanted.rated_va)
                expect_demand(bucket, wanted, start, end)
            if level is Level.DAY:
                expect_demands_of_day(bucket, wanted, start, end)
        assert not found, f"{level}: buckets that nothing is known of"
    expect_ten_minutes(panel, wanted, minutes)


def expect_energy(bucket: Bucket, known: Known) -> None:
    assert (bucket.energy_wh or 0) == pytest.approx(float(known.wh), rel=1e-9, abs=1e-6)
    assert bucket.energy_covered_s == pytest.approx(known.covered_us / S, abs=1e-5)
    assert bucket.energy_recovered_s == pytest.approx(known.recovered_us / S, abs=1e-5)
    assert (bucket.energy_wh is None) == (known.covered_us == known.recovered_us == 0)


def expect_load(
    bucket: Bucket, loads: dict[int, tuple[float, float, float | None]], rated_va: float | None
) -> None:
    got = bucket.load
    if not loads:
        assert got is None or (got.apparent_vah, got.covered_s, got.maximum_va) == (None, 0, None)
        return
    assert got is not None
    assert got.covered_s == pytest.approx(sum(seconds for seconds, _, _ in loads.values()))
    vah = sum(seconds * va for seconds, va, _ in loads.values()) / 3600
    assert got.apparent_vah == pytest.approx(vah, rel=1e-9, abs=1e-9)
    highest = max(va for _, va, _ in loads.values())
    assert got.maximum_va == pytest.approx(highest, rel=1e-9, abs=1e-6)
    assert got.maximum_at in [at for at, load in loads.items() if load[1] >= highest * (1 - 1e-9)]
    varh = [seconds * var / 3600 for seconds, _, var in loads.values() if var is not None]
    # The root of a small difference is not as exact as its parts.
    assert got.reactive_varh == (pytest.approx(sum(varh), rel=1e-6, abs=1e-2) if varh else None)
    for percent, got_s in ((80, got.over_80_s), (100, got.over_100_s), (120, got.over_120_s)):
        if rated_va is None:
            assert got_s is None
        else:
            over = [s for s, va, _ in loads.values() if va > rated_va * percent / 100]
            assert got_s == pytest.approx(sum(over), abs=1e-5)


def expect_demand(bucket: Bucket, wanted: Expected, start: int, end: int) -> None:
    blocks = {at: wanted.demand_w(at) for at in range(start, end, QUARTER)}
    known = {at: demand_w for at, demand_w in blocks.items() if demand_w is not None}
    if not known:
        assert bucket.load is None or (bucket.load.demand_blocks, bucket.load.demand_w) == (0, None)
        return
    assert bucket.load is not None
    assert bucket.load.demand_blocks == len(known)
    highest = max(known.values())
    assert bucket.load.demand_w == pytest.approx(highest, rel=1e-9, abs=1e-6)
    assert known[bucket.load.demand_at or 0] == pytest.approx(highest, rel=1e-9, abs=1e-6)


def expect_demands_of_day(bucket: Bucket, wanted: Expected, start: int, end: int) -> None:
    if bucket.demands is None:  # there is no such row
        assert all(wanted.demand_w(at) is None for at in range(start, end, QUARTER))
        return
    got = demand.unpack(bucket.demands)
    assert len(got) == (end - start) // QUARTER
    for at, demand_w in zip(range(start, end, QUARTER), got, strict=True):
        known = wanted.demand_w(at)
        assert demand_w == pytest.approx(math.nan if known is None else known, nan_ok=True)


def expect_ten_minutes(panel: Panel, wanted: Expected, minutes: range) -> None:
    rows = VoltageTenMinutes.objects.filter(panel=panel)
    found = {to_microseconds(row.start): row for row in rows}
    first = minutes[0] - minutes[0] % (10 * MINUTE)
    for start in range(first, minutes[-1] + MINUTE, 10 * MINUTE):
        volt = wanted.figures("voltage", start, start + 10 * MINUTE)
        row = found.pop(start, None)
        if volt.mean is None:
            assert row is None
        else:
            assert row is not None
            assert row.mean == pytest.approx(volt.mean, rel=1e-9)
            assert row.covered_s == pytest.approx(volt.covered_us / S, abs=1e-6)
    assert not found


values = st.fixed_dictionaries(
    {},
    optional={
        "voltage": st.integers(0, 400).map(float),
        "ampere": st.integers(-300, 300).map(float),
        # Never as much below zero as above: a measured 0 Wh out of both would be a matter of luck.
        "power": st.one_of(st.integers(0, 90_000), st.floats(-3000.37, -0.37)).map(float),
        # In eighths of a kWh what it goes on by; below zero a reset to that many.
        "energy_register": st.one_of(
            st.integers(0, 30), st.sampled_from([0, 5_000]), st.integers(-9, -1)
        ),
    },
).filter(bool)
steps_ms = st.one_of(
    st.integers(1, 500), st.integers(500, 30_000), st.sampled_from([90_000, 2_000, 900_000])
).map(lambda hundredths: hundredths * 10)
histories = st.lists(st.tuples(steps_ms, values), min_size=1, max_size=30)


def placed(history: Iterable[tuple[int, dict[str, float]]]) -> list[Sample]:
    """The register's changes added up."""
    samples, moment, eighths = [], START, 7_900
    for step_ms, changes in history:
        moment += step_ms * 1000
        measured = dict(changes)
        if (change := measured.pop("energy_register", None)) is not None:
            eighths = -int(change) - 1 if change < 0 else eighths + int(change)
            measured["energy_register"] = eighths / 8
        samples.append((moment, measured))
    return samples


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=histories,
    seed=st.integers(0, 1000),
    cuts=st.lists(st.integers(0, 30), max_size=3),
    removed=st.sets(st.integers(0, 29), max_size=5),
    zone=st.sampled_from(["Asia/Jakarta", "Europe/Berlin", "Australia/Lord_Howe"]),
    at_once=st.sampled_from([2, 5_000]),
    in_memory=st.sampled_from([1, 50_000]),
    meter=st.fixed_dictionaries(
        {
            "max_gap_s": st.sampled_from([60, 300, 1800]),
            "rated_power_kva": st.sampled_from([None, 61.3]),
            "phases": st.sampled_from([1, 3]),
            "energy_register_limit_kwh": st.sampled_from([None, 1_000]),
        }
    ),
)
def test_a_panel_with_a_register_has_the_energy_load_and_demand_that_its_readings_say(
    history: list[tuple[int, dict[str, float]]],
    seed: int,
    cuts: list[int],
    removed: set[int],
    zone: str,
    at_once: int,
    in_memory: int,
    meter: dict[str, float],
    settings: object,
) -> None:
    settings.TIME_ZONE = zone  # type: ignore[attr-defined]
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(rolling, "ROWS_AT_ONCE", at_once)
        patch.setattr(rolling, "_ROWS_IN_MEMORY", in_memory)
        panel = Panel.objects.create(name="trafo1", **meter)
        other = Panel.objects.create(name="trafo2", phases=3)
        samples = placed(history)
        arrivals = list(samples)
        random.Random(seed).shuffle(arrivals)
        for batch in brute_force.split(arrivals, cuts):
            store(panel, batch)  # type: ignore[arg-type]
            store(other, batch)  # type: ignore[arg-type]
            roll(panel, other)
        expect(panel, zone)
        gone = [sample for place, sample in enumerate(samples) if place in removed]
        for moment, _ in gone:
            Trend.objects.filter(panel=panel, timestamp=to_datetime(moment)).delete()
            DirtyRange.objects.mark(panel, to_datetime(moment), to_datetime(moment))
        roll(panel)
        if Trend.objects.filter(panel=panel).exists():
            expect(panel, zone)
        expect(other, zone)
        transaction.set_rollback(True)


def test_a_late_register_reading_changes_the_time_up_to_its_neighbours_only() -> None:
    panel = Panel.objects.create(name="trafo1", max_gap_s=300)
    hour = 60 * MINUTE
    store(panel, [(START + n * hour, {"energy_register": 100.0 + n}) for n in range(0, 7, 2)])
    roll(panel)
    store(panel, [(START + 3 * hour, {"energy_register": 102.5})])
    Roller().round([panel.pk])
    found = stored(panel, Level.HOUR)
    wh = [found[START + n * hour].energy_wh for n in range(6)]
    assert wh == pytest.approx([1000, 1000, 500, 1500, 1000, 1000])
    assert all(found[START + n * hour].energy_recovered_s == 3600 for n in range(6))


def test_a_register_that_fell_silent_has_no_power_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panel = Panel.objects.create(name="trafo1", max_gap_s=300)
    store(panel, [(START, {"energy_register": 100.0, "power": 1000.0})])
    store(panel, [(START + n * MINUTE, {"power": 1000.0}) for n in range(1, 200)])
    roll(panel)
    read: list[int] = []

    def counted(rows: Sequence[Row], *rest: Any) -> list[Bucket]:
        read.append(len(rows))
        return minutes_of(rows, *rest)

    monkeypatch.setattr(rolling, "minutes_of", counted)
    store(panel, [(START + 200 * MINUTE, {"power": 1000.0})])
    roll(panel)
    assert sum(read) < 30


def test_the_last_register_reading_can_be_taken_away() -> None:
    """Marked from the one before it on, as `meters.energy.readings.with_register` asks."""
    panel = Panel.objects.create(name="trafo1", max_gap_s=300)
    hour = 60 * MINUTE
    store(panel, [(START + n * hour, {"energy_register": 100.0 + n}) for n in range(3)])
    roll(panel)
    Trend.objects.filter(panel=panel, timestamp=to_datetime(START + 2 * hour)).delete()
    panel.energy_register_at = to_datetime(START + hour)
    panel.save()
    DirtyRange.objects.mark(panel, to_datetime(START + hour), to_datetime(START + 2 * hour))
    roll(panel)
    (only,) = stored(panel, Level.HOUR).values()
    assert only.start == START
    assert only.energy_wh == pytest.approx(1000)
