"""Maximum demand, load factor, load-duration curve; the running quarter-hour and what it will come to."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from meters.energy import tables
from meters.energy.bucket import Bucket
from meters.energy.calendar import QUARTER_US, SECOND_US, Calendar, Level
from meters.energy.demand import QUARTER_S, unpack
from meters.energy.history import Period, read_parts, take_apart
from meters.energy.integration import Buckets
from meters.energy.minutes import buckets_of
from meters.energy.readings import Stretch, Subject, beside, rows_up_to
from meters.energy.sql import Span

_RUNNING_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Running:
    """The quarter-hour that runs: `mean_w` until now, `forecast_w` what its demand will be if the
    power stays what it is."""

    start: int
    elapsed_s: float
    mean_w: float
    forecast_w: float


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest demand among the quarter-hours of [start, end), and when that one began."""

    start: int
    end: int
    demand_w: float | None = None
    at: int | None = None


def mean_w(wh: float | None, known_s: float) -> float | None:
    """The mean power over the time whose energy is known."""
    return wh * 3600 / known_s if wh is not None and known_s else None


@dataclass(slots=True)
class Demands:
    """The quarter-hours of a range whose demand is known: how many, the sum of their demands (W),
    and the highest with its start."""

    count: int = 0
    sum_w: float = 0.0
    maximum_w: float | None = None
    maximum_at: int | None = None

    def see(self, start: int, several: Sequence[float]) -> None:
        """Take in the demands of quarter-hours in turn; NaN is not known. In the order of time."""
        known = [demand_w for demand_w in several if demand_w == demand_w]
        if not known:
            return
        self.count += len(known)
        self.sum_w += sum(known)
        highest = max(known)
        if self.maximum_w is None or highest > self.maximum_w:
            self.maximum_w = highest
            self.maximum_at = start + several.index(highest) * QUARTER_US

    @property
    def mean_w(self) -> float | None:
        return self.sum_w / self.count if self.count else None

    @property
    def load_factor(self) -> float | None:
        """Mean over maximum; None where no load was drawn, or none is known.

        Both are of the same quarter-hours, so that it is never above 1: what the register recovered,
        and minutes of quarter-hours that are known too little, would count in a mean of all and not
        in the maximum.
        """
        if self.mean_w is None or self.maximum_w is None or self.maximum_w <= 0:
            return None
        # The mean of equal demands may round to more than they are.
        return min(1.0, self.mean_w / self.maximum_w)


def running(subject: Subject, now_us: int) -> Running | None:
    """None while the panel measures no power."""
    start = now_us - now_us % QUARTER_US
    stretch = Stretch(subject, start, now_us)
    rows = rows_up_to(stretch, _RUNNING_ROWS)
    ((before, _),) = beside([stretch])
    rows = [*before, *(rows or [])]
    last = next((row for row in reversed(rows) if row.power is not None), None)
    if last is None or last.power is None or now_us - last.moment > subject.rules.max_gap_us:
        return None
    (block,) = buckets_of(rows, Buckets(start, start + QUARTER_US, QUARTER_US), subject.rules) or [
        Bucket(start)
    ]
    mean = block.metrics["power"].mean  # as a quarter-hour's demand: not by the register
    if mean is None:
        mean = last.power
    elapsed_s = (now_us - start) / SECOND_US
    forecast = (mean * elapsed_s + last.power * (QUARTER_S - elapsed_s)) / QUARTER_S
    return Running(start, elapsed_s, mean, forecast)


def peaks(panel: int, calendar: Calendar, period: Period, points: int) -> list[Peak]:
    """At most about `points` stretches of the period's whole quarter-hours, each with its highest
    demand."""
    inside = Period(
        calendar.ceiling(Level.QUARTER, period.start), calendar.start(Level.QUARTER, period.end)
    )
    if inside.start >= inside.end:
        return []
    level = next(
        (
            level
            for level, length_us in ((Level.QUARTER, QUARTER_US), (Level.HOUR, 4 * QUARTER_US))
            if period.end - period.start <= points * length_us
        ),
        Level.DAY,
    )
    edges = calendar.edges(level, inside.start, inside.end)
    several = math.ceil((len(edges) - 1) / points)
    edges = [inside.start, *edges[several:-1:several], inside.end]
    found = {start: Peak(start, end) for start, end in pairwise(edges)}
    parts, place = take_apart(calendar, inside, level), 0
    for start, demand_w, at in read_parts(panel, parts, ("demand_max_w", "demand_max_at")):
        while edges[place + 1] <= start:
            place += 1
        known = found[edges[place]]
        if demand_w is not None and (known.demand_w is None or demand_w > known.demand_w):
            found[edges[place]] = Peak(known.start, known.end, demand_w, at)
    return list(found.values())


def demands(
    panels: Sequence[int], calendar: Calendar, period: Period
) -> dict[int, dict[int, float]]:
    """The demand of each quarter-hour in the period that is known well enough, by panel and start,
    in the order of time."""
    return {
        panel: {
            start + place * QUARTER_US: demand_w
            for start, several in sorted(_runs(panel, calendar, period))
            for place, demand_w in enumerate(several)
            if demand_w == demand_w  # a number: what is not known is NaN
        }
        for panel in panels
    }


def summary(panel: int, calendar: Calendar, period: Period) -> Demands:
    """Of the quarter-hours in the period that are known well enough."""
    found = Demands()
    for start, several in sorted(_runs(panel, calendar, period)):
        found.see(start, several)
    return found


def _runs(
    panel: int, calendar: Calendar, period: Period
) -> Iterator[tuple[int, tuple[float, ...]]]:
    """(start, demands of the quarter-hours in turn): of whole days out of `TrendDay.demands`, of the
    rest out of the quarter-hours' own rows."""
    parts = take_apart(calendar, period)
    days, beside_days = parts[Level.DAY], [*parts[Level.HOUR], *parts[Level.QUARTER]]
    if days:
        spans = [Span(panel, day.start, day.end) for day in days]
        for start, packed in tables.read_columns(Level.DAY, spans, ("demands",))[panel]:
            yield start, unpack(packed or b"")
    if beside_days:
        spans = [Span(panel, part.start, part.end) for part in beside_days]
        for start, demand_w in tables.read_columns(Level.QUARTER, spans, ("demand_max_w",))[panel]:
            if demand_w is not None:
                yield start, (demand_w,)


def load_duration(demands_w: Sequence[float], points: int) -> list[tuple[float, float]]:
    """(percent of the time, power that is reached or exceeded for so long), from the highest down:
    the sorted demands, thinned out to about `points`."""
    ordered = sorted(demands_w, reverse=True)
    if not ordered:
        return []
    count = len(ordered)
    chosen = sorted({round(k * (count - 1) / max(1, points - 1)) for k in range(points)})
    curve = [((place + 1) / count * 100, ordered[place]) for place in chosen]
    return [(0.0, ordered[0]), *curve]
