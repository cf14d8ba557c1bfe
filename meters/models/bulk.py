"""Many rows in one statement, for the tables that carry the load.

The ORM's `bulk_create` costs fifteen times as much a row, most of it in making model instances.
The values are parameters; names of tables and columns come from the models.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from meters.mqtt.timestamps import to_datetime

_PARAMETERS = 30_000  # SQLite takes 32,766 in a statement
_ROWS_AT_ONCE = 1000


def written_time(moment_us: int) -> str:
    """A moment (microseconds since 1970) as Django writes it into a column."""
    seconds, fraction = divmod(moment_us, 1_000_000)
    return f"{_second(seconds)}.{fraction:06}" if fraction else _second(seconds)


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return str(to_datetime(seconds * 1_000_000).replace(tzinfo=None))


def insert(
    cursor: CursorWrapper,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    conflict: str,
) -> None:
    """Insert `rows`; `conflict` says what becomes of those that stand already (`on_conflict`)."""
    one_row = f"({', '.join(['%s'] * len(columns))})"
    at_once = min(_ROWS_AT_ONCE, _PARAMETERS // len(columns))
    for start in range(0, len(rows), at_once):
        chunk = rows[start : start + at_once]
        places = ", ".join([one_row] * len(chunk))
        cursor.execute(
            f"{_insert_into(connection.vendor, table, columns)} {places} {conflict}",
            [value for row in chunk for value in row],
        )


@lru_cache
def _insert_into(vendor: str, table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {quoted(table)} ({', '.join(map(quoted, columns))}) VALUES"


def on_conflict(key: Sequence[str], changes: Sequence[str]) -> str:
    if connection.vendor == "mysql":
        return f"ON DUPLICATE KEY UPDATE {', '.join(changes)}"
    return f"ON CONFLICT ({', '.join(map(quoted, key))}) DO UPDATE SET {', '.join(changes)}"


def incoming(name: str) -> str:
    """The value that was to be inserted; the bare name of a column is the value that stands."""
    return f"VALUES({quoted(name)})" if connection.vendor == "mysql" else f"excluded.{quoted(name)}"


def quoted(name: str) -> str:
    return connection.ops.quote_name(name)
