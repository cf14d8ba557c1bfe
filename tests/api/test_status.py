from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from meters.models import IngestWorker

KEYS = {
    "connected",
    "clientId",
    "broker",
    "subscriptions",
    "messageCount",
    "messageRate",
    "bufferSize",
    "spoolSize",
    "errorCount",
    "connectedSince",
    "lastMessage",
    "workers",
}


def worker(client_id: str, age_s: float = 0, **values: Any) -> IngestWorker:
    now = timezone.now()
    defaults = {"host": "h", "pid": 1, "broker": "mqtt://b:1", "started_at": now}
    return IngestWorker.objects.create(
        client_id=client_id, heartbeat_at=now - timedelta(seconds=age_s), **defaults | values
    )


def test_it_has_exactly_the_agreed_keys_also_when_nothing_ever_ran(api: Client) -> None:
    answer = api.get("/api/mqtt/status").json()
    assert set(answer) == KEYS
    assert answer["connected"] is False
    assert answer["workers"] == []
    assert answer["subscriptions"] == [
        "panel/+/volt",
        "panel/+/ampere",
        "panel/+/power",
        "panel/+/energy_cost",
    ]


def test_it_sums_the_workers_that_live(api: Client) -> None:
    message = {"topic": "panel/a/volt", "value": "1", "timestamp": "2026-01-15T12:00:00Z"}
    worker("one", connected=True, connected_since=timezone.now(), received=10, message_rate=2)
    worker("two", connected=False, received=5, rejected=1, error_count=1, last_message=message)
    worker("dead", age_s=60, connected=True, received=100)
    answer = api.get("/api/mqtt/status").json()
    assert answer["connected"] is True
    assert answer["clientId"] == "one"
    assert (answer["messageCount"], answer["messageRate"], answer["errorCount"]) == (15, 2, 1)
    assert answer["lastMessage"] == message
    assert {each["clientId"]: each["alive"] for each in answer["workers"]} == {
        "one": True,
        "two": True,
        "dead": False,
    }


def test_a_worker_without_a_sign_of_life_is_not_connected(api: Client) -> None:
    worker("dead", age_s=60, connected=True, connected_since=timezone.now())
    answer = api.get("/api/mqtt/status").json()
    assert answer["connected"] is False
    assert answer["connectedSince"] is None


def test_the_broker_is_shown_without_credentials(api: Client, settings: Any) -> None:
    settings.MQTT_BROKER = type(settings.MQTT_BROKER).from_url("mqtt://user:geheim@broker:1883")
    content = api.get("/api/mqtt/status").content.decode()
    assert "geheim" not in content
    assert "mqtt://broker:1883" in content


def test_topics_are_the_subscribed_filters(api: Client) -> None:
    assert api.get("/api/mqtt/topics").json() == api.get("/api/mqtt/status").json()["subscriptions"]
