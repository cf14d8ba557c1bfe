"""What a rollup holds, and how the buckets of a coarser level follow from finer ones.

Moments are microseconds since 1970, `…_s` seconds, `…_wh` Wh.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from meters.metrics import METRICS


@dataclass(slots=True)
class Statistics:
    """One metric in one bucket; see `meters.models.Rollup`.

    `weighted` is the sum of value times seconds over the covered time.
    """

    count: int = 0
    covered_s: float = 0.0
    weighted: float = 0.0
    total: float = 0.0  # of the readings: the mean where nothing is covered
    minimum: float | None = None
    minimum_at: int | None = None
    maximum: float | None = None
    maximum_at: int | None = None

    @property
    def mean(self) -> float | None:
        """Weighted by time; that of the readings where no time is covered."""
        if self.covered_s:
            return self.weighted / self.covered_s
        return self.total / self.count if self.count else None

    def see(self, value: float, moment_us: int) -> None:
        """Count a reading that lies in the bucket."""
        self.count += 1
        self.total += value
        if self.minimum is None or value < self.minimum:
            self.minimum, self.minimum_at = value, moment_us
        if self.maximum is None or value > self.maximum:
            self.maximum, self.maximum_at = value, moment_us

    def add(self, finer: "Statistics") -> None:
        """Take in those of a part of the bucket; parts come in the order of time."""
        self.count += finer.count
        self.covered_s += finer.covered_s
        self.weighted += finer.weighted
        self.total += finer.total
        if finer.minimum is not None and (self.minimum is None or finer.minimum < self.minimum):
            self.minimum, self.minimum_at = finer.minimum, finer.minimum_at
        if finer.maximum is not None and (self.maximum is None or finer.maximum > self.maximum):
            self.maximum, self.maximum_at = finer.maximum, finer.maximum_at


@dataclass(slots=True)
class Load:
    """The load of a bucket; see `meters.models.LoadRollup`."""

    apparent_vah: float | None = None
    reactive_varh: float | None = None
    covered_s: float = 0.0
    maximum_va: float | None = None
    maximum_at: int | None = None
    over_80_s: float | None = None
    over_100_s: float | None = None
    over_120_s: float | None = None
    demand_blocks: int = 0
    demand_w: float | None = None
    demand_at: int | None = None

    def add(self, finer: "Load") -> None:
        self.apparent_vah = added(self.apparent_vah, finer.apparent_vah)
        self.reactive_varh = added(self.reactive_varh, finer.reactive_varh)
        self.covered_s += finer.covered_s
        if finer.maximum_va is not None and (
            self.maximum_va is None or finer.maximum_va > self.maximum_va
        ):
            self.maximum_va, self.maximum_at = finer.maximum_va, finer.maximum_at
        self.over_80_s = added(self.over_80_s, finer.over_80_s)
        self.over_100_s = added(self.over_100_s, finer.over_100_s)
        self.over_120_s = added(self.over_120_s, finer.over_120_s)
        self.demand_blocks += finer.demand_blocks
        if finer.demand_w is not None and (self.demand_w is None or finer.demand_w > self.demand_w):
            self.demand_w, self.demand_at = finer.demand_w, finer.demand_at


Amount = TypeVar("Amount", float, Decimal)


def added(one: Amount | None, other: Amount | None) -> Amount | None:
    """The sum of what is known: None adds nothing."""
    if one is None or other is None:
        return other if one is None else one
    return one + other


@dataclass(slots=True)
class Bucket:
    """All that a rollup holds. A minute has no `load`: it follows from its means. Only a day has
    `demands`. `unpriced_wh` is how much of the energy `cost` doesn't tell of."""

    start: int
    metrics: dict[str, Statistics] = field(
        default_factory=lambda: {metric: Statistics() for metric in METRICS}
    )
    energy_wh: float | None = None
    energy_covered_s: float = 0.0
    energy_recovered_s: float = 0.0
    cost: Decimal | None = None
    unpriced_wh: float = 0.0
    load: Load | None = None
    demands: bytes | None = None

    def add(self, finer: "Bucket") -> None:
        """Take in a part of the bucket; parts come in the order of time."""
        for metric, statistics in self.metrics.items():
            statistics.add(finer.metrics[metric])
        self.energy_wh = added(self.energy_wh, finer.energy_wh)
        self.energy_covered_s += finer.energy_covered_s
        self.energy_recovered_s += finer.energy_recovered_s
        self.cost = added(self.cost, finer.cost)
        self.unpriced_wh += finer.unpriced_wh
        if finer.load is not None:
            if self.load is None:
                self.load = Load()
            self.load.add(finer.load)


def unpriced(energy_wh: float | None, cost: object | None, beside_cost_wh: float = 0.0) -> float:
    """How much of a stored bucket's energy (Wh) no price was in force for: of a minute, and of any
    bucket without a cost, all or nothing."""
    return (energy_wh or 0.0) if cost is None else beside_cost_wh


def quality(energy_wh: float | None, recovered_s: float, known_share: float) -> str:
    """What the energy of a stretch of time rests on, in a word: `measured` throughout, `recovered`
    in part from the register over a gap, `partial` where of some time nothing is known, `empty`.

    `known_share`: the share, 0 to 1, of the time whose energy is known.
    """
    if energy_wh is None:
        return "empty"
    if recovered_s:
        return "recovered"
    return "measured" if known_share > 0.9999 else "partial"


def combine(starts: Sequence[int], finer: Iterable[Bucket]) -> list[Bucket]:
    """The buckets that begin at `starts`, from `finer` ones in the order of time; those that would
    be empty are left out. What lies before the first start is left out, too."""
    combined: list[Bucket] = []
    place = -1
    for bucket in finer:
        before = place
        while place + 1 < len(starts) and starts[place + 1] <= bucket.start:
            place += 1
        if place < 0:
            continue
        if place != before or not combined:
            combined.append(Bucket(starts[place]))
        combined[-1].add(bucket)
    return combined
