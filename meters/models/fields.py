"""Column types that our tables share, and what is particular about writing to them."""

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class _FromTheWire(models.Field):  # type: ignore[type-arg]
    """Text that came over the wire: any character, told apart to the byte, whatever the database's
    own character set is. One that a column can't hold would be taken for an outage and retried for
    ever."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters


class WireNameField(_FromTheWire, models.CharField):  # type: ignore[type-arg]
    """A name. MySQL's usual collation takes `kwh`, `KWH` and `kwh ` for one, which would write one
    meter's readings into another's panel."""


class WireTextField(_FromTheWire, models.TextField):  # type: ignore[type-arg]
    """A payload."""


def upsert(
    rows: Sequence[models.Model],
    *,
    key: Sequence[str],
    update: Sequence[str],
    using: BaseDatabaseWrapper,
) -> None:
    """Insert `rows`, or set the columns `update` where a row with that `key` stands already.

    MySQL finds the row by any unique key and refuses to be told which; SQLite wants to be told.
    """
    if not rows:
        return
    target = list(key) if using.features.supports_update_conflicts_with_target else None
    type(rows[0])._default_manager.bulk_create(
        rows, update_conflicts=True, unique_fields=target, update_fields=list(update)
    )
