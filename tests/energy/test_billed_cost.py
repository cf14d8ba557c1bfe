"""The cost in the rollups and the bill of the month tell the same, and follow the tariff."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from meters.energy.rolling import Roller
from meters.energy.what_if import simulate
from meters.models import DirtyRange, Panel, Trend, TrendDay
from tests.tariffs import assign, make_version

pytestmark = pytest.mark.django_db
MIDNIGHT = datetime(2026, 1, 14, 17, tzinfo=UTC)  # at the site, in Jakarta
LATER = datetime(2026, 6, 1, tzinfo=UTC)


def roll_up(panel: Panel) -> None:
    roller = Roller()
    while DirtyRange.objects.exists():
        roller.round([panel.pk])


def cost() -> Decimal | None:
    (day,) = TrendDay.objects.filter(start=MIDNIGHT)
    return day.cost


def test_a_days_cost_is_that_of_its_bill_and_comes_with_the_tariff() -> None:
    panel = Panel.objects.create(name="a")
    samples = [
        Trend(
            panel=panel,
            timestamp=MIDNIGHT + timedelta(minutes=number),
            power=1000.0 + number % 97 * 13.7,
        )
        for number in range(24 * 60 + 1)
    ]
    Trend.objects.bulk_create(samples)
    DirtyRange.objects.mark(panel, samples[0].timestamp, samples[-1].timestamp)
    roll_up(panel)
    assert cost() is None

    assign(panel, make_version(peak_factor=Decimal("1.45")).tariff, date(2026, 1, 1))
    roll_up(panel)
    bill = simulate(panel, 2026, 1, LATER).bill
    assert bill
    found = cost()
    assert found
    assert abs(found - bill.energy_amount) < Decimal("0.02")
    assert found > 24_000
