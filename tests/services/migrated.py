"""Databases as `migrate` leaves them: migrated once a process, written down and copied ever after.

`migrate` takes seconds, and most tests with an installation of their own don't ask about it; those
that do (test_migrating, test_migrated) run the real one.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.services.installation import Installation
from tests.services.mariadb import MariaDB


@dataclass
class Table:
    """One table: how it is made, and its rows."""

    name: str
    creation: str
    columns: list[str]
    rows: list[tuple[Any, ...]]


def tables(server: MariaDB, database: str) -> list[Table]:
    """All tables of a database."""
    with server.cursor(database) as cursor:
        ask = partial(_answer, cursor)
        names = [str(name) for (name,) in ask("SHOW TABLES")]
        return [
            Table(
                name,
                str(ask(f"SHOW CREATE TABLE `{name}`")[0][1]),
                rows=ask(f"SELECT * FROM `{name}`"),
                columns=[column[0] for column in cursor.description],
            )
            for name in names
        ]


def write(made: list[Table], server: MariaDB, database: str) -> None:
    """Make these tables in an empty database."""
    with server.cursor(database) as cursor:
        cursor.execute("SET foreign_key_checks = 0")  # in whatever order they come
        for table in made:
            cursor.execute(table.creation)
            columns = ", ".join(f"`{column}`" for column in table.columns)
            values = ", ".join(["%s"] * len(table.columns))
            statement = f"INSERT INTO `{table.name}` ({columns}) VALUES ({values})"
            cursor.executemany(statement, table.rows)


_migrated: list[Table] = []


def migrate(installation: Installation, server: MariaDB, database: str) -> None:
    """What `manage.py migrate` does to the installation's empty database."""
    if _migrated:
        write(_migrated, server, database)
    else:
        installation.manage("migrate", "--noinput")
        _migrated.extend(tables(server, database))


def _answer(cursor: Any, statement: str) -> list[tuple[Any, ...]]:
    cursor.execute(statement)
    return list(cursor.fetchall())
