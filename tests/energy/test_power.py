"""When the energy of a register's steps went through, and what counts beside them."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meters.energy.integration import Buckets, Reading
from meters.energy.power import Energy, energy
from meters.energy.register import RegisterRules, Step
from tests.energy import brute_energy
from tests.energy.brute_energy import Meter

S = 1_000_000
MINUTE, QUARTER, HOUR = 60 * S, 900 * S, 3600 * S
GAP = 300 * S
WIDTHS = (MINUTE, QUARTER, HOUR)


def spread(
    power: list[Reading], steps: list[Step], width: int = QUARTER, end: int = 4 * QUARTER
) -> dict[int, Energy]:
    return energy(power, steps, Buckets(0, end, width), GAP)


def every(step_us: int, until: int, watt: float = 1000.0, start: int = 0) -> list[Reading]:
    return [(moment, watt) for moment in range(start, until + 1, step_us)]


def test_without_a_register_power_counts() -> None:
    assert spread(every(MINUTE, HOUR), []) == {
        quarter * QUARTER: Energy(pytest.approx(250), 900, 0)  # type: ignore[arg-type]
        for quarter in range(4)
    }


def test_a_step_counts_as_the_register_says_and_goes_through_when_power_did() -> None:
    """The register ticks every quarter of an hour; power was drawn in its last minute only."""
    power: list[Reading] = [(0, 0), (14 * MINUTE, 0), (14 * MINUTE + 1, 6000), (QUARTER, 6000)]
    power[1:1] = every(4 * MINUTE, 12 * MINUTE, 0, 4 * MINUTE)
    found = spread(power, [Step(0, QUARTER, 120)], MINUTE, QUARTER)
    assert len(found) == 15
    assert found[14 * MINUTE].wh == pytest.approx(120)
    assert sum(each.wh for each in found.values()) == pytest.approx(120)
    assert all(each == Energy(each.wh, 60, 0) for each in found.values())


def test_the_total_follows_the_register_where_power_says_less() -> None:
    found = spread(every(MINUTE, HOUR, 1000), [Step(0, HOUR, 1040)])
    assert [each.wh for each in found.values()] == pytest.approx([260] * 4)


def test_the_energy_of_a_downtime_is_spread_evenly_and_marked() -> None:
    found = spread([], [Step(0, HOUR, 800)])
    assert found == {quarter * QUARTER: Energy(200, 0, 900) for quarter in range(4)}


def test_power_counts_for_the_part_of_a_downtime_in_which_it_was_measured() -> None:
    """A quarter measured at 1 kW; 750 Wh remain for the other three."""
    found = spread(every(MINUTE, QUARTER, 1000), [Step(0, HOUR, 1000)])
    assert [each.wh for each in found.values()] == pytest.approx([250] * 4)
    found = spread(every(MINUTE, QUARTER, 1000), [Step(0, HOUR, 550)])
    assert [each.wh for each in found.values()] == pytest.approx([250, 100, 100, 100])
    assert [each.covered_s for each in found.values()] == [900, 0, 0, 0]
    assert [each.recovered_s for each in found.values()] == [0, 900, 900, 900]


def test_power_that_alone_makes_more_than_the_step_is_not_believed() -> None:
    found = spread(every(MINUTE, QUARTER, 1000), [Step(0, HOUR, 100)])
    assert [each.wh for each in found.values()] == pytest.approx([25] * 4)
    assert [each.covered_s for each in found.values()] == [900, 0, 0, 0]


def test_a_step_no_longer_than_the_longest_gap_is_measured_even_without_power() -> None:
    steps = [Step(start, start + GAP, 10) for start in range(0, QUARTER, GAP)]
    assert spread([], steps, QUARTER, QUARTER) == {0: Energy(30, 900, 0)}
    one_longer = [Step(0, GAP + S, 10)]
    assert spread([], one_longer, QUARTER, QUARTER) == {0: Energy(10, 0, 301)}


def test_where_a_step_is_left_out_power_counts() -> None:
    """The quarters beside it follow the register."""
    steps = [Step(0, QUARTER, 300), Step(2 * QUARTER, HOUR, 600)]
    found = spread(every(MINUTE, HOUR, 1000), steps)
    assert [each.wh for each in found.values()] == pytest.approx([300, 250, 300, 300])


readings_s = st.lists(
    st.tuples(st.sampled_from([10, 60, 250, 300, 310, 2_000, 9_000]), st.integers(0, 60_000)),
    max_size=30,
)
# Increments in eighths of a kWh; below zero: a reset to that many.
ticks = st.lists(
    st.tuples(
        st.sampled_from([10, 60, 900, 900, 4_000, 20_000]),
        st.one_of(st.integers(0, 40), st.just(4_000), st.integers(-9, -1)),
    ),
    max_size=12,
)


def placed(steps: list[tuple[int, int]], offset_s: int) -> list[Reading]:
    found, moment = [], offset_s * S
    for step_s, value in steps:
        moment += step_s * S
        found.append((moment, float(value)))
    return found


def register_of(steps: list[tuple[int, int]], offset_s: int) -> list[Reading]:
    found, eighths = [], 800
    for moment, change in placed(steps, offset_s):
        eighths = -int(change) - 1 if change < 0 else eighths + int(change)
        found.append((moment, eighths / 8))
    return found


@settings(max_examples=150)
@given(
    power=st.builds(placed, readings_s, st.integers(0, 90)),
    register=st.builds(register_of, ticks, st.integers(0, 900)),
    rated_va=st.sampled_from([None, 61_300.0]),
    width=st.sampled_from(WIDTHS),
    max_gap_us=st.sampled_from([60 * S, GAP, 1200 * S]),
)
def test_it_is_what_the_rules_say_however_it_is_cut(
    power: list[Reading],
    register: list[Reading],
    rated_va: float | None,
    width: int,
    max_gap_us: int,
) -> None:
    meter = Meter(max_gap_us, rated_va)
    steps = list(RegisterRules(None, rated_va, max_gap_us).steps(register))
    assert [(step.start, step.end) for step in steps] == [
        (start, end) for start, end, _ in brute_energy.believable(register, meter)
    ]
    wanted = brute_energy.by_minute(power, register, meter)
    last = max([moment for moment, _ in (*power, *register)], default=0)
    end = last + -last % HOUR + HOUR
    whole = energy(power, steps, Buckets(0, end, width), max_gap_us)
    for start in range(0, end, width):
        known = brute_energy.Known()
        for minute in range(start, start + width, MINUTE):
            known.add(wanted.get(minute, brute_energy.Known()))
        alone = energy(power, steps, Buckets(start, start + width, width), max_gap_us)
        for found in (whole.get(start, Energy()), alone.get(start, Energy())):
            assert found.wh == pytest.approx(float(known.wh), rel=1e-9, abs=1e-6)
            assert found.covered_s == pytest.approx(known.covered_us / S, abs=1e-6)
            assert found.recovered_s == pytest.approx(known.recovered_us / S, abs=1e-6)
    everything = sum(each.wh for each in whole.values())
    assert everything == pytest.approx(float(conserved(power, steps, max_gap_us)), abs=1e-4)


def conserved(power: list[Reading], steps: list[Step], max_gap_us: int) -> Fraction:
    """What the steps say, and the trapezoids outside them: no look at buckets at all."""
    total = sum((Fraction(step.energy_wh) for step in steps), Fraction(0))
    for (t0, p0), (t1, p1) in pairwise(power):
        if t1 - t0 > max_gap_us:
            continue
        free, low = [], t0
        for step in steps:
            if step.start < t1 and step.end > low:
                free.append((low, max(low, step.start)))
                low = max(low, step.end)
        for start, end in (*free, (low, max(low, t1))):
            middle = Fraction(p0) + Fraction(p1 - p0) * (Fraction(start + end, 2) - t0) / (t1 - t0)
            total += middle * (end - start) / HOUR
    return total
