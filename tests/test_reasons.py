"""Reasons are stored in English and read in the reader's language."""

import re
import socket
from collections.abc import Iterator

import pytest
from django.utils import translation
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from meters.metrics import METRICS
from meters.mqtt import failures
from meters.mqtt.broker import Broker
from meters.mqtt.errors import BadMessageError
from meters.mqtt.payloads import parse_payload
from meters.mqtt.topics import TopicSpace
from meters.reasons import SHAPES, in_words
from tests.mqtt.test_failures import certificate_error

NOW_US = 1_768_449_600_000_000
TIMESTAMPS = (
    '"yesterday"',
    '"2026-01-15T10:30:45"',
    '"2026-02-30T10:30:45Z"',
    '"2030-01-15T10:30:45Z"',
    "1",
    "1e999999",
    "true",
)
PAYLOADS = (
    *(b"", b"230,5", b"NaN", b"230 V", b"null", b"[1]", b'{"value": {}}', b'{"value": true}'),
    *(b"{}", b'{"value": 1', b'{"a": 1, "a": 2}', b"[" * 99 + b"]" * 99, b"1" * 5000, b"\xff"),
    *("\ufeff230".encode(), b"1e9"),
    *(f'{{"value": 1, "timestamp": {written}}}'.encode() for written in TIMESTAMPS),
)
# As meters/ingest/panels.py says it.
PANEL = "trafo9"
UNKNOWN = (
    " and MQTT_AUTO_REGISTER is off: add it in the admin",
    ", and 100 panels are registered already (MQTT_MAX_PANELS): raise the limit or delete panels nobody needs",
)
TLS, PLAIN = Broker.from_url("mqtts://h"), Broker.from_url("mqtt://h")


def reasons() -> Iterator[str]:
    """What the product says, from where it says it."""
    for payload in PAYLOADS:
        with pytest.raises(BadMessageError) as caught:
            parse_payload(payload, METRICS["voltage"], now_us=NOW_US)
        yield caught.value.reason
    for topic in ("elsewhere", "panel/a b/volt"):
        with pytest.raises(BadMessageError) as caught:
            TopicSpace({"voltage": "panel/+/volt"}).locate(topic)
        yield caught.value.reason
    yield from (f"panel {PANEL} is unknown{why}" for why in UNKNOWN)
    for name in ("Bad user name or password", "Not authorized", "Client identifier not valid"):
        yield failures.refusal(ReasonCode(PacketTypes.CONNACK, name))
    for name in ("Unsupported protocol version", "Server busy"):
        yield failures.refusal(ReasonCode(PacketTypes.CONNACK, name))
    for name in ("Session taken over", "Keep alive timeout"):
        yield failures.disconnection(TLS, ReasonCode(PacketTypes.DISCONNECT, name))
    yield from (failures.hung_up(broker) for broker in (TLS, PLAIN))
    for error in (
        *(socket.gaierror(-2, "x"), ConnectionRefusedError(), TimeoutError(), OSError("x"), None),
        *(certificate_error(19, "self-signed"), certificate_error(62, "mismatch")),
    ):
        yield failures.connect_failure(TLS, error)


@pytest.mark.parametrize("reason", list(reasons()))
def test_each_reason_has_its_words_in_indonesian(reason: str) -> None:
    with translation.override("en"):
        assert in_words(reason) == reason, "nothing gets lost on the way"
    with translation.override("id"):
        shown = in_words(reason)
    assert shown != reason
    for named in re.findall(r"\B'[^']*'\B|MQTT_\w+|\d{3,}", reason):
        assert named in shown


def test_no_shape_hides_behind_another() -> None:
    for shape in SHAPES:
        written = re.sub(r"\{\w+\}", "7", shape)
        with translation.override("id"):
            expected = translation.gettext(shape)
            assert in_words(written) == re.sub(r"\{\w+\}", "7", expected), shape


def test_an_unknown_reason_stays_as_it_is() -> None:
    with translation.override("id"):
        assert in_words("(1264, 'Out of range value')") == "(1264, 'Out of range value')"
        assert in_words("") == ""
