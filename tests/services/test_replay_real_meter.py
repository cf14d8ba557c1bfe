"""Two weeks of a real meter, from its file through broker, ingest and MariaDB."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from meters.energy.trapezoid import energy_wh
from meters.mqtt.timestamps import EPOCH
from tests.services.installation import REPOSITORY, Installation
from tests.services.mariadb import MariaDB
from tests.services.waiting import eventually

FILE = REPOSITORY / "tests" / "data" / "household_2007-02-01_14.csv"


@pytest.fixture
def running(installation: Installation) -> Iterator[Installation]:
    ingest = installation.start_ingest()
    # A broker keeps nothing for a session that it never saw: the first time, subscribe first.
    eventually(lambda: "connected to" in ingest.log_text(), 30, "connecting")
    yield installation
    installation.stop_all()


def energy_of_the_file_wh(path: Path) -> float:
    """Straight from the text: minutes of kW, no code of the product."""
    with path.open() as file:
        kilowatts = [float(row["active_power_kw"]) for row in csv.DictReader(file)]
    return sum(
        (one + next_one) / 2 * 1000 / 60
        for one, next_one in zip(kilowatts, kilowatts[1:], strict=False)
    )


def test_every_sample_and_the_energy_of_a_real_meter_arrive(
    running: Installation, mariadb: MariaDB
) -> None:
    database = running.env["DATABASE_URL"].rsplit("/", 1)[1]
    played = running.manage("mqtt_replay", str(FILE), "--panel", "house", limit_s=300)
    assert "20,160" in played.stdout
    assert "confirmed by the broker: 60,480" in played.stdout

    def stored() -> int:
        return int(
            mariadb.execute("SELECT SUM(stored) FROM meters_ingestworker", database)[0][0] or 0
        )

    eventually(lambda: stored() == 60_480, 60, "storing 60,480 readings")
    samples = mariadb.execute(
        "SELECT t.timestamp, t.power, t.voltage, t.ampere FROM meters_trend t JOIN meters_panel p"
        " ON p.id = t.panel_id WHERE p.name = 'house' ORDER BY t.timestamp",
        database,
    )
    assert len(samples) == 20_160
    assert all(None not in sample for sample in samples)
    assert mariadb.execute("SELECT COUNT(*) FROM meters_trend", database) == [(20_160,)]
    assert mariadb.execute("SELECT COUNT(*) FROM meters_rejectedmessage", database) == [(0,)]

    energy = energy_wh(
        (moment.replace(tzinfo=EPOCH.tzinfo), power) for moment, power, *_ in samples
    )
    assert energy.energy_wh == pytest.approx(energy_of_the_file_wh(FILE), rel=1e-4)
    assert energy.gaps == []
    # Midnight at the site (the file's first minute) is 17:00 UTC of the day before.
    assert str(samples[0][0]) == "2007-01-31 17:00:00"
