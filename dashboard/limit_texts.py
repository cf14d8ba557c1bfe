"""A panel's limits in words, and how hard it is loaded."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from dashboard import formatting
from dashboard.panel_texts import text
from meters.condition import Limits, age_state, loading_percent
from meters.models import Panel


@dataclass(frozen=True, slots=True)
class Loading:
    """`percent` None: not known; `width`: what of the bar is filled, which ends at 125 %."""

    percent: float | None
    text: str
    width: float


_BAR_ENDS_AT = 125.0


def of_metrics(limits: Limits) -> dict[str, str]:
    """The sentence about each metric that has limits."""
    (warning_low, warning_high), (alarm_low, alarm_high) = (
        limits.voltage_warning,
        limits.voltage_alarm,
    )
    return {
        "voltage": text(
            "limits_voltage",
            warning_low=short(warning_low, "V"),
            warning_high=short(warning_high, "V"),
            alarm_low=short(alarm_low, "V"),
            alarm_high=short(alarm_high, "V"),
        ),
        "ampere": text("limits_ampere", limit=short(limits.ampere_alarm, "A"))
        if limits.ampere_alarm
        else text("limits_unrated"),
    }


def loading(panel: Panel, limits: Limits, now: datetime) -> Loading:
    fresh = all(age_state(at, now) == "live" for at in (panel.voltage_at, panel.ampere_at))
    percent = loading_percent(panel.voltage, panel.ampere, limits) if fresh else None
    if limits.rated_va is None:
        return Loading(None, text("loading_unrated"), 0)
    if percent is None:
        return Loading(None, text("loading_unknown"), 0)
    rated = short(limits.rated_va / 1000, "kVA")
    said = f"{formatting.number(percent, 1)}{formatting.NBSP}%"
    return Loading(
        percent, text("loading_now", percent=said, rated=rated), min(percent, _BAR_ENDS_AT)
    )


def short(value: float, unit: str) -> str:
    """With the decimals it has, at most two: 207 V, 241.5 V, 80 %."""
    rounded = Decimal(repr(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{formatting.plain(rounded)}{formatting.NBSP}{unit}"
