"""Energy once more, the slow and plain way: exact fractions, minute by minute, every stretch of time
looked at by itself. Written from the rules, not from the code."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

MINUTE_US = 60_000_000
US_AN_HOUR = 3_600_000_000
Readings = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Meter:
    """What is set of a panel."""

    max_gap_us: int
    rated_va: float | None = None
    limit_kwh: float | None = None


@dataclass
class Known:
    """Of one bucket."""

    wh: Fraction = Fraction(0)
    covered_us: int = 0
    recovered_us: int = 0

    def add(self, other: "Known") -> None:
        self.wh += other.wh
        self.covered_us += other.covered_us
        self.recovered_us += other.recovered_us


def believable(register: Readings, meter: Meter) -> list[tuple[int, int, Fraction]]:
    """(start, end, Wh) of each step of the register that can be believed."""
    found = []
    for (start, before), (end, after) in pairwise(register):
        old, new = Fraction(before), Fraction(after)
        kwh: list[Fraction] = []  # what it may have been, the likeliest first
        if new >= old:
            kwh.append(new - old)
        else:
            if meter.limit_kwh is not None and old <= meter.limit_kwh:
                around = Fraction(meter.limit_kwh) - old + new
                if around < Fraction(meter.limit_kwh) / 2:
                    kwh.append(around)
            if meter.rated_va is not None and new <= old / 2:
                kwh.append(new)
        most_wh = None
        if meter.rated_va is not None:
            hours = Fraction(max(end - start, meter.max_gap_us), US_AN_HOUR)
            most_wh = 2 * Fraction(meter.rated_va) * hours
        possible = [each * 1000 for each in kwh if most_wh is None or each * 1000 <= most_wh]
        if possible:
            found.append((start, end, possible[0]))
    return found


class Power:
    """Power between readings: a line, or nothing where they are too far apart."""

    def __init__(self, readings: Readings, max_gap_us: int) -> None:
        self.readings = [(moment, Fraction(value)) for moment, value in readings]
        self.moments = [moment for moment, _ in self.readings]
        self.max_gap_us = max_gap_us

    def wh(self, start: int, end: int) -> Fraction | None:
        """Over a stretch within which there is no reading; None where power is not known."""
        place = bisect_right(self.moments, start)
        if place in (0, len(self.readings)):
            return None
        (t0, p0), (t1, p1) = self.readings[place - 1 : place + 1]
        if t1 - t0 > self.max_gap_us:
            return None
        middle = p0 + (p1 - p0) * (Fraction(start + end, 2) - t0) / (t1 - t0)
        return middle * (end - start) / US_AN_HOUR


def by_minute(power: Readings, register: Readings, meter: Meter) -> dict[int, Known]:
    """By the start of the minute; without those of which nothing is known."""
    known = Power(power, meter.max_gap_us)
    steps = believable(register, meter)
    moments = sorted({moment for moment, _ in (*power, *register)})
    found: dict[int, Known] = defaultdict(Known)
    if not moments:
        return {}
    minutes = range(moments[0] - moments[0] % MINUTE_US, moments[-1] + MINUTE_US, MINUTE_US)
    cuts = sorted({*moments, *minutes})
    pieces = list(pairwise(cuts))
    starts = [start for start, _ in pieces]

    def note(start: int, wh: Fraction, covered_us: int, recovered_us: int) -> None:
        found[start - start % MINUTE_US].add(Known(wh, covered_us, recovered_us))

    reached = moments[0]
    for start, end, step_wh in [*steps, (moments[-1], moments[-1], Fraction(0))]:
        outside = pieces[bisect_right(starts, reached - 1) : bisect_right(starts, start - 1)]
        for low, high in outside:
            wh = known.wh(low, high)
            if wh is not None:
                note(low, wh, high - low, 0)
        inside = pieces[bisect_right(starts, start - 1) : bisect_right(starts, end - 1)]
        _spread(note, known, inside, step_wh, end - start <= meter.max_gap_us)
        reached = end
    return {minute: each for minute, each in found.items() if each.covered_us or each.recovered_us}


def _spread(
    note: Callable[[int, Fraction, int, int], None],
    known: Power,
    pieces: Sequence[tuple[int, int]],
    step_wh: Fraction,
    short: bool,
) -> None:
    told = [(low, high, known.wh(low, high)) for low, high in pieces]
    measured = sum((wh for _, _, wh in told if wh is not None), Fraction(0))
    length = sum(high - low for low, high in pieces)
    silent = sum(high - low for low, high, wh in told if wh is None)
    if silent == 0 and measured > 0:  # 1. as the power was
        shaped = {low: (wh or 0) * step_wh / measured for low, _, wh in told}
    elif silent and 0 <= measured <= step_wh:  # 2. a part as power says, the rest evenly
        rest = step_wh - measured
        shaped = {low: rest * (high - low) / silent if wh is None else wh for low, high, wh in told}
    else:  # power can't be right
        shaped = {low: step_wh * (high - low) / length for low, high, _ in told}
    for low, high, wh in told:
        measured_here = wh is not None or short
        note(low, shaped[low], *((high - low, 0) if measured_here else (0, high - low)))
