"""Payloads: bytes in, a number and perhaps a time out, or a reason why not.

A payload is a number as text, a JSON number or string, or a JSON object with `value` and an
optional `timestamp`. The grammar of a number is ours, because Python's is too generous:
`float()` takes `1_000`, Arabic-Indic digits and `nan`.
"""

import json
import re
from typing import Any, NamedTuple

from meters.metrics import Metric
from meters.mqtt.errors import BadMessageError, printable
from meters.mqtt.timestamps import parse_iso, parse_unix

MAX_PAYLOAD_BYTES = 4096
MAX_NESTING = 20
_PLAIN_LENGTH = 64
_WHITE_SPACE = " \t\r\n\v\f"
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_PLAIN_BYTES = re.compile(_NUMBER.pattern.encode())
_EXPECTED = (
    'a number such as 230.45, or {"value": 230.45, "timestamp": "2026-01-15T10:30:45+07:00"}'
)


class Payload(NamedTuple):
    """What a message says: `value` in the metric's unit; `measured_us` is the meter's own time in
    microseconds since 1970 (UTC), None where the meter sent none."""

    value: float
    measured_us: int | None


class _Literal(str):
    """A JSON number kept as it was written, so that it is judged by our grammar, not Python's."""


def parse_payload(payload: bytes, metric: Metric, *, now_us: int) -> Payload:
    """Read one message of `metric`. `now_us` is the moment of receipt (microseconds since 1970).

    Raises BadMessageError with a reason a person understands.
    """
    if len(payload) <= _PLAIN_LENGTH and _PLAIN_BYTES.fullmatch(payload):
        value = float(payload)  # the usual case, without a detour
        if metric.minimum <= value <= metric.maximum:
            return Payload(value, None)
    text = _decode(payload)
    if _NUMBER.fullmatch(text):
        return Payload(_number(text, metric), None)
    parsed = _parse_json(text)
    if isinstance(parsed, dict):
        if "value" not in parsed:
            raise BadMessageError(f"the JSON object has no 'value': expected {_EXPECTED}")
        return Payload(
            _json_number(parsed["value"], metric), _timestamp(parsed.get("timestamp"), now_us)
        )
    return Payload(_json_number(parsed, metric), None)


def _decode(payload: bytes) -> str:
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise BadMessageError(
            f"the message has {len(payload)} bytes: at most {MAX_PAYLOAD_BYTES} are accepted"
        )
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadMessageError(f"the message is not UTF-8 (byte {error.start})") from None
    if text.startswith("\ufeff"):
        raise BadMessageError("the message starts with a byte order mark: plain UTF-8 is accepted")
    text = text.strip(_WHITE_SPACE)
    if not text:
        raise BadMessageError(f"the message is empty: expected {_EXPECTED}")
    return text


def is_number(text: str) -> bool:
    """Whether the text is a number by our grammar: digits, one point, an exponent; nothing else."""
    return _NUMBER.fullmatch(text) is not None


def check_range(value: float, text: str, metric: Metric) -> float:
    """The value, if it is plausible for the metric; `text` is how it was written.

    Raises BadMessageError."""
    if not metric.minimum <= value <= metric.maximum:
        raise BadMessageError(
            f"{printable(text)} is outside the plausible range of {metric.name}: "
            f"{metric.minimum:g} to {metric.maximum:g} {metric.unit}"
        )
    return value


def _number(text: str, metric: Metric) -> float:
    return check_range(float(text), text, metric)


def _json_number(value: Any, metric: Metric) -> float:
    if not isinstance(value, str):
        kind = {bool: "true or false", type(None): "null", list: "a list", dict: "an object"}
        raise BadMessageError(f"the value is {kind[type(value)]}, not a number")
    text = value.strip(_WHITE_SPACE)
    if not _NUMBER.fullmatch(text):
        raise BadMessageError(_not_a_number(text))
    return _number(text, metric)


def _timestamp(value: Any, now_us: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, _Literal):
        return parse_unix(value, now_us=now_us)
    if isinstance(value, str):
        return parse_iso(value, now_us=now_us)
    raise BadMessageError("the timestamp is neither ISO 8601 text with an offset nor Unix time")


def _parse_json(text: str) -> Any:
    if text[0] not in '{["' and text not in ("true", "false", "null"):
        raise BadMessageError(_not_a_number(text))
    try:
        parsed = json.loads(
            text,
            parse_float=_Literal,
            parse_int=_Literal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise BadMessageError(_too_deep()) from None
    except ValueError as error:
        raise BadMessageError(f"{printable(text)} is not valid JSON: {error}") from None
    if _nesting(parsed) > MAX_NESTING:
        raise BadMessageError(_too_deep())
    return parsed


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadMessageError(f"the key {printable(twice)} stands twice in the JSON object")
    return parsed


def _refuse_constant(name: str) -> Any:
    raise BadMessageError(f"{name} is not a finite number")


def _nesting(parsed: Any) -> int:
    """How deep lists and objects lie in each other, level by level: no recursion to exhaust."""
    depth, level = 0, [parsed]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [
            child for item in level for child in (item.values() if isinstance(item, dict) else item)
        ]
    return depth


def _too_deep() -> str:
    return f"the JSON is nested more than {MAX_NESTING} levels deep"


def _not_a_number(text: str) -> str:
    shown = printable(text)
    if text.strip("+-").lower() in ("nan", "inf", "infinity"):
        return f"{shown} is not a finite number"
    if _NUMBER.fullmatch(text.replace(",", ".", 1)):
        return f"{shown} has a decimal comma: use a decimal point"
    return f"{shown} is not a number: expected {_EXPECTED}"
