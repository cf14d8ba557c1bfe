"""The payload rules of docs/delivery.md, line by line."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters.metrics import METRICS, Metric
from meters.mqtt.errors import BadMessageError
from meters.mqtt.payloads import MAX_PAYLOAD_BYTES, Payload, parse_payload

NOW_US = 1_768_449_600_000_000  # 2026-01-15T04:00:00Z
VOLTAGE, AMPERE, COST = METRICS["voltage"], METRICS["ampere"], METRICS["energy_cost"]


def parse(payload: str | bytes, metric: Metric = VOLTAGE) -> Payload:
    raw = payload if isinstance(payload, bytes) else payload.encode()
    return parse_payload(raw, metric, now_us=NOW_US)


def reason(payload: str | bytes, metric: Metric = VOLTAGE) -> str:
    with pytest.raises(BadMessageError) as caught:
        parse(payload, metric)
    return caught.value.reason


@pytest.mark.parametrize(
    ("payload", "value"),
    [
        ("230.45", 230.45),
        ("230", 230.0),
        ("230.", 230.0),
        (".5", 0.5),
        ("+230.45", 230.45),
        ("2.3045e2", 230.45),
        ("23045E-2", 230.45),
        ("0", 0.0),
        ("007", 7.0),
        (" \t230.45\r\n", 230.45),
        ('"230.45"', 230.45),
        ('{"value": 230.45}', 230.45),
        ('{"value": "230.45"}', 230.45),
        ('{"value": 230, "unit": "V", "nested": {"a": [1]}}', 230.0),
        ('{"value": 230, "timestamp": null}', 230.0),
        ("0." + "0" * 4000 + "1", 0.0),
    ],
)
def test_it_takes_a_number_as_text_as_json_or_in_an_object(payload: str, value: float) -> None:
    assert parse(payload) == Payload(value, None)


def test_current_and_power_may_be_negative_because_a_feeder_can_export() -> None:
    assert parse("-12.5", AMPERE).value == -12.5


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("230,45", "decimal comma"),
        ("NaN", "not a finite number"),
        ("-Infinity", "not a finite number"),
        ("inf", "not a finite number"),
        ("1_000", "not a number"),
        ("١٢٣", "not a number"),
        ("２３０", "not a number"),
        ("0x1F", "not a number"),
        ("230 V", "not a number"),
        ("230.45 231.2", "not a number"),
        ("1.2.3", "not a number"),
        ("1e", "not a number"),
        ("-", "not a number"),
        (".", "not a number"),
        ("\u00a0230", "not a number"),
        ("230\x00", "not a number"),
        ("true", "true or false"),
        ("null", "null"),
        ("[230]", "a list"),
        ('""', "not a number"),
        ('"230 V"', "not a number"),
        ('{"value": true}', "true or false"),
        ('{"value": null}', "null"),
        ('{"value": [1]}', "a list"),
        ('{"value": {"value": 1}}', "an object"),
        ('{"value": "230,5"}', "decimal comma"),
        ('{"value": NaN}', "not a finite number"),
        ('{"value": -Infinity}', "not a finite number"),
        ('{"value": 0x10}', "not valid JSON"),
        ('{"value": 1', "not valid JSON"),
        ('{"value": "\\ud800"}', "not a number"),
        ("{}", "no 'value'"),
        ('{"Value": 1}', "no 'value'"),
        ('{"value": 1, "value": 2}', "stands twice"),
        ('{"value": 1, "nested": {"a": 1, "a": 2}}', "stands twice"),
        ('{"value": 1, "x": ' + "[" * 21 + "]" * 21 + "}", "nested"),
        ("[" * 2048 + "]" * 2048, "nested"),
        ('{"a":' * 600 + "1" + "}" * 600, "nested"),
        ("1" * 4097, "4097 bytes"),
        ("1" * 4096, "range"),
        ('{"value": ' + "9" * 4050 + "}", "range"),
        ("1e999", "range"),
        ('{"value": 1e999}', "range"),
        ("-1", "range"),
        ("1000000.1", "range"),
        ("\ufeff230", "byte order mark"),
        (b"\xff\xfe2\x003\x000\x00", "not UTF-8"),
        (b"230\x80", "not UTF-8"),
        (b"\xed\xa0\x80", "not UTF-8"),
        ('{"value": 1, "timestamp": true}', "timestamp"),
        ('{"value": 1, "timestamp": {}}', "timestamp"),
        ('{"value": 1, "timestamp": "yesterday"}', "timestamp"),
        ('{"value": 1, "timestamp": 1e999999999}', "timestamp"),
        ('{"value": 1, "timestamp": ' + "1" * 4000 + "}", "timestamp"),
    ],
)
def test_it_rejects_anything_else_with_a_reason(payload: str | bytes, why: str) -> None:
    assert why in reason(payload)


def test_no_value_is_beyond_a_quadrillion() -> None:
    assert parse("1e15", COST).value == 1e15
    assert "range" in reason("1.0000000000000002e15", COST)


def test_exactly_4_kib_are_accepted() -> None:
    padded = '{"value": 230}'.ljust(MAX_PAYLOAD_BYTES)
    assert parse(padded).value == 230
    assert "4097 bytes" in reason(padded + " ")


def test_twenty_levels_are_accepted() -> None:
    assert parse('{"value": 1, "x": ' + "[" * 19 + "]" * 19 + "}").value == 1


def test_a_time_of_the_meter_is_read_with_its_offset() -> None:
    payload = parse('{"value": 231.2, "timestamp": "2026-01-15T10:30:45+07:00"}')
    assert payload == Payload(231.2, 1_768_447_845_000_000)


def test_a_time_as_a_number_is_unix_time() -> None:
    payload = parse('{"value": 231.2, "timestamp": 1768447845.25}')
    assert payload.measured_us == 1_768_447_845_250_000


def test_a_number_in_quotes_is_no_unix_time() -> None:
    assert "ISO 8601" in reason('{"value": 1, "timestamp": "1768447845"}')


def test_a_reason_never_carries_the_payload_raw_or_whole() -> None:
    text = reason('"\x1b[31m\x00\u202e<b>' + "é" * 1000 + '"')
    assert text.isprintable()
    assert len(text) < 700


@given(st.binary(max_size=5000))
def test_arbitrary_bytes_are_a_number_or_a_bad_message(payload: bytes) -> None:
    judge(payload)


JSON_TEXT = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(),
        st.just("2026-01-01T00:00Z"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["value", "timestamp", "x"]) | st.text(), inner, max_size=4
        ),
    ),
).map(json.dumps)


@given(JSON_TEXT)
def test_arbitrary_json_is_a_number_or_a_bad_message(text: str) -> None:
    judge(text.encode())


@given(st.text("0123456789+-.eE,_ ", max_size=40))
def test_number_like_text_is_a_number_or_a_bad_message(text: str) -> None:
    judge(text.encode())


def judge(payload: bytes) -> None:
    for metric in METRICS.values():
        try:
            accepted = parse(payload, metric)
        except BadMessageError as error:
            assert error.reason.isprintable()
        else:
            assert metric.minimum <= accepted.value <= metric.maximum
