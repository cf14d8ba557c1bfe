"""Energy from power: the integral over time, never over a gap."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

MAX_GAP_S = 300.0


@dataclass(slots=True)
class EnergyResult:
    """`energy_wh` in Wh; `covered_s` seconds were measured; `gaps` are the (start, end) of those
    stretches between samples that were too long to say anything about."""

    energy_wh: float = 0.0
    covered_s: float = 0.0
    gaps: list[tuple[datetime, datetime]] = field(default_factory=list)


def energy_wh(
    samples: Iterable[tuple[datetime, float]], max_gap_s: float = MAX_GAP_S
) -> EnergyResult:
    """Integrate (moment, power in W) samples, ascending in time, by the trapezoidal rule.

    Between two samples no further apart than `max_gap_s` the energy is the mean of both powers
    times the time between them. A longer stretch contributes nothing and is recorded as a gap:
    whatever was assumed there would be an invention. Raises ValueError where time goes backwards.
    """
    result = EnergyResult()
    before: tuple[datetime, float] | None = None
    for moment, power_w in samples:
        if before is not None:
            elapsed_s = (moment - before[0]).total_seconds()
            if elapsed_s < 0:
                raise ValueError(f"samples are not in order: {moment} after {before[0]}")
            if elapsed_s > max_gap_s:
                result.gaps.append((before[0], moment))
            else:
                result.energy_wh += (before[1] + power_w) / 2 * elapsed_s / 3600
                result.covered_s += elapsed_s
        before = (moment, power_w)
    return result
