"""Maximum demand, load factor, load-duration curve; the running quarter-hour and what it will come to."""

import math
from collections.abc import Sequence
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


def mean_w(energy: Bucket) -> float | None:
    """The mean power over the time whose energy is known."""
    known_s = energy.energy_covered_s + energy.energy_recovered_s
    return energy.energy_wh * 3600 / known_s if energy.energy_wh is not None and known_s else None


def load_factor(energy: Bucket) -> float | None:
    """Mean power over maximum demand; None where either is not known, or no load was drawn."""
    mean, load = mean_w(energy), energy.load
    if mean is None or load is None or load.demand_w is None or load.demand_w <= 0:
        return None
    return mean / load.demand_w


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
    """The demand of each quarter-hour in the period that is known well enough, by panel and start.

    Whole days come out of `TrendDay.demands`, the rest out of the quarter-hours' own rows.
    """
    found: dict[int, dict[int, float]] = {panel: {} for panel in panels}
    days: list[Period] = []
    beside_days: list[Period] = []
    for level, parts in take_apart(calendar, period).items():
        if level is not Level.MINUTE:
            (days if level is Level.DAY else beside_days).extend(parts)
    for panel in panels:
        if days:
            spans = [Span(panel, day.start, day.end) for day in days]
            for start, packed in tables.read_columns(Level.DAY, spans, ("demands",))[panel]:
                for place, demand_w in enumerate(unpack(packed or b"")):
                    if demand_w == demand_w:  # a number: what is not known is NaN
                        found[panel][start + place * QUARTER_US] = demand_w
        if beside_days:
            spans = [Span(panel, part.start, part.end) for part in beside_days]
            rows = tables.read_columns(Level.QUARTER, spans, ("demand_max_w",))[panel]
            found[panel] |= {start: demand_w for start, demand_w in rows if demand_w is not None}
    return found


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
