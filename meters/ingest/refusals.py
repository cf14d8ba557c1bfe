"""What a database error means for the ingest: bad data, a moment's contention, or an outage."""

import random
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import TypeVar

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError

_BUSY_TRIES = 6
T = TypeVar("T")


class Trouble(Enum):
    """DATA: the database refuses this row and would for ever. BUSY: another transaction was in the
    way. AWAY: the connection or the server; also whatever we don't know."""

    DATA = auto()
    BUSY = auto()
    AWAY = auto()


# MySQL's and MariaDB's numbers, where the kind of exception doesn't tell.
_DATA = {
    1264,  # out of range
    1265,  # data truncated
    1292,  # incorrect value
    1366,  # incorrect value for the column, also a character it can't hold
    1406,  # too long
    1526,  # no partition for the value
    1644,  # a trigger's SIGNAL
    1690,  # out of range in an expression
    3819,  # a check constraint (MySQL)
    4025,  # a check constraint (MariaDB)
}
_BUSY = {
    1020,  # record has changed since last read (MariaDB)
    1205,  # lock wait time-out
    1213,  # deadlock
}
# A column that must be filled, and that our statements don't know: the database is newer than we are.
_SCHEMA = {
    1048,  # the column can't be null
    1364,  # the column has no default value
}
_SQLITE_SCHEMA = "NOT NULL constraint failed"
_SQLITE_BUSY = "database is locked", "database table is locked"


def trouble(error: DatabaseError | InterfaceError) -> Trouble:
    code = error.args[0] if error.args else None
    if code in _SCHEMA or _SQLITE_SCHEMA in str(code):
        return Trouble.AWAY
    if isinstance(error, DataError | IntegrityError) or code in _DATA:
        return Trouble.DATA
    if code in _BUSY or code in _SQLITE_BUSY:
        return Trouble.BUSY
    return Trouble.AWAY


def while_busy(work: Callable[[], T]) -> T:
    """The work of a transaction, which is tried again where another one was in the way."""
    for attempt in range(1, _BUSY_TRIES):
        try:
            return work()
        except (DatabaseError, InterfaceError) as error:
            if trouble(error) is not Trouble.BUSY:
                raise
        time.sleep(random.uniform(0, 0.01) * 2**attempt)  # noqa: S311 (no secret)
    return work()
