"""The load of a panel: apparent and reactive power out of mean voltage, current and power."""

import math
from collections.abc import Iterable

from meters.energy.bucket import Bucket, Load
from meters.energy.minutes import Rules

_THREE_PHASE = math.sqrt(3)
_PERCENTS = (80, 100, 120)


def apparent_va(voltage: float, ampere: float, phases: int) -> float:
    """V * I of a single phase; sqrt(3) * V * I of three, V between two lines and balanced (VA)."""
    return abs(voltage * ampere) * (_THREE_PHASE if phases == 3 else 1.0)


def minute_load(minute: Bucket, rules: Rules) -> Load:
    """The load of a minute out of its means, over the time in which voltage and current were both
    measured. The reactive power is what apparent and active power leave: sqrt(S^2 - P^2), without
    a sign, and with what harmonics there are (IEEE 1459 calls it nonactive)."""
    voltage, ampere, power = (minute.metrics[name] for name in ("voltage", "ampere", "power"))
    covered_s = min(voltage.covered_s, ampere.covered_s)
    if not covered_s or voltage.mean is None or ampere.mean is None:
        return Load()
    va = apparent_va(voltage.mean, ampere.mean, rules.phases)
    hours = covered_s / 3600
    load = Load(va * hours, None, covered_s, va, minute.start)
    if power.covered_s and power.mean is not None:
        load.reactive_varh = math.sqrt(max(0.0, va * va - power.mean * power.mean)) * hours
    if rules.rated_va:
        load.over_80_s, load.over_100_s, load.over_120_s = (
            covered_s if va > percent / 100 * rules.rated_va else 0.0 for percent in _PERCENTS
        )
    return load


def with_load(minutes: Iterable[Bucket], rules: Rules) -> Iterable[Bucket]:
    """The minutes, each with its load."""
    for minute in minutes:
        minute.load = minute_load(minute, rules)
        yield minute
