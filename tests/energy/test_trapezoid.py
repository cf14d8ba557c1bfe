from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.energy.trapezoid import energy_wh

START = datetime(2026, 1, 15, tzinfo=UTC)

steps = st.lists(st.tuples(st.floats(0.001, 1000), st.floats(-1e6, 1e6)), min_size=0, max_size=50)


def at(*samples: tuple[float, float]) -> list[tuple[datetime, float]]:
    return [(START + timedelta(seconds=seconds), power_w) for seconds, power_w in samples]


def test_a_constant_kilowatt_for_an_hour_is_a_kilowatt_hour() -> None:
    result = energy_wh(at(*((60 * minute, 1000.0) for minute in range(61))))
    assert result.energy_wh == pytest.approx(1000)
    assert result.covered_s == 3600
    assert result.gaps == []


def test_a_ramp_counts_with_its_mean() -> None:
    assert energy_wh(at((0, 0.0), (180, 100.0))).energy_wh == pytest.approx(50 * 180 / 3600)


def test_a_gap_longer_than_the_limit_contributes_nothing_and_is_recorded() -> None:
    samples = at((0, 1000.0), (300, 1000.0), (601, 1000.0), (661, 1000.0))
    result = energy_wh(samples)
    assert result.covered_s == 360
    assert result.energy_wh == pytest.approx(100)
    assert result.gaps == [(samples[1][0], samples[2][0])]


def test_the_limit_itself_is_no_gap_and_can_be_chosen() -> None:
    samples = at((0, 1000.0), (300, 1000.0))
    assert energy_wh(samples).gaps == []
    assert len(energy_wh(samples, max_gap_s=299).gaps) == 1


def test_time_going_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="order"):
        energy_wh(at((10, 1.0), (0, 1.0)))


@given(steps)
def test_it_equals_the_sum_of_the_trapezoids_between_near_neighbours(
    pairs: list[tuple[float, float]],
) -> None:
    moment, samples = START, []
    for step_s, power_w in pairs:
        moment += timedelta(seconds=step_s)
        samples.append((moment, power_w))
    result = energy_wh(iter(samples), max_gap_s=500)

    expected_wh, covered_s, gaps = 0.0, 0.0, 0
    for index in range(1, len(samples)):
        width_s = (samples[index][0] - samples[index - 1][0]) / timedelta(seconds=1)
        if width_s <= 500:
            expected_wh += width_s / 3600 * (samples[index][1] + samples[index - 1][1]) / 2
            covered_s += width_s
        else:
            gaps += 1
    assert result.energy_wh == pytest.approx(expected_wh, abs=1e-6)
    assert result.covered_s == pytest.approx(covered_s)
    assert len(result.gaps) == gaps
