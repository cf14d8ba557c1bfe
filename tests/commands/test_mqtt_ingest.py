"""The command by itself; what it does with a real broker is in tests/services."""

import signal
from pathlib import Path

import pytest

from tests.commands.running import outcome, read_until, running

NOBODY = "mqtt://127.0.0.1:9"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_waits_for_an_absent_broker_and_still_ends_when_told(
    how: signal.Signals, tmp_path: Path
) -> None:
    code, migrated = outcome(NOBODY, "migrate", state_dir=tmp_path)
    assert code == 0, migrated
    with running(NOBODY, "mqtt_ingest", state_dir=tmp_path) as process:
        read_until(process, f"nothing listens at {NOBODY}")
        read_until(process, f"nothing listens at {NOBODY}")
        process.send_signal(how)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
    assert "Traceback" not in output


def test_it_warns_of_a_public_test_broker_where_everyone_reads_along() -> None:
    with running("mqtt://test.mosquitto.org", "mqtt_ingest") as process:
        read_until(process, "everyone can read along")


def test_it_says_that_the_tables_are_missing() -> None:
    with running(NOBODY, "mqtt_ingest") as process:
        read_until(process, "manage.py migrate")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_waits_for_the_database_and_still_ends_when_told(how: signal.Signals) -> None:
    with running(NOBODY, "mqtt_ingest") as process:
        read_until(process, "the broker keeps the readings: no such table")
        process.send_signal(how)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
    assert "Traceback" not in output
