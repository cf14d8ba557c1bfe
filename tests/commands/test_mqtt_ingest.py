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


@pytest.mark.parametrize(("client_id", "warns"), [("", True), (" ", True), ("hall-1", False)])
def test_it_warns_of_a_member_of_a_share_group_without_a_client_id(
    client_id: str, warns: bool
) -> None:
    with running(
        NOBODY, "mqtt_ingest", MQTT_SHARE_GROUP="plant", MQTT_CLIENT_ID=client_id
    ) as process:
        lines = read_until(process, "the broker keeps the readings: no such table")
    assert ("MQTT_SHARE_GROUP is set and MQTT_CLIENT_ID is not" in lines) is warns
