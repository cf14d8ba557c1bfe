"""Tariffs in the admin: what an engineer does with them, by the forms as they are sent."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from meters.models import (
    DirtyRange,
    Holiday,
    Tariff,
    TariffAssignment,
    TariffPeriod,
    TariffVersion,
)
from meters.models.billed import first_open_day
from tests.tariffs import LONG_AGO, assign, last_month, make_version, measured_panel, next_month

TICK = "Recompute the cost of months already billed"


@pytest.fixture
def admin(administrator: User) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def version(db: None) -> TariffVersion:
    """In force for a panel since long ago."""
    version = make_version()
    assign(measured_panel("a"), version.tariff)
    DirtyRange.objects.all().delete()
    return version


def management(prefix: str, total: int, initial: int) -> dict[str, str]:
    return {
        f"{prefix}-TOTAL_FORMS": str(total),
        f"{prefix}-INITIAL_FORMS": str(initial),
        f"{prefix}-MIN_NUM_FORMS": "0",
        f"{prefix}-MAX_NUM_FORMS": "1000",
    }


def form(version: TariffVersion, **changed: Any) -> dict[str, Any]:
    """A version's form with its one period, as a browser sends it."""
    period = version.periods.get()
    fields: dict[str, Any] = {
        "tariff": version.tariff_id,
        "valid_from": version.valid_from.isoformat(),
        "price_per_kwh": "1000",
        "rest_name": "LWBP",
        "peak_factor": "1.5",
        "kvarh_price": "0",
        "power_factor_limit": "0.85",
        "minimum_hours": "40",
        "periods-0-id": period.pk,
        "periods-0-version": version.pk,
        "periods-0-name": "WBP",
        "periods-0-weekdays": list("1234567"),
        "periods-0-start": "17:00",
        "periods-0-end": "22:00",
        "periods-0-on_holidays": "ignore",
        **management("periods", 1, 1),
        **management("surcharges", 0, 0),
    }
    return fields | changed


def change(admin: Client, version: TariffVersion, **changed: Any) -> Any:
    path = f"/admin/meters/tariffversion/{version.pk}/change/"
    return admin.post(path, form(version, **changed))


def test_a_form_that_changes_nothing_is_saved(admin: Client, version: TariffVersion) -> None:
    assert change(admin, version, source="the gazette").status_code == 302
    version.refresh_from_db()
    assert version.source == "the gazette"
    assert not DirtyRange.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"price_per_kwh": "1200"},
        {"periods-0-start": "18:00"},
        {"periods-0-weekdays": list("12345")},
        {"periods-0-DELETE": "on"},
    ],
)
def test_billed_months_keep_their_prices_unless_the_tick_is_set(
    admin: Client, version: TariffVersion, changed: dict[str, Any]
) -> None:
    refusal = change(admin, version, **changed)
    assert refusal.status_code == 200
    assert "This changes the cost of months already billed" in refusal.content.decode()
    assert not DirtyRange.objects.exists()
    assert change(admin, version, **changed, recompute_billed="on").status_code == 302
    assert DirtyRange.objects.get().panel.name == "a"


def test_saved_as_new_a_version_takes_over_with_its_periods(
    admin: Client, version: TariffVersion
) -> None:
    start = next_month()
    answer = change(
        admin, version, valid_from=start.isoformat(), price_per_kwh="1100", _saveasnew="1"
    )
    assert answer.status_code == 302, answer.context["errors"]
    new = TariffVersion.objects.get(tariff=version.tariff, valid_from=start)
    assert [str(period) for period in new.periods.all()] == ["WBP 17:00-22:00"]
    assert version.periods.count() == 1
    version.refresh_from_db()
    assert version.price_per_kwh == 1000


def test_saved_as_new_within_a_billed_month_it_is_refused(
    admin: Client, version: TariffVersion
) -> None:
    answer = change(admin, version, valid_from=last_month().isoformat(), _saveasnew="1")
    assert "months already billed" in answer.content.decode()
    assert TariffVersion.objects.filter(tariff=version.tariff).count() == 1


def test_periods_that_overlap_are_refused(admin: Client, version: TariffVersion) -> None:
    TariffAssignment.objects.all()._raw_delete("default")
    second = {
        "periods-TOTAL_FORMS": "2",
        "periods-1-version": version.pk,
        "periods-1-name": "evening",
        "periods-1-weekdays": ["7"],
        "periods-1-start": "21:45",
        "periods-1-end": "23:00",
        "periods-1-on_holidays": "ignore",
    }
    answer = change(admin, version, **second)
    assert "WBP and evening apply at the same time" in answer.content.decode()
    apart = {"periods-1-start": "22:00"}
    assert change(admin, version, **second | apart).status_code == 302
    assert version.periods.count() == 2


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("periods-0-start", "17:05", "Full quarters of an hour"),
        ("periods-0-weekdays", [], "Choose at least one day"),
        ("valid_from", "", "This field is required"),
        ("peak_factor", "", "This field is required"),
        ("periods-0-end", "", "This field is required"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(
    admin: Client, version: TariffVersion, field: str, value: Any, sentence: str
) -> None:
    answer = change(admin, version, **{field: value})
    assert answer.status_code == 200
    assert sentence in answer.content.decode()


def test_weekdays_are_ticked_by_name(admin: Client, version: TariffVersion) -> None:
    TariffPeriod.objects.filter(version=version).update(weekdays="67")
    content = admin.get(f"/admin/meters/tariffversion/{version.pk}/change/").content.decode()
    assert "Saturday" in content
    boxes = re.findall(r'<input[^>]*name="periods-0-weekdays"[^>]*>', content)
    assert [number for number, box in enumerate(boxes) if "checked" in box] == [5, 6]
    assert TICK in content


def test_a_version_of_a_billed_month_is_protected_from_deletion(
    admin: Client, version: TariffVersion
) -> None:
    path = f"/admin/meters/tariffversion/{version.pk}/delete/"
    assert "months already billed" in admin.get(path).content.decode()
    assert admin.post(path, {"post": "yes"}).status_code == 200
    assert TariffVersion.objects.filter(pk=version.pk).exists()
    later = make_version(valid_from=next_month())
    assert admin.post(f"/admin/meters/tariffversion/{later.pk}/delete/", {"post": "yes"})
    assert not TariffVersion.objects.filter(pk=later.pk).exists()


def test_what_is_deleted_in_a_bunch_is_marked_too(admin: Client, version: TariffVersion) -> None:
    new = make_version(valid_from=first_open_day(), price_per_kwh=Decimal(2))
    DirtyRange.objects.all().delete()
    admin.post(
        "/admin/meters/tariffversion/",
        {"action": "delete_selected", "_selected_action": [new.pk], "post": "yes"},
    )
    assert not TariffVersion.objects.filter(pk=new.pk).exists()
    assert DirtyRange.objects.get().panel.name == "a"


def panel_form(*rows: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "nominal_voltage_v": "230",
        "phases": "1",
        "max_gap_s": "300",
        "active": "on",
        **management("assignments", len(rows), initial),
    }
    for number, row in enumerate(rows):
        fields |= {f"assignments-{number}-{name}": value for name, value in row.items()}
    return fields


def test_a_panel_is_given_its_tariff_for_the_past_and_that_is_computed(
    admin: Client, db: None
) -> None:
    tariff = make_version().tariff
    panel = measured_panel("new")
    row = {
        "panel": panel.pk,
        "tariff": tariff.pk,
        "valid_from": LONG_AGO.isoformat(),
        "contract_power_kva": "630",
    }
    path = f"/admin/meters/panel/{panel.pk}/change/"
    assert admin.post(path, panel_form(row)).status_code == 302
    assignment = TariffAssignment.objects.get()
    assert (assignment.tariff, assignment.contract_power_kva) == (tariff, Decimal(630))
    assert DirtyRange.objects.get().panel == panel


def test_a_panels_billed_tariff_is_changed_and_removed_with_the_tick_only(
    admin: Client, version: TariffVersion
) -> None:
    assignment = TariffAssignment.objects.get()
    path = f"/admin/meters/panel/{assignment.panel_id}/change/"
    row = {
        "id": assignment.pk,
        "panel": assignment.panel_id,
        "tariff": version.tariff_id,
        "valid_from": LONG_AGO.isoformat(),
    }
    for wish in ({"contract_power_kva": "100"}, {"DELETE": "on"}):
        refusal = admin.post(path, panel_form(row | wish, initial=1))
        assert "months already billed" in refusal.content.decode()
        asked = row | wish | {"recompute_billed": "on"}
        assert admin.post(path, panel_form(asked, initial=1)).status_code == 302
    assert not TariffAssignment.objects.exists()


def test_tariffs_show_their_versions_and_lead_to_them(
    admin: Client, version: TariffVersion
) -> None:
    content = admin.get(f"/admin/meters/tariff/{version.tariff_id}/change/").content.decode()
    assert f"/admin/meters/tariffversion/{version.pk}/change/" in content
    for path in ("tariff/", "tariffversion/", "holiday/", "tariffversion/add/", "tariff/add/"):
        assert admin.get(f"/admin/meters/{path}").status_code == 200
    new = {"code": "X", "currency": "IDR", **management("versions", 0, 0)}
    assert admin.post("/admin/meters/tariff/add/", new).status_code == 302
    assert Tariff.objects.get(code="X").currency == "IDR"


def test_a_holiday_to_come_is_added(admin: Client, db: None) -> None:
    form = {"date": "2099-08-17", "name": "Independence Day"}
    assert admin.post("/admin/meters/holiday/add/", form).status_code == 302
    assert Holiday.objects.get().date == date(2099, 8, 17)
