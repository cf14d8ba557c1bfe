"""Which moments of a file were read already."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable


class SeenMoments:
    """A set of moments (microseconds since 1970). Recordings mostly go forward in time: those that
    do cost eight bytes each, and years of seconds fit into memory."""

    def __init__(self) -> None:
        self._ascending = array("q")
        self._others: set[int] = set()

    def __contains__(self, moment_us: int) -> bool:
        place = bisect_left(self._ascending, moment_us)
        found = place < len(self._ascending) and self._ascending[place] == moment_us
        return found or moment_us in self._others

    def add(self, moments_us: Iterable[int]) -> None:
        for moment_us in moments_us:
            if not self._ascending or moment_us > self._ascending[-1]:
                self._ascending.append(moment_us)
            elif moment_us not in self:
                self._others.add(moment_us)
