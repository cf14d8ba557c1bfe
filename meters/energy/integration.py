"""From readings to minutes: means weighted by time, extremes, and energy, never over a gap.

Between two readings a quantity is taken to change evenly (the trapezoidal rule), as long as they are
no further apart than the panel's longest gap. What lies between two readings belongs to the buckets
it lies in: at an edge the line is cut, so that buckets add up to the whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from meters.energy.bucket import Statistics
from meters.energy.calendar import SECOND_US

Reading = tuple[int, float]  # moment in microseconds since 1970, value


class Buckets(NamedTuple):
    """Equal buckets of `width` from `start` to `end`, all in microseconds."""

    start: int
    end: int
    width: int

    def pieces(self, from_us: int, to_us: int) -> Iterator[tuple[int, int, int]]:
        """(bucket's start, from, to) of what lies in each bucket of [from, to)."""
        from_us, to_us = max(from_us, self.start), min(to_us, self.end)
        while from_us < to_us:
            bucket = from_us - (from_us - self.start) % self.width
            piece_end = min(bucket + self.width, to_us)
            yield bucket, from_us, piece_end
            from_us = piece_end


def lines(readings: Iterable[Reading], max_gap_us: int) -> Iterator[tuple[Reading, Reading]]:
    """The pairs of readings, ascending in time, between which something is known."""
    for before, after in pairwise(readings):
        if after[0] - before[0] <= max_gap_us:
            yield before, after


def statistics(
    readings: Sequence[Reading], buckets: Buckets, max_gap_us: int
) -> dict[int, Statistics]:
    """Of one metric, by the start of the bucket; without those in which nothing is known.

    `readings` ascend in time and reach one reading beyond the buckets on either side, where there
    is one within the longest gap.
    """
    start, end, width = buckets
    found: dict[int, Statistics] = {}
    last_us, last_value = start - max_gap_us - 1, 0.0
    for moment_us, value in readings:
        if moment_us - last_us <= max_gap_us and moment_us > start and last_us < end:
            first = last_us - (last_us - start) % width
            if moment_us <= first + width and last_us >= start:  # the usual case, made quick
                seconds = (moment_us - last_us) / SECOND_US
                bucket = found.get(first) or found.setdefault(first, Statistics())
                bucket.covered_s += seconds
                bucket.weighted += (last_value + value) / 2 * seconds
            else:
                _cut(found, buckets, (last_us, last_value), (moment_us, value))
        if start <= moment_us < end:
            place = moment_us - (moment_us - start) % width
            bucket = found.get(place) or found.setdefault(place, Statistics())
            bucket.see(value, moment_us)
        last_us, last_value = moment_us, value
    return found


def _cut(found: dict[int, Statistics], buckets: Buckets, before: Reading, after: Reading) -> None:
    for place, from_us, to_us in buckets.pieces(before[0], after[0]):
        bucket = found.setdefault(place, Statistics())
        seconds, weighted = line_integral(before, after, from_us, to_us)
        bucket.covered_s += seconds
        bucket.weighted += weighted


def line_integral(before: Reading, after: Reading, from_us: int, to_us: int) -> tuple[float, float]:
    """(seconds, value times seconds) under the line between two readings, over [from, to)."""
    slope = (after[1] - before[1]) / (after[0] - before[0])
    middle = before[1] + slope * ((from_us + to_us) / 2 - before[0])
    seconds = (to_us - from_us) / SECOND_US
    return seconds, middle * seconds
