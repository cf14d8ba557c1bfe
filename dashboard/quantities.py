"""Powers, energies, shares and spans of time as people read them. static/js/history/quantities.js
writes the same in the browser."""

import math
from datetime import datetime

from django.utils import timezone
from django.utils.dateformat import format as date_text

from dashboard.formatting import NBSP, NOT_MEASURED, currency_name, number, to_the_minute
from dashboard.history_texts import text
from meters.metrics import METRICS

# From here on thousands are counted: 12,345 W are 12.35 kW.
_THOUSANDS_FROM = 10_000
_DAYS_FROM_S = 3 * 86_400


def power(value: float | None, unit: str = "W") -> str:
    """A power of `unit` W, VA or the like: "1,802.9 W", "12.35 kW"."""
    if value is None:
        return NOT_MEASURED
    if abs(value) < _THOUSANDS_FROM:
        return f"{number(value, 1)}{NBSP}{unit}"
    return f"{number(value / 1000, 2)}{NBSP}k{unit}"


def energy(value: float | None, unit: str = "Wh") -> str:
    """Always in thousands, as bills are: "0.123 kWh", "12.35 kWh", "12,345.7 kWh"."""
    if value is None:
        return NOT_MEASURED
    thousands = value / 1000
    decimals = 3 if abs(thousands) < 1 else 2 if abs(thousands) < _THOUSANDS_FROM else 1
    return f"{number(thousands, decimals)}{NBSP}k{unit}"


def measured(metric: str, value: float | None) -> str:
    """A value of one of the metrics, with its unit."""
    if metric == "power" or value is None:
        return power(value)
    figure = number(value, METRICS[metric].decimals)
    return f"{unit(metric)}{NBSP}{figure}" if is_money(metric) else f"{figure}{NBSP}{unit(metric)}"


def unit(metric: str) -> str:
    """As people read it. What a meter reports in "Rp" stands beside PELBIOT's own costs, and is
    written like those: "IDR" in English."""
    return currency_name("IDR") if is_money(metric) else METRICS[metric].unit


def units() -> dict[str, str]:
    return {metric: unit(metric) for metric in METRICS}


def is_money(metric: str) -> bool:
    """Money is written "Rp 1,000", a measured value "230.45 V"."""
    return METRICS[metric].unit == "Rp"


def percent(share: float | None) -> str:
    """Cut off and never rounded up: 99.97 % covered is not all of it."""
    if share is None:
        return NOT_MEASURED
    tenths = math.floor(share * 1000) / 10
    return f"{number(tenths, 0 if tenths == int(tenths) else 1)}{NBSP}%"


def lasting(seconds: float) -> str:
    """ "12 min", "3 h", "3 h 20 min", "14.1 days"."""
    if seconds >= _DAYS_FROM_S:
        return text("days", days=number(seconds / 86_400, 1))
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return text("minutes", minutes=number(minutes, 0))
    if not minutes:
        return text("hours", hours=number(hours, 0))
    return text("hours_minutes", hours=number(hours, 0), minutes=number(minutes, 0))


def place(start: datetime, by: str) -> str:
    """What an hour, day or month is called by its beginning: "8 Feb 2007 10:00", "Feb 2007"."""
    if by == "hour":
        return to_the_minute(start)
    return date_text(timezone.localtime(start), {"day": "j M Y", "month": "M Y"}[by])


def when(moment: datetime | None) -> str:
    """Date and time of day at the site, to the minute: what a table has room for."""
    return to_the_minute(moment) if moment else ""
