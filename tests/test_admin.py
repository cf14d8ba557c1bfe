from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone

from meters.models import DirtyRange, IngestWorker, Panel, RejectedMessage, Trend
from tests.energy.filling import fill_and_roll

# A panel's page as a browser sends it: no tariffs, and what must be filled in.
NO_TARIFFS = {"assignments-TOTAL_FORMS": "0", "assignments-INITIAL_FORMS": "0"}
FORM = NO_TARIFFS | {"nominal_voltage_v": "230", "phases": "1", "max_gap_s": "300"}


@pytest.fixture
def admin(administrator: User) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


def test_a_panels_page_shows_its_newest_readings_to_look_at(admin: Client) -> None:
    panel = Panel.objects.create(name="trafo1")
    Trend.objects.create(
        panel=panel, timestamp=datetime(2026, 1, 15, 3, 30, 45, tzinfo=UTC), voltage=230.45
    )
    content = admin.get(f"/admin/meters/panel/{panel.pk}/change/").content.decode()
    assert "2026-01-15 10:30:45" in content
    assert "230.45" in content
    assert 'name="voltage"' not in content


def test_a_panel_can_be_added_and_described_but_not_renamed(admin: Client) -> None:
    form = FORM | {"name": "trafo1", "active": "on"}
    assert admin.post("/admin/meters/panel/add/", form).status_code == 302
    panel = Panel.objects.get(name="trafo1")
    change = form | {"name": "other", "display_name": "Office"}
    admin.post(f"/admin/meters/panel/{panel.pk}/change/", change)
    panel.refresh_from_db()
    assert (panel.name, panel.display_name) == ("trafo1", "Office")


def test_describing_a_panel_leaves_the_values_that_arrive_meanwhile(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = Panel.objects.create(name="trafo1", voltage=230)

    def arrive(sender: type[Panel], **_: object) -> None:
        Panel.objects.filter(pk=panel.pk).update(voltage=231)

    pre_save.connect(arrive, sender=Panel)
    try:
        form = FORM | {"active": "on", "location": "Hall 1"}
        admin.post(f"/admin/meters/panel/{panel.pk}/change/", form)
    finally:
        pre_save.disconnect(arrive, sender=Panel)
    panel.refresh_from_db()
    assert (panel.location, panel.voltage) == ("Hall 1", 231)


def test_how_long_a_panels_history_is_kept_is_checked_and_stored(admin: Client) -> None:
    panel = Panel.objects.create(name="trafo1")
    address = f"/admin/meters/panel/{panel.pk}/change/"
    wrong = admin.post(address, FORM | {"raw_retention_days": "9000"})
    assert b"Minutes must be kept at least as long as readings (9000" in wrong.content
    assert admin.post(address, FORM | {"raw_retention_days": "30"}).status_code == 302
    panel.refresh_from_db()
    assert (panel.raw_retention_days, panel.minute_retention_days) == (30, None)


def test_a_new_longest_gap_has_the_panels_rollups_computed_anew(admin: Client) -> None:
    panel = Panel.objects.create(name="trafo1")
    Trend.objects.create(panel=panel, timestamp=timezone.now(), voltage=1)
    address = f"/admin/meters/panel/{panel.pk}/change/"
    admin.post(address, FORM | {"location": "Hall 1"})
    assert not DirtyRange.objects.exists()
    admin.post(address, FORM | {"location": "Hall 1", "max_gap_s": "900"})
    assert DirtyRange.objects.filter(panel=panel).exists()


@pytest.mark.parametrize("name", ["a b", "", "é", "x" * 65, "a/b"])
def test_a_name_no_topic_could_carry_is_refused(admin: Client, name: str) -> None:
    answer = admin.post("/admin/meters/panel/add/", FORM | {"name": name})
    assert answer.status_code == 200
    assert not Panel.objects.exists()


def test_rejected_messages_can_be_read_searched_and_not_changed(admin: Client) -> None:
    message = RejectedMessage.objects.create(
        topic="panel/a/volt",
        payload="<script>alert(1)</script>",
        payload_bytes=25,
        reason="not a number",
        received_at=timezone.now(),
    )
    assert b"not a number" in admin.get("/admin/meters/rejectedmessage/?q=volt").content
    content = admin.get(f"/admin/meters/rejectedmessage/{message.pk}/change/").content.decode()
    assert "<script>alert(1)" not in content
    assert "&lt;script&gt;alert(1)" in content
    assert admin.get("/admin/meters/rejectedmessage/add/").status_code == 403


def test_ingest_workers_are_listed_with_whether_they_live(admin: Client) -> None:
    now = timezone.now()
    IngestWorker.objects.create(client_id="i", host="h", pid=1, started_at=now, heartbeat_at=now)
    content = admin.get("/admin/meters/ingestworker/").content.decode()
    assert "icon-yes" in content


def test_deleting_a_panel_takes_its_readings_with_it(admin: Client) -> None:
    panel = Panel.objects.create(name="a")
    Trend.objects.create(panel=panel, timestamp=timezone.now(), voltage=1)
    admin.post(f"/admin/meters/panel/{panel.pk}/delete/", {"post": "yes"})
    assert not Trend.objects.exists()


def test_what_goes_with_a_panel_is_counted_and_not_listed(admin: Client) -> None:
    panel = Panel.objects.create(name="trafo1")
    fill_and_roll(
        panel, [(at * 60_000_000, {"power": 1.0}) for at in range(29_000_000, 29_000_010)]
    )
    asked = admin.get(f"/admin/meters/panel/{panel.pk}/delete/").content.decode()
    assert "<li>Samples: 10</li>" in asked
    assert "<li>Trend minutes: 10</li>" in asked
    assert "Trend minute:" not in asked


def test_who_is_no_administrator_is_kept_out(client: Client, viewer: User) -> None:
    client.force_login(viewer)
    assert client.get("/admin/").status_code == 302
