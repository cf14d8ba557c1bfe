"""The energy of buckets: from the meter's register where it has one, else from power."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from meters.energy.calendar import SECOND_US
from meters.energy.integration import Buckets, Reading, line_integral
from meters.energy.register import Step

_HOUR_S = 3600.0
_TOLERANCE_S = 0.001


@dataclass(slots=True)
class Energy:
    """`covered_s` were measured, over `recovered_s` only the register went on."""

    wh: float = 0.0
    covered_s: float = 0.0
    recovered_s: float = 0.0


class _Stretch(NamedTuple):
    """A stretch of time in which power follows one line, or is not known (None)."""

    start: int
    end: int
    line: tuple[Reading, Reading] | None

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / SECOND_US

    def wh(self, from_us: int, to_us: int) -> float:
        """What power says went through in a part of the stretch."""
        if self.line is None:
            return 0.0
        return line_integral(*self.line, from_us, to_us)[1] / _HOUR_S


def energy(
    power: Sequence[Reading], steps: Sequence[Step], buckets: Buckets, max_gap_us: int
) -> dict[int, Energy]:
    """By the start of the bucket; without those of which nothing is known.

    A step of the register counts with what it says, and power only tells when it went through:
    1. Where power was measured throughout, the step's energy is spread as the power was.
    2. Where it was measured for a part, that part counts by its power, the rest evenly over the
       time without; if power alone makes more than the step, all of it evenly.
    3. Time of a step longer than the longest gap in which no power was measured is *recovered*.

    Outside the steps power counts by the trapezoidal rule. `power` and `steps` ascend in time;
    `power` reaches over all of every step.
    """
    found: dict[int, Energy] = {}
    known = _Power(power, max_gap_us)
    reached = buckets.start
    for step in steps:
        _spread_power(found, known, buckets, reached, step.start)
        _spread_step(found, known, buckets, step)
        reached = max(reached, step.end)
    _spread_power(found, known, buckets, reached, buckets.end)
    return found


class _Power:
    """The power readings, to be asked for what they say of any stretch."""

    def __init__(self, readings: Sequence[Reading], max_gap_us: int) -> None:
        self._readings = readings
        self._moments = [moment_us for moment_us, _ in readings]
        self.max_gap_us = max_gap_us

    def stretches(self, start: int, end: int) -> Iterator[_Stretch]:
        """[start, end) from one reading to the next."""
        place = bisect_right(self._moments, start)
        while start < end:
            after = self._readings[place] if place < len(self._readings) else None
            before = self._readings[place - 1] if place else None
            stop = end if after is None else min(end, after[0])
            line = None
            if before and after and after[0] - before[0] <= self.max_gap_us:
                line = (before, after)
            yield _Stretch(start, stop, line)
            start, place = stop, place + 1


def _spread_power(
    found: dict[int, Energy], known: _Power, buckets: Buckets, start: int, end: int
) -> None:
    for stretch in known.stretches(max(start, buckets.start), min(end, buckets.end)):
        if stretch.line is not None:
            for place, from_us, to_us in buckets.pieces(stretch.start, stretch.end):
                seconds = (to_us - from_us) / SECOND_US
                _add(found, place, stretch.wh(from_us, to_us), seconds, 0.0)


def _spread_step(found: dict[int, Energy], known: _Power, buckets: Buckets, step: Step) -> None:
    stretches = list(known.stretches(step.start, step.end))
    factor, rest_w = _share(step, stretches)
    short = step.end - step.start <= known.max_gap_us
    for stretch in stretches:
        for place, from_us, to_us in buckets.pieces(stretch.start, stretch.end):
            seconds = (to_us - from_us) / SECOND_US
            if stretch.line is not None and factor is not None:
                wh = stretch.wh(from_us, to_us) * factor
            else:
                wh = rest_w * seconds / _HOUR_S
            if short or stretch.line is not None:
                _add(found, place, wh, seconds, 0.0)
            else:
                _add(found, place, wh, 0.0, seconds)


def _share(step: Step, stretches: Sequence[_Stretch]) -> tuple[float | None, float]:
    """(the factor to what power says where it was measured, the W where it was not); the factor is
    None where all of the step counts evenly."""
    measured = [stretch for stretch in stretches if stretch.line is not None]
    measured_wh = sum(stretch.wh(stretch.start, stretch.end) for stretch in measured)
    length_s = (step.end - step.start) / SECOND_US
    rest_s = length_s - sum(stretch.seconds for stretch in measured)
    if rest_s < _TOLERANCE_S and measured_wh > 0:
        return step.energy_wh / measured_wh, 0.0
    if rest_s >= _TOLERANCE_S and 0 <= measured_wh <= step.energy_wh:
        return 1.0, (step.energy_wh - measured_wh) / rest_s * _HOUR_S
    return None, step.energy_wh / length_s * _HOUR_S


def _add(
    found: dict[int, Energy], place: int, wh: float, covered_s: float, recovered_s: float
) -> None:
    bucket = found.setdefault(place, Energy())
    bucket.wh += wh
    bucket.covered_s += covered_s
    bucket.recovered_s += recovered_s
