"""Changes of tariffs: what was billed stays unless asked, and what changes is computed anew."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from meters.models import (
    DirtyRange,
    Holiday,
    Panel,
    TariffAssignment,
    TariffPeriod,
    TariffSurcharge,
    TariffVersion,
)
from meters.models.billed import BilledModel, first_open_day
from tests.tariffs import LONG_AGO, assign, last_month, make_version, measured_panel, next_month

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def version(db: None) -> TariffVersion:
    """In force for the panel since long ago; nothing is dirty."""
    version = make_version()
    assign(measured_panel("billed"), version.tariff)
    DirtyRange.objects.all().delete()
    return version


def marked() -> list[tuple[str, date, date]]:
    """(panel, first and last day at the site) of what is to be computed anew."""
    zone = ZoneInfo(settings.TIME_ZONE)
    return [
        (row.panel.name, row.first.astimezone(zone).date(), row.last.astimezone(zone).date())
        for row in DirtyRange.objects.order_by("panel", "first")
    ]


def today() -> date:
    return timezone.localdate()


def refused(row: BilledModel) -> str:
    with pytest.raises(ValidationError) as caught:
        row.full_clean()
    assert "Recompute the cost" in str(caught.value)
    return str(caught.value)


def stored_period() -> TariffPeriod:
    return TariffPeriod.objects.get(version__tariff__code="test")


def change_price(version: TariffVersion) -> BilledModel:
    version.price_per_kwh = Decimal(2)
    return version


def change_factor(version: TariffVersion) -> BilledModel:
    version.peak_factor = Decimal("1.6")
    return version


def change_minimum(version: TariffVersion) -> BilledModel:
    version.minimum_hours = Decimal(0)
    return version


def end_early(version: TariffVersion) -> BilledModel:
    version.valid_to = first_open_day() - 2 * DAY
    return version


def begin_later(version: TariffVersion) -> BilledModel:
    version.valid_from = LONG_AGO + DAY
    return version


def change_hours(version: TariffVersion) -> BilledModel:
    period = stored_period()
    period.start = period.start.replace(hour=18)
    return period


def change_rule(version: TariffVersion) -> BilledModel:
    period = stored_period()
    period.on_holidays = "leave_out"
    return period


def add_period(version: TariffVersion) -> BilledModel:
    clock = stored_period().start.replace(hour=3)
    return TariffPeriod(version=version, name="night", start=clock, end=clock.replace(hour=5))


def add_tax(version: TariffVersion) -> BilledModel:
    return TariffSurcharge(version=version, name="PPJ", percent=Decimal(3), enabled=True)


def cut_by_a_new_version(version: TariffVersion) -> BilledModel:
    return TariffVersion(tariff=version.tariff, valid_from=last_month(), price_per_kwh=1)


def assign_another(version: TariffVersion) -> BilledModel:
    other = make_version("other").tariff
    return TariffAssignment(panel=Panel.objects.get(), tariff=other, valid_from=last_month())


def change_contract(version: TariffVersion) -> BilledModel:
    assignment = TariffAssignment.objects.get()
    assignment.contract_power_kva = Decimal(100)
    return assignment


REWRITING = [
    change_price,
    change_factor,
    change_minimum,
    end_early,
    begin_later,
    change_hours,
    change_rule,
    add_period,
    add_tax,
    cut_by_a_new_version,
    assign_another,
    change_contract,
]


@pytest.mark.parametrize("change", REWRITING)
def test_what_was_in_force_in_a_billed_month_is_not_changed_by_the_way(
    version: TariffVersion, change: Callable[[TariffVersion], BilledModel]
) -> None:
    sentence = refused(change(version))
    assert "billed" in sentence
    assert first_open_day().isoformat() in sentence


@pytest.mark.parametrize("change", REWRITING)
def test_it_is_changed_and_computed_anew_when_asked(
    version: TariffVersion, change: Callable[[TariffVersion], BilledModel]
) -> None:
    row = change(version)
    row.rewrite_billed = True
    row.full_clean()
    row.save()
    ((panel, first, last),) = marked()
    assert panel == "billed"
    assert first < first_open_day()
    assert last <= today()


@pytest.mark.parametrize("change", [each for each in REWRITING if each is not change_contract])
def test_what_no_panel_had_may_be_corrected(
    version: TariffVersion, change: Callable[[TariffVersion], BilledModel]
) -> None:
    Panel.objects.get().delete()
    measured_panel("fresh")
    change(version).full_clean()
    assert marked() == []


def test_a_new_version_from_this_month_on_is_no_rewriting_and_marks_from_there(
    version: TariffVersion,
) -> None:
    new = TariffVersion(tariff=version.tariff, valid_from=first_open_day(), price_per_kwh=1)
    new.full_clean()
    new.save()
    assert marked() == [("billed", first_open_day(), today())]


def test_a_version_of_this_month_may_be_corrected(version: TariffVersion) -> None:
    new = make_version(valid_from=first_open_day(), peak=False)
    change_price(new).full_clean()
    version.valid_to = first_open_day() - DAY
    version.full_clean()


def test_what_begins_in_future_marks_nothing(version: TariffVersion) -> None:
    make_version(valid_from=next_month())
    assert marked() == []


def test_an_older_version_where_there_was_none_is_no_rewriting(version: TariffVersion) -> None:
    TariffAssignment.objects.update(valid_from=LONG_AGO - 30 * DAY)
    older = TariffVersion(
        tariff=version.tariff, valid_from=LONG_AGO - 10 * DAY, price_per_kwh=Decimal(1)
    )
    older.full_clean()
    older.save()
    assert [(first) for _, first, _ in marked()] == [LONG_AGO - 10 * DAY]


def test_the_first_assignment_for_the_past_is_no_rewriting_and_marks_it() -> None:
    version = make_version()
    panel = measured_panel("new")
    assignment = TariffAssignment(panel=panel, tariff=version.tariff, valid_from=LONG_AGO)
    assignment.full_clean()
    assignment.save()
    assert marked() == [("new", LONG_AGO, today())]


def test_another_tariff_from_this_month_on_marks_only_that(version: TariffVersion) -> None:
    assign(Panel.objects.get(), make_version("other").tariff, first_open_day())
    assert marked() == [("billed", first_open_day(), today())]


def test_only_the_days_and_panels_that_have_the_tariff_are_marked(version: TariffVersion) -> None:
    left = measured_panel("left")
    assign(left, version.tariff, date(2021, 1, 1))
    assign(left, make_version("other").tariff, date(2021, 2, 1))
    measured_panel("without")
    DirtyRange.objects.all().delete()
    row = change_price(version)
    row.rewrite_billed = True
    row.save()
    assert marked() == [
        ("billed", LONG_AGO, today()),
        ("left", date(2021, 1, 1), date(2021, 2, 1)),
    ]
    assert DirtyRange.objects.get(panel=left).last == datetime(2021, 1, 31, 17, tzinfo=UTC)


def test_what_is_said_beside_the_price_may_be_changed(version: TariffVersion) -> None:
    version.source = "the official gazette"
    version.peak_factor_max = Decimal(2)
    version.full_clean()
    version.save()
    assert marked() == []


@pytest.mark.parametrize("kind", [TariffVersion, TariffPeriod, TariffAssignment])
def test_what_was_in_force_in_a_billed_month_is_not_deleted_by_the_way(
    version: TariffVersion, kind: type[BilledModel]
) -> None:
    rows: dict[type[BilledModel], BilledModel] = {
        TariffVersion: version,
        TariffPeriod: stored_period(),
        TariffAssignment: TariffAssignment.objects.get(),
    }
    row = rows[kind]
    with pytest.raises(ValidationError):
        row.delete()
    row.refresh_from_db()
    row.rewrite_billed = True
    row.delete()
    assert marked() == [("billed", LONG_AGO, today())]


def test_a_version_answers_for_the_parts_that_are_edited_with_it(version: TariffVersion) -> None:
    version.rewrite_billed = True
    period = stored_period()
    period.version = version
    period.start = period.start.replace(hour=18)
    period.full_clean()


def test_a_currency_is_a_price_too(version: TariffVersion) -> None:
    version.tariff.currency = "USD"
    refused(version.tariff)


def test_a_holiday_of_a_billed_month_matters_where_a_period_minds_holidays(
    version: TariffVersion,
) -> None:
    holiday = Holiday(date=last_month(), name="forgotten")
    holiday.full_clean()
    TariffPeriod.objects.update(on_holidays="leave_out")
    refused(holiday)
    holiday.rewrite_billed = True
    holiday.save()
    assert marked() == [("billed", last_month(), last_month() + 2 * DAY)]
    with pytest.raises(ValidationError):
        Holiday.objects.get().delete()
    Holiday(date=next_month(), name="to come").full_clean()


def test_many_panels_are_named_by_a_few(version: TariffVersion) -> None:
    for number in range(7):
        assign(measured_panel(f"p{number}"), version.tariff)
    assert "(8)" in refused(change_price(version))


def test_the_work_of_a_change_does_not_grow_with_the_panels(
    version: TariffVersion, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(30):
        assign(measured_panel(f"p{number}"), version.tariff)
    row = change_price(version)
    row.rewrite_billed = True
    with django_assert_max_num_queries(11):
        row.save()
    assert DirtyRange.objects.count() == 31


def test_a_price_from_before_the_panels_history_is_no_reason_to_go_through_empty_years() -> None:
    tariff = make_version(valid_from=date(1980, 1, 1)).tariff
    assign(Panel.objects.create(name="unmeasured"), tariff, date(1980, 1, 1))
    assign(measured_panel("measured"), tariff, date.min)
    assert marked() == [("measured", LONG_AGO - 20 * DAY, today())]
