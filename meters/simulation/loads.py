"""What simulated panels feed: how much current it takes over a day and a week."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi
from typing import Protocol

DAY_S = 86_400.0
_HOUR_S = 3_600.0
_SATURDAY = 5
# The first day of Unix time was a Thursday.
_FIRST_WEEKDAY = 3


class Load(Protocol):
    """The current at a moment of the site's clock (seconds since 1970, as if that were UTC),
    before chance has its say."""

    def ampere_at(self, local_s: float) -> float: ...


@dataclass(frozen=True, slots=True)
class EveningPeak:
    """A small transformer of a street: one calm wave a day."""

    base_a: float
    swing_a: float
    peak_at: float  # the part of the day that has passed

    def ampere_at(self, local_s: float) -> float:
        return self.base_a + self.swing_a * cos(2 * pi * (local_s % DAY_S / DAY_S - self.peak_at))


@dataclass(frozen=True, slots=True)
class Curve:
    """Hours and currents (A) of a day, with straight lines between; it ends as it begins."""

    points: Sequence[tuple[float, float]]

    def at(self, hour: float) -> float:
        before = self.points[0]
        for point in self.points:
            if point[0] > hour:
                share = (hour - before[0]) / (point[0] - before[0])
                return before[1] + share * (point[1] - before[1])
            before = point
        return before[1]


@dataclass(frozen=True, slots=True)
class Week:
    """Work from Monday to Friday, another day at the weekend."""

    workday: Curve
    weekend: Curve

    def ampere_at(self, local_s: float) -> float:
        weekday = (int(local_s // DAY_S) + _FIRST_WEEKDAY) % 7
        day = self.weekend if weekday >= _SATURDAY else self.workday
        return day.at(local_s % DAY_S / _HOUR_S)


@dataclass(frozen=True, slots=True)
class Motor:
    """What a controller switches on for `on_s` of every `cycle_s`, beside what always runs."""

    idle_a: float
    running_a: float
    on_s: float
    cycle_s: float

    def ampere_at(self, local_s: float) -> float:
        return self.idle_a + (self.running_a if local_s % self.cycle_s < self.on_s else 0.0)


def every_day(*points: tuple[float, float]) -> Week:
    return Week(Curve(points), Curve(points))
