"""A site of 500 panels, and the pages to look at: a new page joins by a line in PAGES."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from meters.energy.rolling import Roller
from meters.models import (
    DirtyRange,
    Panel,
    RejectedMessage,
    RollupState,
    Tariff,
    TariffAssignment,
    Trend,
)

PANELS = 500
PASSWORD = "of-a-test"
_POINTS = 60
_PLACES = ("Building A", "Building B", "Yard", "North gate", "Workshop hall")


@dataclass(frozen=True, slots=True)
class Place:
    """A page, who looks at it ("" for nobody who has logged in), the status it answers with, and
    whether it has live values."""

    path: str
    who: str = "engineer"
    status: int = 200
    live: bool = False


# Looked at before there is any panel.
EMPTY = {"first-run": Place("/")}
PAGES = {
    "log-in": Place("/login/", who=""),
    "overview": Place("/", live=True),
    "overview-rows": Place("/?view=rows", live=True),
    "panel": Place("/panels/trafo1/", live=True),
    "history": Place("/panels/trafo1/history"),
    "compare": Place("/compare"),
    "bill": Place("/panels/trafo1/bill"),
    "system": Place("/system", live=True),
    "rejected": Place("/system/rejected"),
    "rejected-message": Place("/system/rejected/1"),
    "not-found": Place("/panels/nowhere/", status=404),
    "forbidden": Place("/system", who="viewer", status=403),
}


def welcome() -> None:
    """Those who look at it."""
    User.objects.create_superuser("engineer", password=PASSWORD)
    User.objects.create_user("viewer", password=PASSWORD)


def fill() -> None:
    """Some panels are near their limits, some are silent since yesterday, a few never said a word;
    the first one has a day of history and a tariff."""
    now = timezone.now().replace(microsecond=0)
    panels = Panel.objects.bulk_create(_panel(number, now) for number in range(1, PANELS + 1))
    panels = list(Panel.objects.order_by("pk"))
    with transaction.atomic():
        _readings(panels, now)
    _rejected(now)
    TariffAssignment.objects.create(
        panel=panels[0],
        tariff=Tariff.objects.get(code="B-2/TR"),
        valid_from=now.date().replace(day=1),
    )
    RollupState.objects.bulk_create(RollupState(panel=panel) for panel in panels)
    roller, keys = Roller(), [panel.pk for panel in panels]
    for start in range(0, len(keys), 50):
        while roller.round(keys[start : start + 50]):
            pass


def _panel(number: int, now: datetime) -> Panel:
    panel = Panel(
        name=f"trafo{number}",
        display_name=f"Feeder {number}" if number % 3 else "",
        location=_PLACES[number % len(_PLACES)],
        rated_power_kva=6.6 if number % 7 else None,
    )
    if number % 50 == 0:
        return panel
    at = now - timedelta(days=1) if number % 20 == 0 else now
    ampere = 30.5 if number % 25 == 3 else 24.0 if number % 10 == 1 else 12.0 + number % 7
    for metric, value in zip(
        ("voltage", "ampere", "power", "energy_cost"), _values(ampere), strict=True
    ):
        panel.advance(metric, value, at)
    return panel


def _values(ampere: float) -> tuple[float, float, float, float]:
    voltage = 233.0 - ampere / 5
    return voltage, ampere, voltage * ampere, voltage * ampere * 1250


def _readings(panels: list[Panel], now: datetime) -> None:
    heard = [panel for panel in panels if panel.voltage is not None]
    rows = list(_day(heard[0], now))
    for panel in heard[1:]:
        rows += _lately(panel)
    Trend.objects.bulk_create(rows, batch_size=2_000)
    for panel in heard:
        end = panel.last_reading_at or now
        long = timedelta(days=1) if panel is heard[0] else timedelta(seconds=2 * _POINTS)
        DirtyRange.objects.mark(panel, end - long, end)


def _day(panel: Panel, now: datetime) -> Iterator[Trend]:
    for minute in range(24 * 60, 0, -1):
        if 300 < minute < 420:  # a gap
            continue
        yield _trend(panel, now - timedelta(minutes=minute), 10 + (minute % 97) / 6)


def _lately(panel: Panel) -> Iterator[Trend]:
    end = panel.last_reading_at
    assert end is not None and panel.ampere is not None
    for step in range(_POINTS):
        yield _trend(panel, end - timedelta(seconds=2 * step), panel.ampere + step % 5 / 10)


def _trend(panel: Panel, at: datetime, ampere: float) -> Trend:
    voltage, ampere, power, energy_cost = _values(ampere)
    return Trend(
        panel=panel,
        timestamp=at,
        voltage=voltage,
        ampere=ampere,
        power=power,
        energy_cost=energy_cost,
    )


def _rejected(now: datetime) -> None:
    RejectedMessage.objects.bulk_create(
        RejectedMessage(
            topic=f"panel/trafo{number}/volt",
            payload="230,5" if number % 2 else '{"value": "a lot"}',
            payload_bytes=5,
            reason="'230,5' is not a number (digits and a decimal point)",
            received_at=now - timedelta(minutes=number),
        )
        for number in range(60)
    )
