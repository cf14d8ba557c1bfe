"""What of a meter's cumulative register is believed."""

import pytest

from meters.energy.register import RegisterRules, Step

HOUR_US = 3_600_000_000
QUARTER_US = HOUR_US // 4
GAP_US = 300_000_000
KVA_100 = 100_000.0


def steps(
    *readings: tuple[int, float], limit_kwh: float | None = None, rated_va: float | None = None
) -> list[Step]:
    return list(RegisterRules(limit_kwh, rated_va, GAP_US).steps(readings))


def in_an_hour(
    before: float, after: float, limit_kwh: float | None = None, rated_va: float | None = None
) -> float | None:
    """The Wh that two readings an hour apart are believed to say."""
    found = steps((0, before), (HOUR_US, after), limit_kwh=limit_kwh, rated_va=rated_va)
    return found[0].energy_wh if found else None


def test_what_the_register_goes_forward_is_energy() -> None:
    found = steps((0, 10.0), (QUARTER_US, 10.5), (2 * QUARTER_US, 10.5), (HOUR_US, 12.25))
    assert found == [
        Step(0, QUARTER_US, 500.0),
        Step(QUARTER_US, 2 * QUARTER_US, 0.0),
        Step(2 * QUARTER_US, HOUR_US, 1750.0),
    ]


def test_one_reading_says_nothing() -> None:
    assert steps() == steps((0, 10.0)) == []


@pytest.mark.parametrize(
    ("before", "after", "limit_kwh", "rated_va", "wh"),
    [
        (10, 60, None, None, 50_000),  # nobody has said what can be
        (10, 210, None, KVA_100, 200_000),  # twice the rating, not more
        (10, 210.001, None, KVA_100, None),
        (10, 90_000, None, None, 89_990_000),
        # A reset is known by the rating only: 30 kWh in an hour can be, 300 can't.
        (5_000, 30, None, None, None),
        (5_000, 30, None, KVA_100, 30_000),
        (5_000, 300, None, KVA_100, None),
        (5_000, 0, None, KVA_100, 0),
        # A step back by a rounding is no reset.
        (5_000, 4_999.99, None, None, None),
        (5_000, 4_999.99, None, KVA_100, None),
        # A register of five digits starts again from 0.
        (99_990, 5, 100_000, None, 15_000),
        (99_990, 5, 100_000, KVA_100, 15_000),
        (100_000, 5, 100_000, KVA_100, 5_000),
        # It would have gone through half its range, so it was reset.
        (50_000, 30, 100_000, KVA_100, 30_000),
        (50_000, 30, 100_000, None, None),
        # The way round can't be by the rating, the reset can.
        (99_000, 30, 100_000, KVA_100, 30_000),
        (99_000, 30, 100_000, None, 1_030_000),
        # It shows more than its limit: that is not its limit.
        (100_001, 30, 100_000, None, None),
        # Another meter, higher: more than can be.
        (120, 48_000, None, KVA_100, None),
    ],
)
def test_what_can_be_believed(
    before: float, after: float, limit_kwh: float | None, rated_va: float | None, wh: float | None
) -> None:
    assert in_an_hour(before, after, limit_kwh, rated_va) == pytest.approx(wh)


def test_a_step_that_can_not_be_leaves_out_that_step_only() -> None:
    """A meter is swapped: what both have counted stays."""
    found = steps(
        (0, 100.0),
        (HOUR_US, 110.0),
        (2 * HOUR_US, 48_000.0),
        (3 * HOUR_US, 48_010.0),
        rated_va=KVA_100,
    )
    assert found == [Step(0, HOUR_US, 10_000.0), Step(2 * HOUR_US, 3 * HOUR_US, 10_000.0)]


def test_the_energy_of_a_downtime_is_kept() -> None:
    assert steps((0, 100.0), (48 * HOUR_US, 1_300.0), rated_va=KVA_100) == [
        Step(0, 48 * HOUR_US, 1_200_000.0)
    ]


@pytest.mark.parametrize("after", [4_999.99, 4_990.0, 2_501.0])
def test_a_meter_that_goes_on_from_what_it_wrote_down_last_makes_no_energy(after: float) -> None:
    """After an outage of a month, in which by the rating much more could have gone through."""
    assert steps((0, 5_000.0), (720 * HOUR_US, after), rated_va=KVA_100) == []
    assert steps((0, 5_000.0), (720 * HOUR_US, after), limit_kwh=1e6, rated_va=KVA_100) == []


def test_a_meter_that_was_reset_in_an_outage_has_what_it_counted_since() -> None:
    assert steps((0, 5_000.0), (720 * HOUR_US, 40.0), rated_va=KVA_100) == [
        Step(0, 720 * HOUR_US, 40_000.0)
    ]


def test_a_register_that_moves_by_whole_ticks_is_judged_over_the_longest_gap() -> None:
    """10 kWh between readings a second apart is a tick of 10 kWh, not 36 MW."""
    second = 1_000_000
    assert steps((0, 100.0), (second, 110.0), rated_va=KVA_100) == [Step(0, second, 10_000.0)]
    assert steps((0, 100.0), (second, 117.0), rated_va=KVA_100) == []
