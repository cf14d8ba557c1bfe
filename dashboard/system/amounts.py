"""Counts, sizes and ages as the system page writes them."""

from datetime import datetime

from django.utils.translation import gettext, ngettext

from dashboard.formatting import NOT_MEASURED, number
from dashboard.quantities import lasting

_NBSP = "\u00a0"
_UNITS = ("kB", "MB", "GB", "TB")


def count(value: int) -> str:
    return number(value, 0)


def rate(per_second: float) -> str:
    """Messages per second: "12.5/s"."""
    return f"{number(per_second, 1 if per_second < 100 else 0)}/s"


def size(octets: int | None) -> str:
    """By thousands, as disks are sold: "512 bytes", "12.3 MB"."""
    if octets is None:
        return NOT_MEASURED
    if octets < 1000:
        return ngettext("%(count)s byte", "%(count)s bytes", octets) % {"count": count(octets)}
    amount = float(octets)
    for unit in _UNITS:
        amount /= 1000
        if amount < 999.95 or unit == _UNITS[-1]:
            break
    return f"{number(amount, 1)}{_NBSP}{unit}"


def span(seconds: float) -> str:
    """ "4 s", "12 min", "3 h 20 min"."""
    if seconds < 60:
        return gettext("{seconds} s").format(seconds=number(max(0, int(seconds)), 0))
    return lasting(seconds)


def ago(moment: datetime, now: datetime) -> str:
    return gettext("{time} ago").format(time=span((now - moment).total_seconds()))


def briefly(seconds: float) -> str:
    """How long a piece of work took: "8 ms", "1.4 s"."""
    if seconds < 0.001:
        return gettext("less than 1 ms")
    if seconds < 1:
        return gettext("{milliseconds} ms").format(milliseconds=number(seconds * 1000, 0))
    return gettext("{seconds} s").format(seconds=number(seconds, 1))
