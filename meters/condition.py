"""The condition of a panel now: its limits, and what lies beyond them.

Limits are those that are usual in the field; each is a figure of the panel's own nominal values:
- Voltage: -10/+5 % of nominal (SPLN 1:1995, service voltage; secondary) warns; -15/+10 % (EN 50160,
  low voltage, the limits for all ten-minute means; secondary) alarms. A single reading beyond one is
  a reason to look, never a verdict: that is `meters.energy.compliance`'s.
- Loading: above 80 % of the rated apparent power warns (PLN's practice for distribution
  transformers), above 100 % alarms.
- Current: above the rated current alarms.

static/js/condition.js decides the same in the browser, from the same `Limits`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from meters.energy.compliance import BANDS
from meters.energy.load import apparent_va
from meters.models import Panel

# A meter that publishes every 2 s has then missed fifteen readings. The pages' JavaScript gets both
# ages from here.
STALE_AFTER_S = 30
OFFLINE_AFTER_S = 600
_STALE_AFTER, _OFFLINE_AFTER = timedelta(seconds=STALE_AFTER_S), timedelta(seconds=OFFLINE_AFTER_S)
LOADING_WARNING = 80.0
LOADING_ALARM = 100.0

Severity = Literal["warning", "alarm"]
State = Literal["normal", "warning", "alarm", "stale", "offline", "none"]
WORST_FIRST: tuple[State, ...] = ("alarm", "warning", "offline", "stale", "none", "normal")
Band = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Finding:
    """A value beyond a limit: V, A, or % of the rating. `side`: which way it is out."""

    quantity: Literal["voltage", "ampere", "loading"]
    severity: Severity
    side: Literal["above", "below"]
    value: float
    limit: float


@dataclass(frozen=True, slots=True)
class Limits:
    """(lowest, highest) voltages in V, the highest current in A and the rating in VA; None: not
    known, so nothing is beyond it."""

    voltage_warning: Band
    voltage_alarm: Band
    ampere_alarm: float | None
    rated_va: float | None
    phases: int
    loading_warning: float = LOADING_WARNING
    loading_alarm: float = LOADING_ALARM


def limits_of(panel: Panel) -> Limits:
    """The limits that follow from the panel's nominal voltage and ratings."""
    return _limits(
        panel.nominal_voltage_v, panel.rated_current_a, panel.rated_power_kva, panel.phases
    )


@lru_cache(maxsize=1024)  # of hundreds of panels many are alike, and an overview asks for them all
def _limits(
    nominal_v: float, rated_a: float | None, rated_kva: float | None, phases: int
) -> Limits:
    alarm = BANDS["en50160"]
    assert alarm.outer_low is not None and alarm.outer_high is not None
    return Limits(
        voltage_warning=BANDS["spln"].limits(nominal_v),
        voltage_alarm=(
            nominal_v * (100 + alarm.outer_low) / 100,
            nominal_v * (100 + alarm.outer_high) / 100,
        ),
        ampere_alarm=rated_a or None,
        rated_va=rated_kva * 1000 if rated_kva else None,
        phases=phases,
    )


def loading_percent(voltage: float | None, ampere: float | None, limits: Limits) -> float | None:
    """The apparent power in percent of the rating; None where one of the three is not known."""
    if voltage is None or ampere is None or limits.rated_va is None:
        return None
    return apparent_va(voltage, ampere, limits.phases) * 100 / limits.rated_va


def findings(panel: Panel, now: datetime) -> list[Finding]:
    """What is beyond its limits, the worst first. Only values that are still true count."""
    limits = limits_of(panel)
    voltage = panel.voltage if _is_fresh(panel.voltage_at, now) else None
    ampere = panel.ampere if _is_fresh(panel.ampere_at, now) else None
    found = [*_of_voltage(voltage, limits), *_of_load(voltage, ampere, limits)]
    return sorted(found, key=lambda finding: finding.severity != "alarm")


def state(panel: Panel, now: datetime) -> State:
    """The one word for it: how old it is where it is old, else how bad it is."""
    return state_of(panel, now, findings(panel, now))


def state_of(panel: Panel, now: datetime, found: list[Finding]) -> State:
    """The state, where the findings are at hand."""
    age = age_state(panel.last_reading_at, now)
    if age != "live":
        return age
    return found[0].severity if found else "normal"


def age_state(at: datetime | None, now: datetime) -> Literal["live", "stale", "offline", "none"]:
    """What the age of the newest reading says."""
    if at is None:
        return "none"
    age = now - at
    if age > _OFFLINE_AFTER:
        return "offline"
    return "stale" if age > _STALE_AFTER else "live"


def _is_fresh(at: datetime | None, now: datetime) -> bool:
    return age_state(at, now) == "live"


def _of_voltage(voltage: float | None, limits: Limits) -> Iterator[Finding]:
    if voltage is None:
        return
    bands: tuple[tuple[Severity, Band], ...] = (
        ("alarm", limits.voltage_alarm),
        ("warning", limits.voltage_warning),
    )
    for severity, (low, high) in bands:
        if voltage > high:
            yield Finding("voltage", severity, "above", voltage, high)
            return
        if voltage < low:
            yield Finding("voltage", severity, "below", voltage, low)
            return


def _of_load(voltage: float | None, ampere: float | None, limits: Limits) -> Iterator[Finding]:
    if ampere is not None and limits.ampere_alarm is not None and ampere > limits.ampere_alarm:
        yield Finding("ampere", "alarm", "above", ampere, limits.ampere_alarm)
    loading = loading_percent(voltage, ampere, limits)
    if loading is not None and loading > limits.loading_alarm:
        yield Finding("loading", "alarm", "above", loading, limits.loading_alarm)
    elif loading is not None and loading > limits.loading_warning:
        yield Finding("loading", "warning", "above", loading, limits.loading_warning)
