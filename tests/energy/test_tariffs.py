"""Prices out of the database: of one panel, and of many at once."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from itertools import chain

import pytest
from django.apps import apps
from pytest_django import DjangoAssertNumQueries

from meters.energy.tariffs import PriceSegment, TariffBook, month_range, price_segments
from meters.models import Holiday, Panel, Tariff, TariffPeriod, TariffVersion
from tests.tariffs import assign, make_version

pytestmark = pytest.mark.django_db
START, END = datetime(2026, 1, 14, 17, tzinfo=UTC), datetime(2026, 1, 15, 17, tzinfo=UTC)
SEEDS = import_module("meters.migrations.0005_pln_tariffs")


def said(segments: Iterator[PriceSegment]) -> list[tuple[str, str, Decimal]]:
    return [(f"{s.start:%d %H:%M}", s.period, s.price_per_kwh) for s in segments]


def test_a_panels_day_costs_what_its_tariff_says() -> None:
    panel = Panel.objects.create(name="a")
    assign(panel, make_version().tariff)
    assert said(price_segments(panel.pk, START, END)) == [
        ("14 17:00", "LWBP", Decimal(1000)),
        ("15 10:00", "WBP", Decimal(1500)),
        ("15 15:00", "LWBP", Decimal(1000)),
    ]


def test_without_a_tariff_there_are_no_prices() -> None:
    panel = Panel.objects.create(name="a")
    assert list(price_segments(panel.pk, START, END)) == []
    assign(panel, make_version(peak=False).tariff, date(2026, 1, 15))
    early = price_segments(panel.pk, START - timedelta(days=3), END)
    assert said(early) == [("14 17:00", "LWBP", Decimal(1000))]


def test_another_tariff_takes_over_at_the_sites_midnight() -> None:
    panel = Panel.objects.create(name="a")
    assign(panel, make_version(peak=False).tariff)
    other = make_version("other", peak=False, price_per_kwh=Decimal(7)).tariff
    assign(panel, other, date(2026, 1, 16))
    assert said(price_segments(panel.pk, START, END + timedelta(hours=1))) == [
        ("14 17:00", "LWBP", Decimal(1000)),
        ("15 17:00", "LWBP", Decimal(7)),
    ]


def test_holidays_come_from_the_database() -> None:
    panel = Panel.objects.create(name="a")
    assign(panel, make_version().tariff)
    TariffPeriod.objects.update(on_holidays="leave_out")
    Holiday.objects.create(date=date(2026, 1, 15), name="holiday")
    assert said(price_segments(panel.pk, START, END)) == [("14 17:00", "LWBP", Decimal(1000))]


def test_of_many_panels_a_book_asks_the_database_as_often_as_of_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    panels = [Panel.objects.create(name=f"p{number}") for number in range(20)]
    tariffs = [make_version(f"t{number}").tariff for number in range(3)]
    for number, panel in enumerate(panels):
        assign(panel, tariffs[number % 3])
    for wanted in ([panel.pk for panel in panels], [panels[0].pk], None):
        with django_assert_num_queries(6):
            book = TariffBook.load(wanted)
            for panel in panels[: len(wanted or panels)]:
                assert len(list(book.segments(panel.pk, START, END))) == 3


def test_a_book_answers_any_split_of_a_range_alike() -> None:
    panel = Panel.objects.create(name="a")
    assign(panel, make_version().tariff)
    book = TariffBook.load([panel.pk])
    middle = START + timedelta(hours=7, minutes=13, seconds=5)
    parts = list(
        chain(book.segments(panel.pk, START, middle), book.segments(panel.pk, middle, END))
    )
    whole = list(book.segments(panel.pk, START, END))
    assert parts[0].end == parts[1].start == middle
    assert (parts[0].start, *parts[2:]) == (whole[0].start, *whole[1:])


def test_a_month_ends_where_the_next_begins() -> None:
    assert month_range(2026, 12) == (date(2026, 12, 1), date(2027, 1, 1))
    assert month_range(2024, 2) == (date(2024, 2, 1), date(2024, 3, 1))


# -- the classes that come with the program -------------------------------------------------------


@pytest.fixture
def seeded(db: None) -> dict[str, TariffVersion]:
    Tariff.objects.all().delete()
    SEEDS.add_tariffs(apps, None)
    return {version.tariff.code: version for version in TariffVersion.objects.all()}


def test_the_classes_of_pln_are_there_with_their_source(seeded: dict[str, TariffVersion]) -> None:
    prices = {code: version.price_per_kwh for code, version in seeded.items()}
    assert prices == {
        "R-1": Decimal("1444.70"),
        "R-2": Decimal("1699.53"),
        "R-3": Decimal("1699.53"),
        "B-2/TR": Decimal("1444.70"),
        "B-3/TM": Decimal("1035.78"),
        "I-3/TM": Decimal("1035.78"),
        "I-4/TT": Decimal("996.74"),
        "P-1/TR": Decimal("1699.53"),
        "P-2/TM": Decimal("1522.88"),
        "S-2/TM": Decimal("925"),
        "L": Decimal("1644.52"),
    }
    for version in seeded.values():
        assert "first quarter of 2026" in version.source
        assert version.valid_from == date(2026, 1, 1)
        assert not version.terms().surcharges, "no tax before somebody knows that it applies"
        version.full_clean()
        for row in (*version.periods.all(), *version.surcharges.all()):
            row.full_clean()


def test_medium_voltage_has_a_peak_and_reactive_energy(seeded: dict[str, TariffVersion]) -> None:
    for code in ("B-3/TM", "I-3/TM"):
        version = seeded[code]
        terms = version.terms()
        assert [str(row) for row in version.periods.all()] == ["WBP 17:00-22:00"]
        assert terms.price(terms.periods[0]) == Decimal("1553.67")
        assert terms.kvarh_price == Decimal("1114.74")
        assert (terms.peak_factor_min, terms.peak_factor_max) == (Decimal("1.4"), Decimal(2))
        assert "18:00" in version.source, "the other window that sources name"


def test_seeding_again_leaves_what_was_changed(seeded: dict[str, TariffVersion]) -> None:
    TariffVersion.objects.update(price_per_kwh=1)
    SEEDS.add_tariffs(apps, None)
    assert TariffVersion.objects.count() == len(json.loads(SEEDS.SEEDS.read_text())["tariffs"])
    assert set(TariffVersion.objects.values_list("price_per_kwh", flat=True)) == {1}
