"""A panel's minutes out of its readings: the pure function from which all rollups follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from meters.energy.bucket import Bucket, Statistics
from meters.energy.calendar import MINUTE_US
from meters.energy.integration import Buckets, Reading, statistics
from meters.energy.power import Energy, energy
from meters.energy.register import RegisterRules
from meters.metrics import METRICS


class Row(NamedTuple):
    """A sample: its moment (microseconds since 1970) and what it measured, None where it did not."""

    moment: int
    voltage: float | None
    ampere: float | None
    power: float | None
    energy_cost: float | None
    energy_register: float | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What is set of a panel and enters its rollups. `rated_va` None: nobody has said."""

    max_gap_us: int
    phases: int = 1
    rated_va: float | None = None
    register_limit_kwh: float | None = None

    @property
    def register(self) -> RegisterRules:
        return RegisterRules(self.register_limit_kwh, self.rated_va, self.max_gap_us)


def buckets_of(rows: Sequence[Row], span: Buckets, rules: Rules) -> list[Bucket]:
    """The buckets of `span` in which anything is known, in the order of time; without cost.

    `rows` ascend in time. Beyond the span they hold, on either side and of each metric, the nearest
    reading within the longest gap; where there is a register, the nearest readings of it at any
    distance and all power in between.
    """
    found: dict[int, Bucket] = {}
    for column, metric in enumerate(METRICS, start=1):
        readings = _readings(rows, column)
        for start, figures in statistics(readings, span, rules.max_gap_us).items():
            _bucket(found, start).metrics[metric] = figures
    register = _readings(rows, len(METRICS) + 1)
    if len(register) > 1:
        steps = list(rules.register.steps(register))
        amounts = energy(_readings(rows, Row._fields.index("power")), steps, span, rules.max_gap_us)
    else:
        amounts = {start: _by_power(bucket.metrics["power"]) for start, bucket in found.items()}
    for start, amount in amounts.items():
        if amount.covered_s or amount.recovered_s:
            bucket = _bucket(found, start)
            bucket.energy_wh = amount.wh
            bucket.energy_covered_s = amount.covered_s
            bucket.energy_recovered_s = amount.recovered_s
    return [found[start] for start in sorted(found)]


def minutes_of(rows: Sequence[Row], start: int, end: int, rules: Rules) -> list[Bucket]:
    """The minutes of [start, end), as `buckets_of`."""
    return buckets_of(rows, Buckets(start, end, MINUTE_US), rules)


def _readings(rows: Sequence[Row], column: int) -> list[Reading]:
    return [(row[0], value) for row in rows if (value := row[column]) is not None]


def _bucket(found: dict[int, Bucket], start: int) -> Bucket:
    return found.get(start) or found.setdefault(start, Bucket(start))


def _by_power(power: Statistics) -> Energy:
    return Energy(power.weighted / 3600, power.covered_s)
