from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from meters.mqtt.broker import Broker
from tests.services.clients import MqttClient
from tests.services.mosquitto import Mosquitto

READING = {"topic": "panel/trafo1/volt", "message": 230.5}


def post(user: User | None, content: Any, *, csrf: bool = False) -> Any:
    client = Client(enforce_csrf_checks=csrf)
    if user:
        client.force_login(user)
    return client.post("/api/mqtt/publish", content, content_type="application/json")


@pytest.mark.parametrize(
    ("message", "payload"),
    [
        (230.5, b"230.5"),
        ("230.50", b"230.50"),
        ({"value": 1, "timestamp": None}, b'{"value": 1, "timestamp": null}'),
    ],
)
def test_it_answers_202_once_the_broker_has_the_message(
    operator: User, mosquitto: Mosquitto, settings: Any, message: Any, payload: bytes
) -> None:
    settings.MQTT_BROKER = Broker.from_url(mosquitto.url)
    with MqttClient(mosquitto.url) as listener:
        listener.subscribe("panel/#")
        answer = post(operator, {"topic": "panel/trafo1/volt", "message": message})
        assert answer.status_code == 202
        assert answer.json() == {"topic": "panel/trafo1/volt", "message": message}
        assert listener.next_message() == ("panel/trafo1/volt", payload)


def test_it_answers_503_with_a_sentence_when_the_broker_is_away(
    operator: User, settings: Any
) -> None:
    settings.MQTT_BROKER = Broker.from_url("mqtt://127.0.0.1:9")
    answer = post(operator, READING)
    assert answer.status_code == 503
    assert "127.0.0.1:9" in answer.json()["detail"]


def test_who_may_only_look_may_not_publish(viewer: User) -> None:
    answer = post(viewer, READING)
    assert answer.status_code == 403
    assert "permission" in answer.json()["detail"]


def test_a_stranger_may_not_publish(db: None) -> None:
    assert post(None, READING).status_code == 403


def test_a_foreign_page_cannot_publish_in_an_operators_name(operator: User) -> None:
    answer = post(operator, READING, csrf=True)
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]


@pytest.mark.parametrize(
    "topic",
    ["panel/+/volt", "panel/#", "$SYS/broker", "other/trafo1/volt", "panel/a b/volt", "", 5, None],
)
def test_topics_it_may_not_publish_to_are_refused_by_name(operator: User, topic: Any) -> None:
    answer = post(operator, {"topic": topic, "message": 1})
    assert answer.status_code == 400
    assert set(answer.json()) == {"topic"}


@pytest.mark.parametrize(
    "content", [{"topic": "panel/a/volt"}, {"topic": "panel/a/volt", "message": "x" * 5000}]
)
def test_a_missing_or_huge_message_is_refused_by_name(operator: User, content: Any) -> None:
    answer = post(operator, content)
    assert answer.status_code == 400
    assert set(answer.json()) == {"message"}
