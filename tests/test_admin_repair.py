"""Repairing readings in the admin."""

import gzip
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from meters.energy.rolling import Roller
from meters.models import DirtyRange, Panel, ReadingRepair, RollupState, Trend, TrendDay
from meters.repair import carry_out, correction

JAKARTA = ZoneInfo("Asia/Jakarta")
NOON = datetime(2026, 1, 15, 12, tzinfo=JAKARTA)


@pytest.fixture
def admin(administrator: User) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def panel(db: None) -> Panel:
    """Ten samples a minute apart, the last at noon, which is also the current one."""
    panel = Panel.objects.create(name="trafo1", display_name="Office")
    for age in range(9, -1, -1):
        moment = NOON - timedelta(minutes=age)
        values = {"voltage": 230.1 + age, "power": 1000.0 + age, "energy_register": 50.0 - age}
        Trend.objects.create(panel=panel, timestamp=moment, **values)
        for metric, value in values.items():
            panel.advance(metric, value, moment)
    panel.save()
    return panel


def form(action: str, **fields: str) -> dict[str, str]:
    """The last five minutes before noon: five samples."""
    return {
        "start": "2026-01-15T11:55",
        "end": "2026-01-15T12:00:00",
        "action": action,
        "metric": "",
        "factor": "",
        "offset": "0",
        "reason": "the CT ratio was wrong",
    } | fields


def send(client: Client, panel: Panel, fields: dict[str, str], **more: str) -> HttpResponse:
    return client.post(f"/admin/meters/panel/{panel.pk}/repair/", fields | more)  # type: ignore[return-value]


def repaired(client: Client, panel: Panel, fields: dict[str, str], rows: int) -> ReadingRepair:
    answer = send(client, panel, fields, expected=str(rows))
    assert answer.status_code == 302, answer.content.decode()
    return ReadingRepair.objects.get()


def samples(panel: Panel, metric: str) -> list[float | None]:
    return list(panel.trends.order_by("timestamp").values_list(metric, flat=True))


def test_the_panels_page_leads_to_the_form(admin: Client, panel: Panel) -> None:
    page = admin.get(f"/admin/meters/panel/{panel.pk}/change/").content.decode()
    address = f"/admin/meters/panel/{panel.pk}/repair/"
    assert address in page
    content = admin.get(address).content.decode()
    assert "Repair readings of Office" in content
    assert 'type="datetime-local"' in content


def test_it_first_shows_what_would_be_done_and_changes_nothing(admin: Client, panel: Panel) -> None:
    content = send(admin, panel, form("scale", metric="power", factor="2.5")).content.decode()
    assert "<strong>5 readings</strong>" in content
    assert "from 2026-01-15 11:55:00 to 2026-01-15 11:59:00 WIB" in content
    assert "<del>1,005.0</del> 2,512.5" in content
    assert 'name="expected" value="5"' in content
    assert "perhaps billed" in content
    assert samples(panel, "power")[4] == 1005.0
    assert not ReadingRepair.objects.exists()


def test_a_metric_is_scaled_and_the_others_stay(admin: Client, panel: Panel) -> None:
    before = samples(panel, "voltage")
    repair = repaired(
        admin, panel, form("scale", metric="voltage", factor="1.1", offset="0.1"), rows=5
    )
    # In decimals: 235.1 * 1.1 + 0.1 are 258.71, and not 258.71000000000004.
    assert samples(panel, "voltage") == [
        *before[:4],
        *(258.71, 257.61, 256.51, 255.41, 254.31),
        before[9],
    ]
    assert samples(panel, "power") == [1000.0 + age for age in range(9, -1, -1)]
    assert (repair.factor, repair.offset) == (Decimal("1.1"), Decimal("0.1"))


def test_readings_are_deleted_from_the_start_until_before_the_end(
    admin: Client, panel: Panel
) -> None:
    repaired(admin, panel, form("delete"), rows=5)
    left = list(panel.trends.order_by("timestamp").values_list("timestamp", flat=True))
    assert left == [NOON - timedelta(minutes=age) for age in (9, 8, 7, 6, 0)]


def test_the_values_of_one_metric_are_deleted_and_rows_without_any_go(
    admin: Client, panel: Panel
) -> None:
    Trend.objects.filter(timestamp=NOON - timedelta(minutes=3)).update(
        voltage=None, energy_register=None
    )
    repaired(admin, panel, form("delete_metric", metric="power"), rows=5)
    assert samples(panel, "power").count(None) == 4
    assert None not in samples(panel, "voltage")
    assert panel.trends.count() == 9


def test_the_current_value_is_no_reading_that_was_deleted(admin: Client, panel: Panel) -> None:
    Trend.objects.filter(timestamp__lt=NOON - timedelta(minutes=6)).update(energy_register=None)
    fields = form("delete", start="2026-01-15T11:54", end="2026-01-15T12:00:01")
    repaired(admin, panel, fields, rows=7)
    panel.refresh_from_db()
    assert (panel.power, panel.power_at) == (1007.0, NOON - timedelta(minutes=7))
    assert (panel.energy_register, panel.energy_register_at) == (None, None)
    assert panel.last_reading_at == NOON - timedelta(minutes=7)


def test_the_current_value_follows_a_correction_where_it_is_concerned(
    admin: Client, panel: Panel
) -> None:
    repaired(admin, panel, form("scale", metric="power", factor="2"), rows=5)
    panel.refresh_from_db()
    assert panel.power == 1000.0
    ReadingRepair.objects.all().delete()
    fields = form("scale", metric="power", factor="2", end="2026-01-15T12:00:01")
    repaired(admin, panel, fields, rows=6)
    panel.refresh_from_db()
    assert (panel.power, panel.power_at) == (2000.0, NOON)
    assert panel.voltage == 230.1


def test_the_rollups_follow(admin: Client, panel: Panel) -> None:
    DirtyRange.objects.mark(panel, NOON - timedelta(minutes=9), NOON)
    Roller().round([panel.pk])
    before = TrendDay.objects.get().power_max
    repaired(admin, panel, form("scale", metric="power", factor="2"), rows=5)
    dirty = DirtyRange.objects.get()
    assert dirty.first == NOON - timedelta(minutes=5)
    assert dirty.last == NOON - timedelta(minutes=1)
    Roller().round([panel.pk])
    assert (before, TrendDay.objects.get().power_max) == (1009.0, 2010.0)


@pytest.mark.parametrize(
    "fields",
    [
        form("delete"),
        form("delete_metric", metric="voltage"),
        form("scale", metric="voltage", factor="1.7", offset="-3"),
    ],
    ids=lambda fields: fields["action"],
)
def test_what_stood_there_can_be_downloaded_and_imported_again(
    admin: Client, panel: Panel, fields: dict[str, str], tmp_path: Path
) -> None:
    Trend.objects.filter(timestamp=NOON - timedelta(minutes=4)).update(ampere=1 / 3)
    everything = list(panel.trends.order_by("timestamp").values())
    repair = repaired(admin, panel, fields, rows=5)
    assert list(panel.trends.order_by("timestamp").values()) != everything
    entry = admin.get(f"/admin/meters/readingrepair/{repair.pk}/change/").content.decode()
    address = f"/admin/meters/readingrepair/{repair.pk}/replaced.csv"
    assert address in entry
    answer = admin.get(address)
    assert "repair-" in answer["Content-Disposition"]
    assert gzip.decompress(bytes(repair.replaced)) == answer.content
    (tmp_path / "replaced.csv").write_bytes(answer.content)
    call_command("import_trends", str(tmp_path / "replaced.csv"), "--panel", "trafo1")
    assert list(panel.trends.order_by("timestamp").values()) == everything


def test_the_repair_is_written_down_with_who_when_and_why(
    admin: Client, administrator: User, panel: Panel
) -> None:
    repair = repaired(admin, panel, form("scale", metric="power", factor="2"), rows=5)
    assert repair.made_by == administrator
    assert (repair.made_by_name, repair.panel_name, repair.rows) == ("administrator", "trafo1", 5)
    assert repair.start == NOON - timedelta(minutes=5)
    assert repair.end == NOON
    assert (repair.action, repair.metric) == ("scale", "power")
    assert repair.reason == "the CT ratio was wrong"
    assert abs(repair.made_at - timezone.now()) < timedelta(minutes=1)
    log = LogEntry.objects.get()
    assert log.object_id == str(panel.pk)
    assert "the CT ratio was wrong" in log.change_message


def test_an_entry_can_be_read_and_neither_changed_nor_deleted(admin: Client, panel: Panel) -> None:
    repair = repaired(admin, panel, form("delete"), rows=5)
    assert b"the CT ratio was wrong" in admin.get("/admin/meters/readingrepair/").content
    address = f"/admin/meters/readingrepair/{repair.pk}"
    page = admin.get(f"{address}/change/").content.decode()
    assert 'name="reason"' not in page
    assert admin.post(f"{address}/change/", {"reason": "x"}).status_code == 403
    assert admin.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    assert admin.get("/admin/meters/readingrepair/add/").status_code == 403
    assert ReadingRepair.objects.get().reason == "the CT ratio was wrong"


def test_an_entry_outlives_its_panel_and_its_user(
    admin: Client, administrator: User, panel: Panel
) -> None:
    repaired(admin, panel, form("delete"), rows=5)
    panel.delete()
    administrator.delete()
    repair = ReadingRepair.objects.get()
    assert (repair.panel, repair.made_by) == (None, None)
    assert (repair.panel_name, repair.made_by_name) == ("trafo1", "administrator")


def test_only_who_has_the_permission_may_repair(panel: Panel) -> None:
    staff = User.objects.create_user("staff", password="staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="change_panel"))
    client = Client()
    client.force_login(staff)
    page = client.get(f"/admin/meters/panel/{panel.pk}/change/")
    assert page.status_code == 200
    assert b"Repair readings" not in page.content
    assert client.get(f"/admin/meters/panel/{panel.pk}/repair/").status_code == 403
    assert send(client, panel, form("delete"), expected="5").status_code == 403
    assert panel.trends.count() == 10
    staff.user_permissions.add(Permission.objects.get(codename="repair_readings"))
    assert b"Repair readings" in client.get(f"/admin/meters/panel/{panel.pk}/change/").content
    repair = repaired(client, panel, form("delete"), rows=5)
    assert client.get(f"/admin/meters/readingrepair/{repair.pk}/replaced.csv").status_code == 403


def test_who_is_no_staff_is_sent_to_the_log_in(client: Client, viewer: User, panel: Panel) -> None:
    client.force_login(viewer)
    assert client.get(f"/admin/meters/panel/{panel.pk}/repair/").status_code == 302


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (form("delete", end="2026-01-15T11:55"), "Must be later than the start."),
        (form("delete", end="2999-01-15T11:55"), "in the future"),
        (form("delete", start="yesterday"), "Enter a valid date/time."),
        (form("delete", reason=" "), "This field is required."),
        (form("delete_metric"), "Choose which one."),
        (form("scale", metric="power"), "Give a factor"),
        (form("scale", metric="power", factor="0"), "Give a factor"),
        (form("scale", metric="power", factor="1"), "This would change nothing."),
        (form("scale", metric="power", factor="NaN"), "Enter a number."),
        (form("explode"), "Select a valid choice."),
        (form("scale", metric="volts", factor="2"), "Select a valid choice."),
        (form("delete", start="2025-01-01T00:00", end="2025-01-02T00:00"), "no reading to repair"),
        (
            form("scale", metric="voltage", factor="-1"),
            "outside the plausible range of Voltage: 0 to 1e+06 V",
        ),
        (form("scale", metric="energy_register", factor="1", offset="-47"), "Energy register"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("step", [{}, {"expected": "5"}], ids=["asked", "told"])
def test_what_cannot_be_is_refused_with_a_sentence_at_either_step(
    admin: Client, panel: Panel, fields: dict[str, str], sentence: str, step: dict[str, str]
) -> None:
    before = list(Trend.objects.order_by("timestamp").values())
    answer = send(admin, panel, fields, **step)
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert 'name="expected"' not in answer.content.decode()
    assert list(Trend.objects.order_by("timestamp").values()) == before
    assert not ReadingRepair.objects.exists()


def test_other_readings_than_were_shown_are_not_changed_unseen(admin: Client, panel: Panel) -> None:
    moment = NOON - timedelta(minutes=2, seconds=30)
    Trend.objects.create(panel=panel, timestamp=moment, power=1.0)
    answer = send(admin, panel, form("delete"), expected="5")
    assert "look at it once more" in answer.content.decode()
    assert panel.trends.count() == 11


@pytest.mark.parametrize("step", [{}, {"expected": "5"}], ids=["asked", "told"])
def test_more_than_the_most_at_once_is_refused(
    admin: Client, panel: Panel, step: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (correction, carry_out):
        monkeypatch.setattr(module, "MOST_ROWS", 4)
    answer = send(admin, panel, form("delete"), **step)
    assert "more than 4 readings" in answer.content.decode()
    assert panel.trends.count() == 10


def test_the_way_back_to_the_form_keeps_what_was_entered(admin: Client, panel: Panel) -> None:
    content = send(admin, panel, form("delete"), back="Back", expected="5").content.decode()
    assert "the CT ratio was wrong" in content
    assert 'value="2026-01-15T11:55"' in content


def test_a_stretch_that_was_pruned_and_a_running_month_are_told_apart(
    admin: Client, panel: Panel
) -> None:
    RollupState.objects.create(panel=panel, raw_from=NOON)
    content = send(admin, panel, form("delete")).content.decode()
    assert "Readings before 2026-01-15 12:00 were pruned" in content
    minute_ago = timezone.now() - timedelta(minutes=1)
    Trend.objects.create(panel=panel, timestamp=minute_ago, power=1.0)
    local = timezone.localtime(minute_ago - timedelta(seconds=1))
    fields = form("delete", start=f"{local:%Y-%m-%dT%H:%M:%S}")
    fields["end"] = f"{timezone.localtime():%Y-%m-%dT%H:%M:%S}"
    content = send(admin, panel, fields).content.decode()
    assert "<strong>1 reading</strong>" in content
    assert "perhaps billed" not in content
    assert "were pruned" not in content


def test_other_panels_are_left_alone(admin: Client, panel: Panel) -> None:
    other = Panel.objects.create(name="other")
    Trend.objects.create(panel=other, timestamp=NOON - timedelta(minutes=2), power=1.0)
    repaired(admin, panel, form("delete"), rows=5)
    assert other.trends.count() == 1


def test_a_deadlock_is_tried_again(
    admin: Client, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors, real = [OperationalError(1213, "deadlock")], carry_out._change

    def change(*arguments: Any) -> None:
        real(*arguments)
        if errors:
            raise errors.pop()

    monkeypatch.setattr(carry_out, "_change", change)
    repaired(admin, panel, form("scale", metric="power", factor="2"), rows=5)
    assert samples(panel, "power")[8] == 2002.0


def test_an_unknown_panel_is_not_found(admin: Client, panel: Panel) -> None:
    assert admin.get(f"/admin/meters/panel/{panel.pk + 1}/repair/").status_code == 404


def test_the_energy_of_a_step_goes_with_the_registers_last_reading(
    admin: Client, panel: Panel
) -> None:
    """Ten hours after the reading before it, whose step reached over all of them."""
    Trend.objects.filter(panel=panel).delete()
    store_register(panel, {"2026-01-16T00:00": 100.0, "2026-01-16T10:00": 150.0})
    assert TrendDay.objects.get(panel=panel).energy_wh == pytest.approx(50_000)
    fields = form("delete", start="2026-01-16T09:00", end="2026-01-16T11:00")
    repaired(admin, panel, fields, rows=1)
    while Roller().round([panel.pk]):
        pass
    assert [day.energy_wh for day in TrendDay.objects.filter(panel=panel)] in ([], [None])


def store_register(panel: Panel, readings: dict[str, float]) -> None:
    """By the site's time; rolled up."""
    for text, kwh in readings.items():
        moment = timezone.make_aware(datetime.fromisoformat(text))
        Trend.objects.create(panel=panel, timestamp=moment, energy_register=kwh)
        panel.advance("energy_register", kwh, moment)
        panel.save()
        DirtyRange.objects.mark(panel, moment, moment)
    while Roller().round([panel.pk]):
        pass
