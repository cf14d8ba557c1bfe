"""What is asked for, and how answers write moments, shares and money."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils import timezone

from meters.energy.bucket import Bucket
from meters.energy.calendar import Calendar, site_calendar
from meters.energy.history import Period, share, total
from meters.energy.readings import Subject
from meters.live import iso
from meters.models import DirtyRange, Panel, TariffAssignment
from meters.mqtt.timestamps import to_datetime, to_microseconds

Answer = dict[str, Any]
DEFAULT_CURRENCY = "IDR"
_HUNDREDTH = Decimal("0.01")
_SOON = timedelta(minutes=2)  # what is dirty for less is only on its way


@dataclass
class Asked:
    """A panel and a stretch of its history. `now` is cut down to the minute, so that an answer stays
    the same until something changes that can be seen in it."""

    panel: Panel
    start: datetime
    end: datetime
    now: datetime = field(default_factory=timezone.now)

    def __post_init__(self) -> None:
        self.calendar: Calendar = site_calendar()
        self.subject = Subject.of(self.panel)
        self.period = Period.of_minutes(to_microseconds(self.start), to_microseconds(self.end))
        self.now_us = to_microseconds(self.now.replace(second=0, microsecond=0))

    def head(self) -> Answer:
        return {
            "panel": self.panel.name,
            "from": iso_of(self.period.start),
            "to": iso_of(self.period.end),
            "timezone": settings.TIME_ZONE,
        }

    def total(self) -> Bucket:
        return total(self.panel.pk, self.subject.rules, self.calendar, self.period)

    def pending(self) -> bool:
        """Whether readings in it have been waiting to be added up for longer than usual."""
        waiting = DirtyRange.objects.filter(
            panel=self.panel, first__lt=self.end, last__gte=self.start
        )
        return waiting.filter(first__lt=self.now - _SOON).exists()

    def known_share(self, seconds: float) -> float:
        return share(seconds, self.period, self.now_us)


def currency(panel: Panel) -> str:
    """Of the panel's newest tariff."""
    newest = TariffAssignment.objects.filter(panel=panel).order_by("-valid_from")
    return newest.values_list("tariff__currency", flat=True).first() or DEFAULT_CURRENCY


@lru_cache(maxsize=16_384)
def iso_of(moment_us: int) -> str:
    """ISO 8601 in UTC with a Z. A chart has thousands of them, each as an end and as a start, nearly
    all on a full second."""
    seconds, fraction = divmod(moment_us, 1_000_000)
    if fraction:
        return iso(to_datetime(moment_us)) or ""
    day, of_day = divmod(seconds, 86_400)
    minutes, second = divmod(of_day, 60)
    return f"{_date(day)}T{minutes // 60:02}:{minutes % 60:02}:{second:02}Z"


@lru_cache(maxsize=4096)
def _date(day: int) -> str:
    return to_datetime(day * 86_400_000_000).date().isoformat()


def iso_or_none(moment_us: int | None) -> str | None:
    return None if moment_us is None else iso_of(moment_us)


def rounded(share: float) -> float:
    return round(share, 6)


def money(amount: Decimal | None) -> Decimal | None:
    """To the hundredth: what lies below is there to make sums come out even."""
    return None if amount is None else amount.quantize(_HUNDREDTH)
