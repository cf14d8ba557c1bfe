import socket
import ssl

import pytest
from paho.mqtt.client import WebsocketConnectionError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from meters.mqtt.broker import Broker
from meters.mqtt.failures import (
    connect_failure,
    disconnection,
    hung_up,
    refusal,
    unsupported_version,
)

BROKER = Broker.from_url("mqtts://pelbiot:secret@broker.example.com")


def connack(name: str) -> ReasonCode:
    return ReasonCode(PacketTypes.CONNACK, name)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Bad user name or password", "MQTT_PASSWORD"),
        ("Not authorized", "MQTT_USERNAME"),
        ("Client identifier not valid", "MQTT_CLIENT_ID"),
        ("Server busy", "Server busy"),
    ],
)
def test_a_refusal_names_the_setting_to_look_at(name: str, says: str) -> None:
    assert says in refusal(connack(name))
    assert not unsupported_version(connack(name))


def test_only_the_refused_version_calls_for_another_one() -> None:
    assert unsupported_version(connack("Unsupported protocol version"))
    assert not unsupported_version(connack("Success"))


def test_a_session_taken_over_names_the_client_id() -> None:
    taken = ReasonCode(PacketTypes.DISCONNECT, "Session taken over")
    assert "MQTT_CLIENT_ID" in disconnection(BROKER, taken)


def test_a_lost_connection_names_the_broker_and_the_reason() -> None:
    lost = ReasonCode(PacketTypes.DISCONNECT, "Keep alive timeout")
    assert disconnection(BROKER, lost) == (
        "connection to mqtts://broker.example.com:8883 lost: Keep alive timeout"
    )


def certificate_error(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, message)
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (socket.gaierror(-2, "Name or service not known"), "can't be resolved"),
        (ConnectionRefusedError(111, "Connection refused"), "nothing listens"),
        (TimeoutError("timed out"), "doesn't answer"),
        (OSError(113, "No route to host"), "No route to host"),
        (WebsocketConnectionError("WebSocket handshake error"), "check the path"),
        (certificate_error(19, "self-signed certificate in chain"), "MQTT_TLS_CA_FILE"),
        (certificate_error(62, "Hostname mismatch"), "MQTT_BROKER_URL"),
        (certificate_error(64, "IP address mismatch"), "MQTT_BROKER_URL"),
        (None, "unknown reason"),
    ],
)
def test_an_exception_becomes_a_sentence_that_says_where_to_look(
    error: BaseException | None, says: str
) -> None:
    sentence = connect_failure(BROKER, error)
    assert says in sentence
    assert "mqtts://broker.example.com:8883" in sentence
    assert "secret" not in sentence


def test_a_broker_that_hangs_up_may_expect_tls_or_not() -> None:
    assert "or no TLS" in hung_up(BROKER)
    assert "or TLS" in hung_up(Broker.from_url("mqtt://broker.example.com"))
