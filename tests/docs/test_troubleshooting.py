"""A sentence that the program prints is found in docs/troubleshooting.md by searching for it."""

import re
import socket
import ssl

import pytest
from paho.mqtt.client import WebsocketConnectionError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from meters.metrics import METRICS
from meters.mqtt.broker import Broker
from meters.mqtt.errors import BadMessageError
from meters.mqtt.failures import connect_failure, disconnection, hung_up, refusal
from meters.mqtt.payloads import parse_payload
from meters.mqtt.topics import TopicSpace
from tests.services.installation import REPOSITORY

BROKER = Broker.from_url("mqtt://broker.example.com")
TOPICS = TopicSpace({"voltage": "panel/+/volt"})
NOW_US = 1_800_000_000_000_000


def page() -> str:
    return (REPOSITORY / "docs/troubleshooting.md").read_text()


def certificate_error(code: int, text: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, text)
    error.verify_code, error.verify_message = code, text
    return error


def shortened(sentence: str) -> str:
    """As the page writes it: `...` for the broker, other host names left out."""
    return re.sub(r"valid for '[^']*'", "valid for '…'", sentence.replace(str(BROKER), "…"))


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(),
        TimeoutError(),
        certificate_error(19, "self-signed certificate in certificate chain"),
        certificate_error(62, "Hostname mismatch, certificate is not valid for 'x'."),
    ],
    ids=repr,
)
def test_a_failed_connection_is_on_the_page(error: Exception) -> None:
    sentence = shortened(connect_failure(BROKER, error))
    assert sentence.removeprefix("the certificate of ").removeprefix("… ") in page()


def test_a_refused_log_in_is_on_the_page() -> None:
    for name in ("Not authorized", "Client identifier not valid"):
        assert refusal(ReasonCode(PacketTypes.CONNACK, name)) in page()


def test_the_other_ends_of_a_connection_are_on_the_page() -> None:
    assert connect_failure(BROKER, ConnectionRefusedError()).partition("mqtt:")[0] in page()
    taken = ReasonCode(PacketTypes.DISCONNECT, "Session taken over")
    assert disconnection(BROKER, taken).partition(" ")[2].partition(":")[0] in page()
    assert shortened(hung_up(BROKER)) in page()
    refused = connect_failure(Broker.from_url("ws://x"), WebsocketConnectionError())
    assert refused.partition(" ")[2] in page()


@pytest.mark.parametrize(
    "payload",
    [
        b"230,5",
        b"230 V",
        b"NaN",
        b"",
        b'{"voltage": 230}',
        b"true",
        b'{"value": 1, "value": 2}',
        b"[" * 21 + b"]" * 21,
        b"1" * 10240,
        b"\xff",
    ],
    ids=lambda payload: repr(payload[:20]),
)
def test_a_rejected_payload_is_on_the_page(payload: bytes) -> None:
    with pytest.raises(BadMessageError) as caught:
        parse_payload(payload, METRICS["voltage"], now_us=NOW_US)
    assert caught.value.reason.partition(": expected")[0] in page()


@pytest.mark.parametrize(
    "timestamp", ['"2026-01-15T10:30:45"', "1999", '"2036-01-15T10:30:45Z"', '"2026-02-30T10:30Z"']
)
def test_a_rejected_timestamp_is_on_the_page(timestamp: str) -> None:
    payload = f'{{"value": 1, "timestamp": {timestamp}}}'.encode()
    with pytest.raises(BadMessageError) as caught:
        parse_payload(payload, METRICS["voltage"], now_us=NOW_US)
    assert (
        re.sub(r"'.*?'", "…", caught.value.reason, count=1).removeprefix("timestamp … ") in page()
    )


@pytest.mark.parametrize("topic", ["panel/trafo 1/volt", "other/x"])
def test_a_rejected_topic_is_on_the_page(topic: str) -> None:
    with pytest.raises(BadMessageError) as caught:
        TOPICS.locate(topic)
    sentence = caught.value.reason.partition(": 1 to")[0].partition(" filters")[0]
    assert re.sub(r"topic '.*'", "topic …", sentence) in page()
