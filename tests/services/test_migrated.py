"""The databases that most tests start from are the ones that `migrate` makes."""

from pathlib import Path

from tests.services.installation import Installation
from tests.services.mariadb import MariaDB
from tests.services.migrated import Table, migrate, tables

NEVER_THE_SAME = "django_migrations"  # has the moments


def contents(server: MariaDB, database: str) -> list[Table]:
    return [table for table in tables(server, database) if table.name != NEVER_THE_SAME]


def test_a_copied_database_is_the_one_that_migrate_makes(
    installation: Installation, mariadb: MariaDB, tmp_path: Path
) -> None:
    """`installation` is there for the first migration of this process, which is the real one."""
    databases = {
        name: Installation(tmp_path / name, {"DATABASE_URL": mariadb.create_database(name)})
        for name in ("migrated", "copied")
    }
    databases["migrated"].manage("migrate", "--noinput")
    migrate(databases["copied"], mariadb, "copied")
    databases["copied"].manage("migrate", "--check")
    assert contents(mariadb, "copied") == contents(mariadb, "migrated")
    assert len(contents(mariadb, "copied")) > 15
