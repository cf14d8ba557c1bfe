"""The page before there is any panel: what to send, and what it has heard."""

import ast
import re
import shlex
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard.first_reading import python_lines
from meters.models import IngestWorker, Panel, RejectedMessage
from meters.mqtt.broker import Broker
from tests.services.clients import MqttClient
from tests.services.mosquitto import Mosquitto


@pytest.fixture
def page(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def text(client: Client, path: str = "/first-reading") -> str:
    content = client.get(path).content.decode()
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", content))).replace("\xa0", " ")


def ingest(connected: bool) -> None:
    now = timezone.now()
    IngestWorker.objects.create(
        client_id="i", host="h", pid=1, connected=connected, started_at=now, heartbeat_at=now
    )


def panel(name: str = "trafo1", active: bool = True, **values: float) -> Panel:
    made = Panel(name=name, active=active)
    for metric, value in values.items():
        made.advance(metric, value, timezone.now())
    made.save()
    return made


def reject() -> RejectedMessage:
    return RejectedMessage.objects.create(
        topic="panel/trafo1/volt",
        payload="230,5",
        payload_bytes=5,
        reason="'230,5' has a decimal comma: use a decimal point",
        received_at=timezone.now(),
    )


def test_the_lines_of_python_send_a_reading_to_the_broker(mosquitto: Mosquitto) -> None:
    broker = Broker.from_url(mosquitto.url)
    lines = python_lines(broker)
    assert lines
    assert broker.password not in lines
    lines = lines.replace("USER", broker.username).replace("PASSWORD", broker.password)
    with MqttClient(mosquitto.url) as listener:
        listener.subscribe("panel/#")
        exec(lines, {})
        assert listener.next_message() == ("panel/trafo1/volt", b"230.45")


@pytest.mark.parametrize(
    "url",
    [
        "mqtt://broker.plant.example",
        "mqtts://meter:very-secret@broker.plant.example",
        "wss://broker.plant.example/mqtt",
    ],
)
def test_the_commands_are_for_the_broker_that_is_configured(
    page: Client, settings: Any, url: str
) -> None:
    settings.MQTT_BROKER = broker = Broker.from_url(url)
    lines = python_lines(broker)
    assert lines
    call = ast.parse(lines).body[-1].value  # type: ignore[attr-defined]
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    assert given["hostname"] == "'broker.plant.example'"
    assert int(given["port"]) == broker.port
    assert ("tls" in given) == broker.tls
    assert ("auth" in given) == bool(broker.username)
    assert ("transport" in given) == broker.websocket
    content = page.get("/").content.decode()
    assert "very-secret" not in content
    assert "broker.plant.example" in content


def test_the_command_to_copy_is_one_that_a_shell_reads(page: Client, settings: Any) -> None:
    settings.MQTT_BROKER = Broker.from_url("mqtts://h", username="u", ca_file="/etc/my ca.crt")
    content = page.get("/").content.decode()
    found = re.search(r'id="publish-command">(.*?)</code>', content)
    assert found
    words = shlex.split(unescape(re.sub(r"<[^>]+>", "", found[1])))
    assert words[0] == "mosquitto_pub"
    assert words[words.index("--cafile") + 1] == "/etc/my ca.crt"


def test_topics_units_and_both_forms_of_a_payload_are_told(page: Client) -> None:
    shown = text(page, "/")
    for told in ("panel/trafo1/ampere", "Voltage, V", "230.45", '"timestamp"', "QoS 1"):
        assert told in shown


@pytest.mark.parametrize(
    ("connected", "sentence"),
    [
        (None, "No ingest is running, so no reading can arrive."),
        (False, "The ingest has no connection to the broker"),
        (True, "Connected to the broker. Waiting for the first reading"),
    ],
)
def test_it_says_why_no_reading_can_arrive(
    page: Client, connected: bool | None, sentence: str
) -> None:
    if connected is not None:
        ingest(connected)
    assert sentence in text(page)
    assert ('href="/system"' in page.get("/first-reading").content.decode()) == (not connected)


def test_a_message_that_was_rejected_is_shown_with_what_is_accepted(page: Client) -> None:
    message = reject()
    shown = text(page)
    assert "230,5" in shown
    assert "has a decimal comma" in shown
    assert "A number with a decimal point and without a unit" in shown
    assert f"/system/rejected/{message.pk}" in page.get("/first-reading").content.decode()


def test_who_may_not_see_rejected_messages_is_told_only_that_there_was_one(viewer: User) -> None:
    client = Client()
    client.force_login(viewer)
    reject()
    shown = text(client)
    assert "An operator can see why." in shown
    assert "230,5" not in shown
    assert 'href="/system"' not in client.get("/first-reading").content.decode()


def test_the_first_reading_is_told_with_its_value(page: Client) -> None:
    panel(voltage=230.45)
    reject()
    assert "trafo1 sent its first reading: 230.45 V" in text(page)
    assert "rejected" not in text(page)
    panel("trafo2", power=1.0)
    assert "And 1 more panel has sent readings." in text(page)


def test_a_panel_of_which_only_a_register_is_known_has_arrived_too(page: Client) -> None:
    panel(energy_register=5.0)
    assert "trafo1 sent its first reading." in text(page)


def test_a_panel_without_a_reading_or_one_that_is_hidden_is_no_arrival(page: Client) -> None:
    panel("silent")
    panel("hidden", active=False, voltage=230.0)
    shown = text(page)
    assert "first reading:" not in shown
    assert "1 panel is registered and not shown" in shown


def test_a_stranger_is_sent_to_the_log_in(client: Client, db: None) -> None:
    assert client.get("/first-reading")["Location"] == "/login/?next=/first-reading"
