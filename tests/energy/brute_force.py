"""The rollups once more, the slow and plain way: exact fractions, no sharing, straight from the rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise


@dataclass(frozen=True)
class Figures:
    """One metric over [start, end)."""

    count: int
    covered_us: int
    mean: float | None
    minimum: float | None
    minimum_at: int | None
    maximum: float | None
    maximum_at: int | None
    weighted: Fraction  # value times microseconds


def figures(
    readings: Iterable[tuple[int, float | None]], start: int, end: int, max_gap_us: int
) -> Figures:
    """`readings`: all there are of the metric, ascending."""
    known = [(moment, Fraction(value)) for moment, value in readings if value is not None]
    inside = [(moment, value) for moment, value in known if start <= moment < end]
    covered, weighted = 0, Fraction(0)
    for (t0, v0), (t1, v1) in pairwise(known):
        low, high = max(t0, start), min(t1, end)
        if t1 - t0 <= max_gap_us and low < high:
            slope = (v1 - v0) / (t1 - t0)
            at_low, at_high = v0 + slope * (low - t0), v0 + slope * (high - t0)
            covered += high - low
            weighted += (at_low + at_high) / 2 * (high - low)
    values = [value for _, value in inside]
    mean: Fraction | None = None
    if covered:
        mean = weighted / covered
    elif values:
        mean = sum(values, Fraction(0)) / len(values)
    lowest, highest = min(values, default=None), max(values, default=None)
    return Figures(
        len(inside),
        covered,
        None if mean is None else float(mean),
        None if lowest is None else float(lowest),
        next((moment for moment, value in inside if value == lowest), None),
        None if highest is None else float(highest),
        next((moment for moment, value in inside if value == highest), None),
        weighted,
    )


def split(items: Sequence[object], cuts: Sequence[int]) -> list[Sequence[object]]:
    """The items in order, cut into pieces at these places."""
    places = [0, *sorted({cut % (len(items) + 1) for cut in cuts}), len(items)]
    return [items[low:high] for low, high in pairwise(places) if low < high]
