"""What is noted as left to be rolled up."""

import threading
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from meters.energy.calendar import Calendar, Level
from meters.energy.history import Period, energy_of
from meters.energy.pending import roll_pending
from meters.models import DirtyRange, Panel, RollupState
from tests.energy.filling import fill

pytestmark = pytest.mark.django_db
START = 1_767_200_400_000_000  # 2026-01-01T00:00:00+07:00
HOUR = 3_600_000_000


@pytest.fixture
def panel(settings: Any) -> Panel:
    """A load that grows by a watt each minute for three days, rolled up in Jakarta."""
    settings.TIME_ZONE = "Asia/Jakarta"
    panel = Panel.objects.create(name="trafo1")
    moments = range(START, START + 72 * HOUR + 1, HOUR // 30)
    fill(panel, [(at, {"power": (at - START) / HOUR * 60}) for at in moments])
    roll_pending(None, threading.Event())
    return panel


def second_day(calendar: Calendar) -> Period:
    start = calendar.end(Level.DAY, START + 10 * HOUR)
    return Period(start, calendar.end(Level.DAY, start))


@pytest.mark.parametrize("zone", ["Europe/Paris", "Asia/Kolkata"])
def test_days_follow_the_site_into_another_zone(panel: Panel, settings: Any, zone: str) -> None:
    settings.TIME_ZONE = zone
    roll_pending(None, threading.Event())
    calendar = Calendar(ZoneInfo(zone))
    day = second_day(calendar)
    (energy,) = energy_of(panel.pk, calendar, [day])
    middle_h = ((day.start + day.end) / 2 - START) / HOUR
    assert energy.wh == pytest.approx(middle_h * 60 * 24)


def test_what_is_in_the_sites_zone_is_left_alone(panel: Panel) -> None:
    assert RollupState.objects.get(panel=panel).zone == "Asia/Jakarta"
    roll_pending(None, threading.Event())
    assert not DirtyRange.objects.exists()
