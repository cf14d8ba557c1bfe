"""Demand: the mean power of the fixed quarter-hours :00, :15, :30, :45, by which maxima are billed."""

import math
import struct
from collections.abc import Iterable, Mapping, Sequence

from meters.energy import tables
from meters.energy.bucket import Bucket, Load
from meters.energy.calendar import QUARTER_US, SECOND_US, Calendar, Level
from meters.energy.sql import Span

QUARTER_S = QUARTER_US / SECOND_US
# A block of which less was measured is no demand: its mean could be that of its highest minute.
COMPLETE = 0.8


def demand_w(energy_wh: float | None, covered_s: float) -> float | None:
    """The demand of a quarter-hour; None where too little of it was measured. What the register has
    recovered over a gap is no measurement of this quarter-hour."""
    if energy_wh is None or covered_s < COMPLETE * QUARTER_S:
        return None
    return energy_wh * 3600 / covered_s


def with_demand(quarters: Iterable[Bucket]) -> list[Bucket]:
    """The quarter-hours, each with its demand."""
    done = []
    for quarter in quarters:
        load = quarter.load = quarter.load or Load()
        load.demand_w = _demand_of(quarter)
        load.demand_blocks = int(load.demand_w is not None)
        load.demand_at = None if load.demand_w is None else quarter.start
        done.append(quarter)
    return done


def _demand_of(quarter: Bucket) -> float | None:
    """By power wherever it was measured: a register of whole kWh ticks once or twice in the
    quarter-hours of an even 4.3 kW, and its maximum would be 8 kW."""
    power = quarter.metrics["power"]
    by_power = demand_w(power.weighted / 3600, power.covered_s)
    if by_power is not None or quarter.energy_recovered_s:
        return by_power
    return demand_w(quarter.energy_wh, quarter.energy_covered_s)


def set_demands(
    days: Mapping[int, Sequence[Bucket]], spans: Sequence[Span], calendar: Calendar
) -> None:
    """Give each day the demands of its quarter-hours, as they stand in the database."""
    rows = tables.read_columns(Level.QUARTER, spans, ["demand_max_w"])
    for panel, some in days.items():
        demands = {start: value for start, value in rows[panel] if value is not None}
        for day in some:
            day.demands = pack(day.start, calendar.end(Level.DAY, day.start), demands)


def pack(start: int, end: int, demands: Mapping[int, float]) -> bytes:
    """The demands of a day's quarter-hours in turn, for `TrendDay.demands`."""
    blocks = [demands.get(at, math.nan) for at in range(start, end, QUARTER_US)]
    return struct.pack(f"<{len(blocks)}d", *blocks)


def unpack(demands: bytes) -> tuple[float, ...]:
    return struct.unpack(f"<{len(demands) // 8}d", demands)
