"""What the statements over history share: stretches of several panels, moments as whole numbers."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection

from meters.models.bulk import quoted, written_time
from meters.mqtt.timestamps import to_microseconds


class Span(NamedTuple):
    """[start, end) of a panel's history; microseconds since 1970."""

    panel: int
    start: int
    end: int


def within(spans: Sequence[Span], column: str) -> tuple[str, list[Any]]:
    """(condition, its parameters): the column's moment lies in one of the spans."""
    name = quoted(column)
    one = f"(panel_id = %s AND {name} >= %s AND {name} < %s)"
    parameters = [
        value
        for span in spans
        for value in (span.panel, written_time(span.start), written_time(span.end))
    ]
    return " OR ".join([one] * len(spans)) or "1 = 0", parameters


def micros(column: str) -> str:
    """The expression that selects a moment for `read_micros`. MySQL's driver takes ten times as
    long to make a datetime as to read a number."""
    if connection.vendor == "mysql":
        return f"TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {quoted(column)})"
    return quoted(column)


def seconds(column: str) -> str:
    """The expression for a moment of full seconds as whole seconds since 1970, to reckon with."""
    if connection.vendor == "mysql":
        return f"TIMESTAMPDIFF(SECOND, '1970-01-01', {quoted(column)})"
    return f"CAST(STRFTIME('%%s', {quoted(column)}) AS INTEGER)"


def read_micros(rows: Iterable[Sequence[Any]], places: Sequence[int]) -> Iterator[Sequence[Any]]:
    """The rows with the moments at these places as microseconds since 1970."""
    if connection.vendor == "mysql":
        yield from rows
        return
    for row in rows:
        changed = list(row)
        for place in places:
            if changed[place] is not None:
                changed[place] = _micros_of(changed[place])
        yield changed


def _micros_of(moment: datetime | str) -> int:
    if isinstance(moment, str):  # of an expression; a column's type is known
        moment = datetime.fromisoformat(moment)
    return to_microseconds(moment.replace(tzinfo=UTC))
