"""Times on the wire: ISO 8601 with an offset, or Unix time told by its magnitude.

All results are whole microseconds since 1970-01-01 UTC, the resolution of the database.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from meters.mqtt.errors import BadMessageError, printable

MAX_AHEAD_S = 300
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
OLDEST_US = (datetime(2005, 1, 1, tzinfo=UTC) - EPOCH) // _MICROSECOND
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
# (below this magnitude, microseconds in one unit): seconds until the year 5138, then ms, us, ns.
_UNITS = ((10**11, Decimal(1_000_000)), (10**14, Decimal(1_000)), (10**17, Decimal(1)))
_NANOSECOND = Decimal("0.001")


def to_datetime(moment_us: int) -> datetime:
    """An aware UTC datetime of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=moment_us)


def to_microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - EPOCH) // _MICROSECOND


def parse_iso(text: str, *, now_us: int) -> int:
    """Read `2026-01-15T10:30:45+07:00`. Raises BadMessageError, also where the offset is missing."""
    match = _ISO.fullmatch(text.strip())
    if not match:
        raise BadMessageError(
            f"timestamp {printable(text)} is not ISO 8601 like 2026-01-15T10:30:45+07:00"
        )
    if not match[1]:
        raise BadMessageError(
            f"timestamp {printable(text)} has no offset: add Z or one like +07:00"
        )
    try:
        moment_us = to_microseconds(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError):
        raise BadMessageError(f"timestamp {printable(text)} is no date that exists") from None
    return check_plausible(moment_us, text, now_us)


def parse_unix(text: str, *, now_us: int) -> int:
    """Read Unix time in s, ms, us or ns, as its magnitude tells. Raises BadMessageError."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise BadMessageError(f"timestamp {printable(text)} is not Unix time") from None
    # Judged before it is scaled: 1e999999 must not become an integer of a million digits.
    if number.adjusted() > 20:
        raise BadMessageError(f"timestamp {printable(text)} is no time this century")
    scale = next((unit for below, unit in _UNITS if abs(number) < below), _NANOSECOND)
    return check_plausible(int((number * scale).to_integral_value()), text, now_us)


def check_plausible(moment_us: int, text: str, now_us: int) -> int:
    """The moment, if a meter can have meant it; `text` is how it was written.

    Raises BadMessageError."""
    if moment_us > now_us + MAX_AHEAD_S * 1_000_000:
        raise BadMessageError(
            f"timestamp {printable(text)} is more than {MAX_AHEAD_S} s in the future: "
            "check the meter's clock and its time zone"
        )
    if moment_us < OLDEST_US:
        raise BadMessageError(
            f"timestamp {printable(text)} is before 2005: check the meter's clock"
        )
    return moment_us
