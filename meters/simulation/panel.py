"""A believable panel: values that drift around what it feeds, as a small transformer's do."""

import math
import random
from dataclasses import dataclass
from typing import NamedTuple

from meters.simulation.loads import DAY_S, EveningPeak, Load

LOWEST_V, HIGHEST_V = 215.0, 245.0
LOWEST_A, HIGHEST_A = 5.0, 25.0
COST_RP_PER_W = 1250.0  # what the customer's reference meter reports; no real tariff


class Measurement(NamedTuple):
    """What a meter publishes at one moment: V, A, W, Rp, rounded as a meter rounds."""

    voltage: float
    ampere: float
    power: float
    energy_cost: float


@dataclass(frozen=True, slots=True)
class Supply:
    """Where the panel hangs: the voltage at its mean current (between two lines where there are
    three phases), how far each further ampere pulls it down, and what it can carry at all."""

    voltage_v: float
    mean_a: float
    drop_v_per_a: float = 0.25
    phases: int = 1
    power_factor: float = 1.0
    bounds_v: tuple[float, float] = (LOWEST_V, HIGHEST_V)
    bounds_a: tuple[float, float] = (LOWEST_A, HIGHEST_A)

    def voltage_at(self, ampere: float) -> float:
        return self.voltage_v - self.drop_v_per_a * (ampere - self.mean_a)

    def power_w(self, voltage: float, ampere: float) -> float:
        phases = math.sqrt(3) if self.phases == 3 else 1.0
        return phases * voltage * ampere * self.power_factor


@dataclass(frozen=True, slots=True)
class Kind:
    """What kind of panel: what it feeds, where it hangs, how restless it is, and how well its meter
    is heard. `silent_s` of every `link_s` nothing comes through."""

    load: Load
    supply: Supply
    unrest_a: float = 1.2
    unrest_v: float = 1.8
    silent_s: float = 0.0
    link_s: float = 300.0

    def is_silent(self, moment_s: float) -> bool:
        return moment_s % self.link_s < self.silent_s


def small_transformer(chance: random.Random) -> Kind:
    """One of a street, 215 to 245 V and 5 to 25 A, each a little different."""
    base_a = chance.uniform(13.0, 16.0)
    load = EveningPeak(base_a, chance.uniform(2.5, 4.5), chance.uniform(0.70, 0.82))
    return Kind(load, Supply(chance.uniform(229.0, 234.0), base_a))


@dataclass(slots=True)
class _Drift:
    """Noise that wanders and comes back: an Ornstein-Uhlenbeck process.

    Uhlenbeck and Ornstein, Phys. Rev. 36, 823 (1930); stepped exactly, so that its character does
    not depend on how often it is looked at. `spread` is its standard deviation, `memory_s` the
    time in which it forgets.
    """

    spread: float
    memory_s: float
    value: float = 0.0

    def step(self, elapsed_s: float, chance: random.Random) -> float:
        kept = math.exp(-elapsed_s / self.memory_s)
        push = self.spread * math.sqrt(1.0 - kept * kept)
        self.value = self.value * kept + push * chance.gauss(0.0, 1.0)
        return self.value


class SimulatedPanel:
    """One panel; `seed` decides everything that happens to it, and what kind of panel it is where
    no kind is given."""

    def __init__(self, seed: str, kind: Kind | None = None) -> None:
        self._chance = random.Random(seed)  # noqa: S311 (no secret)
        self.kind = kind or small_transformer(self._chance)
        self._load = _Drift(spread=self.kind.unrest_a, memory_s=240.0)
        self._grid = _Drift(spread=self.kind.unrest_v, memory_s=600.0)
        self._flicker = _Drift(spread=self.kind.unrest_v / 6, memory_s=5.0)
        self._last_s: float | None = None

    def measure(self, moment_s: float, local_offset_s: float = 0.0) -> Measurement:
        """What the panel measures at `moment_s` (Unix time, never backwards); `local_offset_s` is
        the site's offset from UTC, so that its evening is the load's evening."""
        elapsed_s = DAY_S if self._last_s is None else max(0.0, moment_s - self._last_s)
        self._last_s = moment_s
        supply = self.kind.supply
        ampere = self.kind.load.ampere_at(moment_s + local_offset_s)
        ampere += self._load.step(elapsed_s, self._chance)
        # The more load, the lower the voltage at the end of the line.
        voltage = (
            supply.voltage_at(ampere)
            + self._grid.step(elapsed_s, self._chance)
            + self._flicker.step(elapsed_s, self._chance)
        )
        volts = round(_within(voltage, supply.bounds_v), 2)
        amperes = round(_within(ampere, supply.bounds_a), 2)
        watts = round(supply.power_w(volts, amperes), 2)
        return Measurement(volts, amperes, watts, round(watts * COST_RP_PER_W, 2))


def _within(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])
