from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from meters.models import (
    Holiday,
    Panel,
    Tariff,
    TariffAssignment,
    TariffPeriod,
    TariffSurcharge,
    TariffVersion,
)
from tests.tariffs import LONG_AGO, assign, make_version

pytestmark = pytest.mark.django_db


def refused(row: TariffVersion | TariffPeriod | TariffAssignment) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        row.full_clean()
    return caught.value.message_dict


def period(version: TariffVersion, **changed: object) -> TariffPeriod:
    values: dict[str, object] = {"name": "WBP", "start": time(17), "end": time(22)}
    return TariffPeriod(version=version, **(values | changed))


@pytest.mark.parametrize("field", ["start", "end"])
@pytest.mark.parametrize("clock", [time(17, 10), time(17, 15, 1), time(17, 15, 0, 1)])
def test_a_period_begins_and_ends_on_quarters_of_an_hour(field: str, clock: time) -> None:
    assert set(refused(period(make_version(peak=False), **{field: clock}))) == {field}


@pytest.mark.parametrize("clock", [time(0), time(17, 45)])
def test_every_quarter_of_an_hour_is_taken(clock: time) -> None:
    period(make_version(peak=False), start=clock).full_clean()


@pytest.mark.parametrize("weekdays", ["0", "8", "21", "11", "Mon"])
def test_weekdays_are_digits_in_order(weekdays: str) -> None:
    assert set(refused(period(make_version(peak=False), weekdays=weekdays))) == {"weekdays"}


def test_a_period_without_a_day_is_refused_unless_it_is_for_holidays() -> None:
    version = make_version(peak=False)
    assert set(refused(period(version, weekdays=""))) == {"weekdays"}
    period(version, weekdays="", on_holidays="apply").full_clean()


@pytest.mark.parametrize(
    ("factor", "fits"), [("1.4", True), ("2", True), ("1.3999", False), ("2.0001", False)]
)
def test_k_stays_within_its_range(factor: str, fits: bool) -> None:
    version = make_version(peak_factor_min=Decimal("1.4"), peak_factor_max=Decimal(2))
    version.peak_factor = Decimal(factor)
    if fits:
        version.full_clean()
    else:
        assert set(refused(version)) == {"peak_factor"}


def test_a_version_does_not_end_before_it_begins() -> None:
    version = make_version()
    version.valid_to = LONG_AGO - timedelta(days=1)
    assert set(refused(version)) == {"valid_to"}
    version.valid_to = LONG_AGO
    version.full_clean()


@pytest.mark.parametrize(
    ("first", "last", "fits"),
    [
        ("2026-04-01", "2026-06-30", True),
        ("2026-03-31", None, False),
        ("2025-12-01", None, True),  # until the version of January begins
        ("2025-12-01", "2025-12-31", True),
        ("2025-12-01", "2026-01-01", False),
    ],
)
def test_versions_do_not_overlap(first: str, last: str | None, fits: bool) -> None:
    stands = make_version(valid_from=date(2026, 1, 1), valid_to=date(2026, 3, 31))
    version = TariffVersion(
        tariff=stands.tariff,
        valid_from=date.fromisoformat(first),
        valid_to=date.fromisoformat(last) if last else None,
        price_per_kwh=1,
    )
    if fits:
        version.full_clean()
    else:
        assert "2026-01-01" in str(refused(version))


def test_two_versions_of_one_day_are_refused() -> None:
    stands = make_version()
    again = TariffVersion(tariff=stands.tariff, valid_from=LONG_AGO, price_per_kwh=1)
    assert refused(again)
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()


def test_a_form_that_lacks_values_is_told_so_and_nothing_else() -> None:
    tariff = Tariff.objects.create(code="t")
    assert set(refused(TariffVersion(tariff=tariff))) == {"valid_from", "price_per_kwh"}
    assert set(refused(TariffAssignment())) == {"panel", "tariff", "valid_from"}
    assert {"version", "start", "end"} <= set(refused(TariffPeriod(name="WBP")))


def test_a_version_stays_with_its_tariff_and_an_assignment_with_its_panel() -> None:
    version = make_version()
    panel, other = Panel.objects.create(name="a"), Panel.objects.create(name="b")
    assign(panel, version.tariff)
    version.tariff = Tariff.objects.create(code="other")
    assert set(refused(version)) == {"tariff"}
    assignment = TariffAssignment.objects.get()
    assignment.panel = other
    assert set(refused(assignment)) == {"panel"}


@pytest.mark.parametrize("currency", ["Rp", "idr", "IDR "])
def test_a_currency_is_a_code_of_three_letters(currency: str) -> None:
    with pytest.raises(ValidationError):
        Tariff(code="t", currency=currency).full_clean()


def test_a_tariff_that_a_panel_has_is_not_deleted_but_a_panel_takes_its_assignments_along() -> None:
    version = make_version()
    panel = Panel.objects.create(name="a")
    assign(panel, version.tariff)
    version.tariff.rewrite_billed = True
    with pytest.raises(ProtectedError):
        version.tariff.delete()
    panel.delete()
    assert not TariffAssignment.objects.exists()
    Tariff.objects.get(pk=version.tariff_id).delete()
    assert not TariffPeriod.objects.filter(version=version).exists()


def test_only_enabled_surcharges_count() -> None:
    version = make_version()
    for name, enabled in (("PPJ", True), ("PPN", False)):
        TariffSurcharge.objects.create(
            version=version, name=name, percent=Decimal(3), enabled=enabled
        )
    assert [surcharge.name for surcharge in version.terms().surcharges] == ["PPJ"]


def test_a_holiday_stands_once() -> None:
    Holiday.objects.create(date=date(2026, 8, 17), name="Independence Day")
    with pytest.raises(ValidationError):
        Holiday(date=date(2026, 8, 17), name="again").full_clean()
