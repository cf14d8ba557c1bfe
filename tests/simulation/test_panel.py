import math
from itertools import pairwise

from meters.simulation.loads import Curve, Motor, Week
from meters.simulation.panel import (
    HIGHEST_A,
    HIGHEST_V,
    LOWEST_A,
    LOWEST_V,
    Kind,
    SimulatedPanel,
    Supply,
)

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


def test_three_phases_carry_the_root_of_three_and_the_power_factor() -> None:
    kind = Kind(
        Motor(idle_a=1, running_a=9, on_s=30, cycle_s=60),
        Supply(400, 5, phases=3, power_factor=0.8, bounds_v=(300, 500), bounds_a=(0, 50)),
        unrest_a=0,
        unrest_v=0,
    )
    running, idle = (SimulatedPanel("a", kind).measure(NOON_S + after_s) for after_s in (10, 40))
    assert (running.ampere, idle.ampere) == (10, 1)
    assert abs(running.power - math.sqrt(3) * running.voltage * 10 * 0.8) < 0.01
    assert running.voltage < idle.voltage


def test_a_week_has_its_working_days_and_its_weekend() -> None:
    week = Week(Curve([(0, 2), (8, 2), (10, 12), (18, 2)]), Curve([(0, 1)]))
    friday_9_s, saturday_9_s = 1_768_554_000.0, 1_768_640_400.0
    assert week.ampere_at(friday_9_s) == 7
    assert week.ampere_at(saturday_9_s) == 1
    assert week.ampere_at(friday_9_s + 12 * 3600) == 2
