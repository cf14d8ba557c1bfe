"""A believable panel: values that drift around a daily load, as a small transformer's do."""

import math
import random
from dataclasses import dataclass
from typing import NamedTuple

LOWEST_V, HIGHEST_V = 215.0, 245.0
LOWEST_A, HIGHEST_A = 5.0, 25.0
COST_RP_PER_W = 1250.0  # what the customer's reference meter reports; no real tariff
_DAY_S = 86_400.0


class Measurement(NamedTuple):
    """What a meter publishes at one moment: V, A, W, Rp, rounded as a meter rounds."""

    voltage: float
    ampere: float
    power: float
    energy_cost: float


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
    """One panel; `seed` decides what kind of panel it is and everything that happens to it."""

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(seed)  # noqa: S311 (no secret)
        self._base_a = self._chance.uniform(13.0, 16.0)
        self._swing_a = self._chance.uniform(2.5, 4.5)
        self._peak_at = self._chance.uniform(0.70, 0.82)  # of the day: towards the evening
        self._base_v = self._chance.uniform(229.0, 234.0)
        self._load = _Drift(spread=1.2, memory_s=240.0)
        self._grid = _Drift(spread=1.8, memory_s=600.0)
        self._flicker = _Drift(spread=0.3, memory_s=5.0)
        self._last_s: float | None = None

    def measure(self, moment_s: float, local_offset_s: float = 0.0) -> Measurement:
        """What the panel measures at `moment_s` (Unix time, never backwards); `local_offset_s` is
        the site's offset from UTC, so that its evening is the load's evening."""
        elapsed_s = _DAY_S if self._last_s is None else max(0.0, moment_s - self._last_s)
        self._last_s = moment_s
        of_day = ((moment_s + local_offset_s) % _DAY_S) / _DAY_S
        daily = math.cos(2 * math.pi * (of_day - self._peak_at))
        ampere = self._base_a + self._swing_a * daily + self._load.step(elapsed_s, self._chance)
        # The more load, the lower the voltage at the end of the line.
        voltage = (
            self._base_v
            - 0.25 * (ampere - self._base_a)
            + self._grid.step(elapsed_s, self._chance)
            + self._flicker.step(elapsed_s, self._chance)
        )
        volts = round(min(max(voltage, LOWEST_V), HIGHEST_V), 2)
        amperes = round(min(max(ampere, LOWEST_A), HIGHEST_A), 2)
        watts = round(volts * amperes, 2)
        return Measurement(volts, amperes, watts, round(watts * COST_RP_PER_W, 2))
