from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from meters.models import IngestWorker


def ingest(age_s: float) -> None:
    now = timezone.now()
    moment = now - timedelta(seconds=age_s)
    IngestWorker.objects.create(client_id="i", host="h", pid=1, started_at=now, heartbeat_at=moment)


def test_the_process_answers_without_a_log_in_and_without_a_database(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db(transaction=True)
def test_it_is_ready_when_every_part_answers(client: Client) -> None:
    ingest(age_s=1)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "database": "ok",
        "ingest": "ok",
        "channel_layer": "ok",
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("age_s", [None, 60])
def test_it_is_not_ready_without_a_fresh_heartbeat(client: Client, age_s: float | None) -> None:
    if age_s is not None:
        ingest(age_s)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ingest"] == "failing"
    assert answer.json()["database"] == "ok"


@pytest.mark.django_db(transaction=True)
def test_a_channel_layer_that_is_away_is_told_without_its_address(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        async def group_send(self, group: str, message: Any) -> None:
            raise ConnectionError("redis://user:geheim@host is away")

    monkeypatch.setattr("pelbiot.health.get_channel_layer", Away)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["channel_layer"] == "failing"
    assert "geheim" not in answer.content.decode()
