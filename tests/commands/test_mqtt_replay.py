import json
import signal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.commands.running import outcome, read_until, running
from tests.services.clients import MqttClient
from tests.services.mosquitto import Mosquitto

ROWS = ["2026-01-15 10:00:00,0.5,230", "2026-01-15 10:01:00,NA,", "2026-01-15 10:02:00,1.5,231"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my meter.csv"
    path.write_text("\n".join(["timestamp,active_power_kw,voltage_v", *ROWS, ""]))
    return path


def replay(broker_url: str, *arguments: str) -> tuple[int, str]:
    return outcome(broker_url, "mqtt_replay", *arguments)


def test_it_plays_a_file_with_its_times_in_the_metrics_units(
    mosquitto: Mosquitto, file: Path
) -> None:
    with MqttClient(mosquitto.url) as listener:
        listener.subscribe("panel/my-meter/+")
        code, output = replay(mosquitto.url, str(file))
        messages = [listener.next_message() for _ in range(4)]
    assert code == 0, output
    assert ("panel/my-meter/power", {"value": 500.0, "timestamp": "2026-01-15T03:00:00+00:00"}) in [
        (topic, json.loads(payload)) for topic, payload in messages
    ]
    assert "power=active_power_kw*1000" in output
    assert (
        "Rows played: 3, skipped: 0. Readings published: 4, confirmed by the broker: 4." in output
    )
    assert "0.033 kWh over 0.03 h" in output


def test_a_part_of_the_file_can_be_played(mosquitto: Mosquitto, file: Path) -> None:
    code, output = replay(mosquitto.url, str(file), "--start-row", "2", "--rows", "1")
    assert code == 0, output
    assert "Rows played: 1, skipped: 0. Readings published: 0" in output


def test_interrupted_it_prints_the_command_that_plays_the_rest(
    mosquitto: Mosquitto, file: Path
) -> None:
    words = ["mqtt_replay", str(file), "--speed", "1", "--panel", "p1"]
    with running(mosquitto.url, *words) as process:
        read_until(process, "1 of 3 rows")  # the next row is a minute away
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "--start-row 2 --rows 2" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--column", "watts=active_power_kw"], "no metric 'watts'"),
        (["--column", "power=kw"], "no column 'kw'"),
        (["--time-column", "time"], "no time column"),
        (["--timezone", "Mars/Olympus"], "no time zone"),
        (["--panel", "a b"], "accepted"),
        (["--speed", "-1"], "accepted"),
        (["--rows", "0"], "accepted"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_accepted(
    file: Path, arguments: list[str], reason: str
) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("mqtt_replay", str(file), *arguments)


def test_a_register_without_a_topic_is_left_out_unless_it_is_asked_for(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    path = tmp_path / "meter.csv"
    path.write_text("timestamp,voltage_v,energy_kwh\n2026-01-15 10:00:00,230,17.5\n")
    code, output = replay(mosquitto.url, str(path))
    assert code == 0, output
    assert "as panel meter: voltage=voltage_v\n" in output
    with pytest.raises(CommandError, match="MQTT_TOPIC_ENERGY_REGISTER"):
        call_command("mqtt_replay", str(path), "--column", "energy_register=energy_kwh")


def test_a_register_is_played_where_it_has_a_topic(mosquitto: Mosquitto, tmp_path: Path) -> None:
    path = tmp_path / "meter.csv"
    path.write_text("timestamp,energy_kwh\n2026-01-15 10:00:00,17.5\n")
    with MqttClient(mosquitto.url) as listener:
        listener.subscribe("panel/meter/+")
        code, output = outcome(
            mosquitto.url, "mqtt_replay", str(path), MQTT_TOPIC_ENERGY_REGISTER="panel/+/energy"
        )
        topic, payload = listener.next_message()
    assert code == 0, output
    assert (topic, json.loads(payload)["value"]) == ("panel/meter/energy", 17.5)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        call_command("mqtt_replay", str(tmp_path / "none.csv"))
