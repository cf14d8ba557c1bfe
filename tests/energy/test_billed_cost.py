"""The cost in the rollups and the bill of the month tell the same, and follow the tariff."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from meters.energy.calendar import Level, site_calendar
from meters.energy.history import EnergyOf, Period, buckets, energy_of, months, total
from meters.energy.readings import Subject
from meters.energy.rolling import Roller
from meters.energy.what_if import simulate
from meters.models import DirtyRange, Panel, Trend, TrendDay, TrendHour, TrendMinute
from meters.mqtt.timestamps import to_microseconds
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


# Energy without a price


def steady(days: int) -> Panel:
    """2 kW from the site's midnight on."""
    panel = Panel.objects.create(name="a")
    minutes = range(days * 24 * 60 + 1)
    samples = [
        Trend(panel=panel, timestamp=MIDNIGHT + timedelta(minutes=minute), power=2000.0)
        for minute in minutes
    ]
    Trend.objects.bulk_create(samples)
    DirtyRange.objects.mark(panel, samples[0].timestamp, samples[-1].timestamp)
    roll_up(panel)
    return panel


def asked(panel: Panel, first_h: float, last_h: float) -> dict[str, list[EnergyOf]]:
    """The energy from so many hours after midnight on, by hours, days and months."""
    period = Period.of_minutes(
        to_microseconds(MIDNIGHT + timedelta(hours=first_h)),
        to_microseconds(MIDNIGHT + timedelta(hours=last_h)),
    )
    calendar = site_calendar()
    whole = total(panel.pk, Subject.of(panel).rules, calendar, period)
    return {
        "hour": energy_of(
            panel.pk, calendar, buckets(calendar, Level.HOUR, period), coarsest=Level.HOUR
        ),
        "day": energy_of(panel.pk, calendar, buckets(calendar, Level.DAY, period)),
        "month": energy_of(panel.pk, calendar, months(calendar, period)),
        "whole": [
            EnergyOf(period, whole.energy_wh, cost=whole.cost, unpriced_wh=whole.unpriced_wh)
        ],
    }


@pytest.mark.parametrize(
    ("first_h", "last_h", "unpriced_wh"),
    [(0, 48, 48_000), (0.2, 47.9, 47_600), (23.75, 24.25, 500), (24, 48, 0), (0, 24, 48_000)],
)
def test_what_was_used_before_there_was_a_tariff_is_told_beside_the_cost(
    first_h: float, last_h: float, unpriced_wh: float
) -> None:
    panel = steady(days=2)
    for parts in asked(panel, first_h, last_h).values():
        assert sum(part.unpriced_wh for part in parts) == sum(part.wh or 0 for part in parts)
        assert all(part.cost is None for part in parts)
    assign(panel, make_version(peak=False).tariff, date(2026, 1, 16))
    roll_up(panel)
    for parts in asked(panel, first_h, last_h).values():
        assert sum(part.unpriced_wh for part in parts) == pytest.approx(unpriced_wh)
        priced_wh = (last_h - first_h) * 2000 - unpriced_wh
        cost = sum((part.cost for part in parts if part.cost is not None), Decimal(0))
        assert float(cost) == pytest.approx(priced_wh, abs=1e-3)  # 1000 for a kWh
        assert (cost > 0) == (priced_wh > 0)


def test_where_all_has_a_price_nothing_is_left_over_by_rounding() -> None:
    panel = steady(days=2)
    assign(panel, make_version().tariff, date(2026, 1, 1))
    roll_up(panel)
    for parts in asked(panel, 0.2, 47.9).values():
        assert [part.unpriced_wh for part in parts] == [0] * len(parts)


def test_a_day_of_which_a_part_keeps_no_price_says_so() -> None:
    """Its readings until half past noon were pruned before anybody assigned a tariff."""
    panel = steady(days=1)
    half_past_noon = MIDNIGHT + timedelta(hours=12.5)
    TrendMinute.objects.filter(start__lt=half_past_noon).update(sealed=True)
    assign(panel, make_version(peak=False).tariff, date(2026, 1, 1))
    roll_up(panel)
    (day,) = TrendDay.objects.filter(start=MIDNIGHT)
    assert day.unpriced_wh == pytest.approx(25_000)
    assert day.cost == pytest.approx(23_000)
    hour = TrendHour.objects.get(start=MIDNIGHT + timedelta(hours=12))
    assert [hour.unpriced_wh, hour.cost] == [pytest.approx(1000), pytest.approx(1000)]
    for parts in asked(panel, 0, 24).values():
        assert sum(part.unpriced_wh for part in parts) == pytest.approx(25_000)


def test_of_rollups_from_before_it_was_stored_what_has_no_cost_has_no_price() -> None:
    panel = steady(days=2)
    assign(panel, make_version().tariff, date(2026, 1, 16))
    roll_up(panel)
    for level in (TrendDay, TrendHour):
        level._default_manager.update(unpriced_wh=0)
    for parts in asked(panel, 0, 48).values():
        assert sum(part.unpriced_wh for part in parts) == pytest.approx(48_000)
