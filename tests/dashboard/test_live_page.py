"""What every live page's header tells: that readings come in, how many, and when the last one did."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from dashboard.live_page import live_context
from meters.models import IngestWorker

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 26, 3, 30, 45, tzinfo=UTC)


def ingest(client_id: str, rate: float, last: datetime, age: timedelta = timedelta()) -> None:
    now = timezone.now()
    IngestWorker.objects.create(
        client_id=client_id,
        host="h",
        pid=1,
        connected=True,
        started_at=now,
        heartbeat_at=now - age,
        message_rate=rate,
        last_message={"topic": "t", "value": "1", "timestamp": last.isoformat()},
    )


def test_the_rates_of_all_living_workers_add_up_and_the_newest_message_counts() -> None:
    ingest("a", 1204.06, NOW)
    ingest("b", 3.0, NOW - timedelta(seconds=9))
    ingest("dead", 99.0, NOW + timedelta(hours=1), age=timedelta(minutes=1))
    traffic = live_context()["traffic"]
    assert traffic.rate == "1,207.1/s"
    assert traffic.last_iso == "2026-11-26T03:30:45+00:00"


@pytest.mark.parametrize(("language", "written"), [("en", "10:30:45"), ("id", "10.30.45")])
def test_the_last_update_stands_in_the_sites_time_as_its_language_writes_it(
    language: str, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest("a", 1.0, NOW)
    monkeypatch.setattr("dashboard.live_page.timezone.now", lambda: NOW + timedelta(seconds=2))
    monkeypatch.setattr("meters.models.ingest.timezone.now", lambda: NOW)
    with translation.override(language):
        context = live_context()
    assert context["traffic"].last == written
    assert context["zone_label"] == "WIB"


def test_without_an_ingest_there_is_no_update_to_tell() -> None:
    traffic = live_context()["traffic"]
    assert (traffic.rate, traffic.last, traffic.last_iso) == ("0.0/s", "–", "")
