"""Energy from a meter's own cumulative register (kWh), and what of it can be believed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from meters.energy.calendar import SECOND_US
from meters.energy.integration import Reading

# The most that IEC 60076-7 (secondary) grants a distribution transformer, in a short emergency.
PLAUSIBLE_LOAD = 2.0
_JUST_BELOW = 0.5  # of the register's range: a step back by less is no roll-over, nor a reset


@dataclass(frozen=True, slots=True)
class Step:
    """`energy_wh` went through between two readings of the register, at `start` and `end`."""

    start: int
    end: int
    energy_wh: float


@dataclass(frozen=True, slots=True)
class RegisterRules:
    """`limit_kwh`: where the register starts from 0 again, None where it never does. `rated_va`:
    the panel's rated apparent power, by which a step is judged; None where nobody has said.
    `max_gap_us`: registers move by whole ticks; a step is judged over this time at the least."""

    limit_kwh: float | None
    rated_va: float | None
    max_gap_us: int

    def steps(self, readings: Iterable[Reading]) -> Iterator[Step]:
        """The believable steps between readings (moment, kWh) that ascend in time.

        1. Forward: the difference.
        2. Back, and the register has a limit: it rolled over, if that makes less than half of its
           range.
        3. Back otherwise, by more than half of what it showed: it was reset, and what it shows has
           gone through since; known only where the rating says that it can be. Back by less, and
           nothing is known: meters that lose their supply go on from what they wrote down last.
        4. More than twice the rating over the step's time is no energy: the step is left out, and
           with it nothing is added.
        """
        for (start, before), (end, after) in pairwise(readings):
            wh = self._energy_wh(before, after, end - start)
            if wh is not None:
                yield Step(start, end, wh)

    def _energy_wh(self, before: float, after: float, length_us: int) -> float | None:
        if after >= before:
            return self._if_plausible(after - before, length_us)
        if self.limit_kwh is not None and before <= self.limit_kwh:
            around = self.limit_kwh - before + after
            if around < self.limit_kwh * _JUST_BELOW:
                plausible = self._if_plausible(around, length_us)
                if plausible is not None:
                    return plausible
        if self.rated_va is None or after > before * _JUST_BELOW:
            return None
        return self._if_plausible(after, length_us)

    def _if_plausible(self, kwh: float, length_us: int) -> float | None:
        wh = kwh * 1000
        if self.rated_va is not None:
            hours = max(length_us, self.max_gap_us) / SECOND_US / 3600
            if wh > PLAUSIBLE_LOAD * self.rated_va * hours:
                return None
        return wh
