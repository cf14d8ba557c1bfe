"""The database tests once more, on the database that production uses."""

import os
import subprocess
import sys

import pytest

from tests.services.installation import REPOSITORY
from tests.services.mariadb import MariaDB

FOLDERS = (
    "tests/ingest",
    "tests/models",
    "tests/api",
    "tests/recorded",
    "tests/test_admin_repair.py",
)
# Those with statements of their own; all of tests/energy would take three times as long.
ROLLUPS = [
    f"tests/energy/test_{name}.py"
    for name in (
        *("rolling", "rolling_with_register", "history", "compliance", "peaks"),
        *("pruning", "pruning_beside_ingest"),
    )
]


def run_tests(mariadb: MariaDB, name: str, *arguments: str) -> None:
    """Runs pytest on the database `test_NAME`; fails with what it printed."""
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=REPOSITORY,
        env=os.environ | {"PELBIOT_TEST_DATABASE_URL": mariadb.database_url(name)},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert outcome.returncode == 0, f"{outcome.stdout[-20_000:]}\n{outcome.stderr[-5_000:]}"


@pytest.mark.timeout(300)
def test_what_holds_on_sqlite_holds_on_mariadb(mariadb: MariaDB) -> None:
    run_tests(mariadb, "utf8", *FOLDERS, "--create-db")


@pytest.mark.timeout(300)
def test_rollups_and_pruning_hold_on_mariadb_too(mariadb: MariaDB) -> None:
    run_tests(mariadb, "rollups", *ROLLUPS, "--create-db")


@pytest.mark.timeout(300)
def test_readings_and_rejections_are_stored_in_a_database_of_any_character_set(
    mariadb: MariaDB,
) -> None:
    mariadb.execute("CREATE DATABASE test_latin CHARACTER SET latin1")
    run_tests(mariadb, "latin", "tests/ingest/test_store.py", "--reuse-db")
