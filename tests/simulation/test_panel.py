from itertools import pairwise

from meters.simulation.panel import HIGHEST_A, HIGHEST_V, LOWEST_A, LOWEST_V, SimulatedPanel

NOON_S = 1_768_435_200.0


def day(seed: str, every_s: float = 60.0) -> list[tuple[float, float, float, float]]:
    panel = SimulatedPanel(seed)
    return [panel.measure(NOON_S + every_s * step) for step in range(int(86_400 / every_s))]


def test_every_value_lies_in_the_range_of_a_small_transformer() -> None:
    for volts, amperes, _, _ in day("a"):
        assert LOWEST_V <= volts <= HIGHEST_V
        assert LOWEST_A <= amperes <= HIGHEST_A


def test_power_is_voltage_times_current_as_published_and_cost_is_power_times_1250() -> None:
    for volts, amperes, watts, cost in day("a"):
        assert abs(watts - volts * amperes) <= 0.0051
        assert abs(cost - watts * 1250) <= 0.0051


def test_values_drift_and_do_not_jump() -> None:
    panel = SimulatedPanel("a")
    measured = [panel.measure(NOON_S + 2 * step) for step in range(5_000)]
    assert max(abs(b.voltage - a.voltage) for a, b in pairwise(measured)) < 3
    assert max(abs(b.ampere - a.ampere) for a, b in pairwise(measured)) < 2
    assert max(m.voltage for m in measured) - min(m.voltage for m in measured) > 3


def test_the_load_follows_the_day() -> None:
    amperes = [ampere for _, ampere, _, _ in day("a")]
    quarters = [sum(amperes[start : start + 360]) / 360 for start in range(0, 1440, 360)]
    assert max(quarters) - min(quarters) > 2


def test_the_same_seed_repeats_a_day_and_another_is_another_panel() -> None:
    assert day("a") == day("a")
    assert day("a") != day("b")
