"""A month's bill out of stored quarter-hours, and what it would have been."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from meters.energy.what_if import Changes, Simulation, WrongChangeError, simulate
from meters.models import DirtyRange, Panel, TrendQuarter
from tests.quarters import FEBRUARY, JANUARY, QUARTER, use
from tests.tariffs import assign, make_version

pytestmark = pytest.mark.django_db
D = Decimal
LATER = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def panel(db: None) -> Panel:
    """100 kVA under a tariff at 1000 and 1500 a kWh."""
    panel = Panel.objects.create(name="trafo1", rated_power_kva=100)
    assign(panel, make_version(kvarh_price=D(500)).tariff)
    DirtyRange.objects.all().delete()
    return panel


def january(panel: Panel, now: datetime = LATER, **changes: Any) -> Simulation:
    return simulate(panel, 2026, 1, now, Changes(**changes))


def usage(simulation: Simulation) -> dict[str, Decimal]:
    assert simulation.bill
    return {line.name: line.quantity or D(0) for line in simulation.bill.lines}


def test_a_month_is_billed_by_the_sites_clock(panel: Panel) -> None:
    use(panel, JANUARY - 4 * QUARTER, FEBRUARY + 4 * QUARTER)
    found = january(panel)
    assert usage(found) == {"LWBP": D(31 * 76), "WBP": D(31 * 20), "Up to the minimum": 0}
    assert found.bill
    assert found.bill.minimum_amount == 40 * 100 * 1000
    assert found.usage.coverage == 1
    assert found.usage.complete
    assert found.unpriced_kwh == 0
    assert (found.what_if, found.difference) == (None, None)


def test_coverage_tells_measured_and_recovered_time_of_the_month_so_far(panel: Panel) -> None:
    use(panel, JANUARY, JANUARY + timedelta(days=10))
    TrendQuarter.objects.filter(start__lt=JANUARY + timedelta(days=1)).update(
        energy_covered_s=0, energy_recovered_s=900, apparent_covered_s=0, reactive_varh=None
    )
    over = january(panel).usage
    assert over.coverage == pytest.approx(10 / 31)
    assert over.recovered == pytest.approx(1 / 31)
    assert over.reactive_coverage == pytest.approx(9 / 31)
    assert over.kvarh == D(9 * 48)
    running = january(panel, now=JANUARY + timedelta(days=20)).usage
    assert running.coverage == pytest.approx(0.5)
    assert not running.complete


def test_a_month_of_which_something_waits_is_not_complete(panel: Panel) -> None:
    use(panel)
    DirtyRange.objects.mark(panel, FEBRUARY, FEBRUARY)
    assert january(panel).usage.complete
    DirtyRange.objects.mark(panel, JANUARY - QUARTER, JANUARY)
    assert not january(panel).usage.complete


def test_the_maximum_is_that_of_quarters_with_a_demand(panel: Panel) -> None:
    use(panel)
    first, second = TrendQuarter.objects.order_by("start")[:2]
    for row, wh, demand_w in ((first, 9000.0, None), (second, 2000.0, 8000.0)):
        TrendQuarter.objects.filter(panel=panel, start=row.start).update(
            energy_wh=wh, demand_max_w=demand_w
        )
    assert january(panel).usage.maximum == (8000.0, second.start)


def test_without_readings_the_minimum_is_due(panel: Panel) -> None:
    found = january(panel)
    assert found.bill
    assert found.bill.total == 40 * 100 * 1000
    assert (found.usage.coverage, found.usage.maximum, found.usage.kvarh) == (0, None, None)


def test_the_contract_stands_above_the_rating(panel: Panel) -> None:
    assign(panel, make_version("other").tariff, date(2025, 1, 1), contract_power_kva=D(50))
    found = january(panel)
    assert found.bill
    assert found.bill.minimum_amount == 40 * 50 * 1000


def test_a_tariff_that_begins_within_the_month_bills_the_days_from_there() -> None:
    panel = Panel.objects.create(name="late", rated_power_kva=100)
    assign(panel, make_version(peak=False).tariff, date(2026, 1, 22))
    use(panel)
    found = january(panel)
    assert usage(found)["LWBP"] == 960
    assert found.unpriced_kwh == 2016
    assert found.bill
    assert found.bill.minimum_amount == (D(4_000_000) * 10 / 31).quantize(D("0.01"))


def test_a_new_version_splits_the_usage_by_its_first_day(panel: Panel) -> None:
    use(panel)
    make_version(valid_from=date(2026, 1, 11), peak=False, price_per_kwh=D(2000))
    found = january(panel)
    assert found.bill
    assert [(line.name, line.quantity) for line in found.bill.lines if line.kind == "usage"] == [
        ("LWBP", D(760)),
        ("WBP", D(200)),
        ("LWBP", D(21 * 96)),
    ]


def test_another_k_is_supposed_within_its_range(panel: Panel) -> None:
    use(panel)
    found = january(panel, peak_factor=D(2))
    assert found.bill
    assert found.what_if
    assert found.what_if.energy_amount - found.bill.energy_amount == 31 * 20 * 500


def test_shifted_load_saves_the_difference_of_the_prices(panel: Panel) -> None:
    use(panel, wh=4000.0)
    found = january(panel, shift_percent=D(20))
    assert found.difference == D("-0.2") * 31 * 80 * 500


def test_another_contract_changes_the_minimum(panel: Panel) -> None:
    use(panel)
    assert january(panel, contract_kva=D(630)).difference == 40 * 530 * 1000


def test_another_class_is_supposed_for_the_days_that_are_billed() -> None:
    panel = Panel.objects.create(name="late")
    assign(panel, make_version().tariff, date(2026, 1, 22))
    make_version("flat", peak=False, price_per_kwh=D(1200))
    use(panel)
    found = january(panel, tariff="flat")
    assert found.what_if
    assert [line.quantity for line in found.what_if.lines] == [960]
    assert found.difference == 10 * 96 * 1200 - 10 * (76 * 1000 + 20 * 1500)


def test_a_panel_without_a_tariff_can_be_given_one_to_suppose() -> None:
    panel = Panel.objects.create(name="bare")
    make_version("flat", peak=False, price_per_kwh=D(1200))
    use(panel)
    nothing = january(panel)
    assert nothing.bill is None
    assert nothing.unpriced_kwh == 31 * 96
    found = january(panel, tariff="flat")
    assert found.what_if
    assert found.what_if.total == 31 * 96 * 1200
    assert found.difference is None


@pytest.mark.parametrize(
    ("changes", "parameter", "sentence"),
    [
        ({"tariff": "nope"}, "tariff", "no tariff of this code"),
        ({"tariff": "young"}, "tariff", "no prices for some days"),
        ({"tariff": "flat", "peak_factor": D(2)}, "k", "flat has no factor K"),
        ({"peak_factor": D("2.1")}, "k", "from 1.4 to 2"),
    ],
)
def test_what_can_not_be_supposed_is_refused_by_name(
    changes: dict[str, Any], parameter: str, sentence: str
) -> None:
    panel = Panel.objects.create(name="a")
    version = make_version(peak_factor_min=D("1.4"), peak_factor_max=D(2))
    assign(panel, version.tariff)
    make_version("flat", peak=False)
    make_version("young", date(2026, 1, 2))
    with pytest.raises(WrongChangeError, match=sentence) as caught:
        january(panel, **changes)
    assert caught.value.parameter == parameter


def test_without_any_tariff_a_class_must_be_named() -> None:
    with pytest.raises(WrongChangeError) as caught:
        january(Panel.objects.create(name="bare"), contract_kva=D(1))
    assert caught.value.parameter == "tariff"


def test_the_work_does_not_grow_with_the_readings(
    panel: Panel, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_version("flat", peak=False)
    use(panel)
    with django_assert_max_num_queries(16):
        january(panel, tariff="flat")


def test_a_month_of_two_currencies_has_no_one_bill(panel: Panel) -> None:
    dollars = make_version("dollars", peak=False).tariff
    dollars.currency = "USD"
    dollars.save()
    assign(panel, dollars, date(2026, 1, 10))
    found = january(panel)
    assert found.bill is None
    assert found.mixed
    with pytest.raises(WrongChangeError, match="currency"):
        january(panel, shift_percent=D(5))
    supposed = january(panel, tariff="dollars")
    assert supposed.what_if
    assert supposed.difference is None
