import json
import signal

import pytest
from django.core.management import CommandError, call_command

from tests.commands.running import outcome, read_until, running
from tests.services.clients import MqttClient
from tests.services.mosquitto import Mosquitto


def simulate(broker_url: str, *arguments: str) -> tuple[int, str]:
    return outcome(broker_url, "mqtt_simulate", *arguments)


def test_it_publishes_rounds_prints_them_and_ends_after_count(mosquitto: Mosquitto) -> None:
    with MqttClient(mosquitto.url) as listener:
        listener.subscribe("panel/#")
        code, output = simulate(
            mosquitto.url, "--count", "2", "--interval", "0.1", "--panels", "a1,a2"
        )
        messages = [listener.next_message() for _ in range(16)]
    assert code == 0, output
    values = {topic: float(payload) for topic, payload in messages[:8]}
    assert set(values) == {
        f"panel/{panel}/{metric}"
        for panel in ("a1", "a2")
        for metric in ("volt", "ampere", "power", "energy_cost")
    }
    assert values["panel/a1/power"] == pytest.approx(
        values["panel/a1/volt"] * values["panel/a1/ampere"], abs=0.01
    )
    assert f"panel/a1/volt = {values['panel/a1/volt']:.2f} V" in output
    assert "[messages: 16] [confirmed: 16]" in output
    assert "uptime" in output


def test_with_json_each_message_carries_its_time(mosquitto: Mosquitto) -> None:
    with MqttClient(mosquitto.url) as listener:
        listener.subscribe("panel/j1/volt")
        code, output = simulate(mosquitto.url, "--count", "1", "--panels", "j1", "--json")
        _, payload = listener.next_message()
    assert code == 0, output
    assert set(json.loads(payload)) == {"value", "timestamp"}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_cleanly(mosquitto: Mosquitto, how: signal.Signals) -> None:
    with running(mosquitto.url, "mqtt_simulate", "--panels", "c1", "--interval", "30") as process:
        read_until(process, "uptime")
        process.send_signal(how)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
    assert "Stopped." in output
    assert "Traceback" not in output


def test_a_load_is_told_in_a_line_and_not_in_thousands(mosquitto: Mosquitto) -> None:
    code, output = simulate(mosquitto.url, "--rate", "2000", "--count", "200", "--panels", "2")
    assert code == 0, output
    assert "[messages: 1,600] [confirmed: 1,600]" in output
    assert "volt =" not in output


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--panels", "0"),
        ("--panels", "a b"),
        ("--interval", "0"),
        ("--count", "x"),
        ("--rate", "nan"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_accepted(option: str, value: str) -> None:
    with pytest.raises(CommandError, match="accepted|use "):
        call_command("mqtt_simulate", option, value)


def test_a_wrong_password_is_a_sentence(mosquitto: Mosquitto) -> None:
    wrong = mosquitto.url.replace("//pelbiot:", "//pelbiot:not-")
    code, output = simulate(wrong, "--count", "1")
    assert code == 1
    assert "the broker refuses" in output
    assert "Traceback" not in output
