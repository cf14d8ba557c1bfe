"""An installation of the first version brought up to date, on MariaDB: nothing is lost."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.installation import Installation
from tests.services.mariadb import MariaDB

SAMPLES = 20_000
PANELS = 3


@pytest.fixture
def database() -> str:
    return f"migrating_{secrets.token_hex(4)}"


@pytest.fixture
def before(tmp_path: Path, mariadb: MariaDB, database: str) -> Iterator[Installation]:
    """At the migration of version 0.1, with panels and samples."""
    url = mariadb.create_database(database)
    made = Installation(tmp_path / "pelbiot", {"DATABASE_URL": url})
    made.manage("migrate", "--noinput", "meters", "0002")
    for number in range(1, PANELS + 1):
        mariadb.execute(
            "INSERT INTO meters_panel (name, display_name, location, nominal_voltage_v, active,"
            f" created_at) VALUES ('trafo{number}', '', '', 230, 1, '2026-01-01')",
            database,
        )
    mariadb.execute(
        "INSERT INTO meters_trend (panel_id, timestamp, power)"
        " SELECT p.id, '2026-01-15' + INTERVAL s.seq SECOND + INTERVAL p.id MICROSECOND, s.seq"
        f" FROM meters_panel p JOIN seq_1_to_{SAMPLES} s",
        database,
    )
    yield made
    made.stop_all()


def types(mariadb: MariaDB, database: str) -> dict[tuple[str, str], str]:
    """The types of the columns that hold a panel's key."""
    rows = mariadb.execute(
        "SELECT table_name, column_name, column_type FROM information_schema.columns"
        f" WHERE table_schema = '{database}' AND table_name LIKE 'meters\\_%'"
        " AND (column_name = 'panel_id' OR (table_name = 'meters_panel' AND column_name = 'id'))"
    )
    return {(str(table), str(column)): str(kind).split("(")[0] for table, column, kind in rows}


def samples(mariadb: MariaDB, database: str) -> list[tuple[object, ...]]:
    return mariadb.execute(
        "SELECT p.name, COUNT(*), SUM(t.power), MIN(t.timestamp), MAX(t.timestamp),"
        " BIT_XOR(CRC32(CONCAT(t.timestamp, t.power))) FROM meters_trend t"
        " JOIN meters_panel p ON p.id = t.panel_id GROUP BY p.name ORDER BY p.name",
        database,
    )


@pytest.mark.timeout(200)
def test_panels_and_samples_stay_and_their_keys_become_four_bytes(
    before: Installation, mariadb: MariaDB, database: str
) -> None:
    old = types(mariadb, database)
    assert old == {("meters_panel", "id"): "bigint", ("meters_trend", "panel_id"): "bigint"}
    standing = samples(mariadb, database)
    assert [row[:3] for row in standing] == [
        (f"trafo{number}", SAMPLES, SAMPLES * (SAMPLES + 1) / 2) for number in range(1, PANELS + 1)
    ]

    before.manage("migrate", "--noinput")

    assert samples(mariadb, database) == standing
    now = types(mariadb, database)
    assert {("meters_panel", "id"), ("meters_trend", "panel_id")} < now.keys()
    assert {("meters_trendday", "panel_id"), ("meters_dirtyrange", "panel_id")} < now.keys()
    assert set(now.values()) == {"int"}, now
    extra = mariadb.execute(
        "SELECT extra FROM information_schema.columns WHERE column_name = 'id'"
        f" AND table_schema = '{database}' AND table_name = 'meters_panel'"
    )
    assert extra == [("auto_increment",)]
    key = mariadb.execute(
        "SELECT column_name FROM information_schema.statistics WHERE index_name = 'PRIMARY'"
        f" AND table_schema = '{database}' AND table_name = 'meters_trend' ORDER BY seq_in_index"
    )
    assert key == [("panel_id",), ("timestamp",)]

    before.manage("rollup", "--all")
    days = mariadb.execute(
        "SELECT p.name, SUM(d.power_count) FROM meters_trendday d"
        " JOIN meters_panel p ON p.id = d.panel_id GROUP BY p.name ORDER BY p.name",
        database,
    )
    assert days == [(f"trafo{number}", SAMPLES) for number in range(1, PANELS + 1)]
