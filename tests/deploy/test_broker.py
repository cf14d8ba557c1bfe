"""The shipped Mosquitto configuration, in a real Mosquitto."""

import os
import queue
import re
import subprocess
from pathlib import Path

import pytest

from tests.services import compose
from tests.services.clients import MqttClient
from tests.services.fixtures import Services
from tests.services.mosquitto import PASSWORDS, SHIPPED, Mosquitto

# But for its dislike of the tests' being run by root.
COMPLAINT = re.compile(r"(Error|Warning): (?!Mosquitto should not be run as root)")
QUEUED = 1_500  # more than the 1,000 at which an unconfigured Mosquitto begins to drop


def test_it_is_accepted_without_a_complaint(services: Services) -> None:
    broker = services.mosquitto()
    complaints = [line for line in broker.log_text().splitlines() if COMPLAINT.search(line)]
    assert complaints == []


def test_a_meter_may_write_readings_and_read_nothing(mosquitto: Mosquitto) -> None:
    with MqttClient(mosquitto.meter_url) as meter:
        assert not meter.publish("panel/trafo1/volt", "230").is_failure
        meter.subscribe("panel/#")  # 2.0 grants it and delivers nothing
        meter.publish("panel/trafo1/volt", "231")
        assert meter.receives_nothing_for(0.3)
        assert meter.publish("other/trafo1/volt", "230").getName() == "Not authorized"


def test_pelbiot_may_read_and_write_readings_and_read_the_brokers_counters(
    mosquitto: Mosquitto,
) -> None:
    with MqttClient(mosquitto.url) as pelbiot:
        pelbiot.subscribe("$SYS/broker/version")
        assert b"mosquitto" in pelbiot.next_message()[1]
        assert not pelbiot.publish("panel/trafo1/volt", "230").is_failure
        assert pelbiot.publish("other/trafo1/volt", "230").getName() == "Not authorized"


def test_a_message_too_large_for_a_reading_arrives_so_that_it_can_be_rejected(
    mosquitto: Mosquitto,
) -> None:
    with MqttClient(mosquitto.url) as pelbiot:
        pelbiot.subscribe("panel/big/volt")
        assert not pelbiot.publish("panel/big/volt", b"1" * 10_000).is_failure
        assert len(pelbiot.next_message()[1]) == 10_000


def test_who_sends_more_than_any_reading_needs_is_disconnected_and_never_told_success(
    mosquitto: Mosquitto,
) -> None:
    with MqttClient(mosquitto.url) as pelbiot:
        pelbiot.subscribe("panel/huge/volt")
        with MqttClient(mosquitto.meter_url, client_id="faulty", limit_s=0.5) as faulty:
            with pytest.raises(TimeoutError):
                faulty.publish("panel/huge/volt", b"1" * 20_000)
            pelbiot.publish("panel/huge/volt", "230")  # nobody else is disturbed
            assert pelbiot.next_message() == ("panel/huge/volt", b"230")
    assert "Client faulty disconnected due to oversize packet" in mosquitto.log_text()


def test_a_huge_message_over_websocket_stops_at_the_broker(mosquitto: Mosquitto) -> None:
    with MqttClient(mosquitto.url) as pelbiot:
        pelbiot.subscribe("panel/huge/volt")
        with MqttClient(mosquitto.ws_url, limit_s=0.5) as faulty:
            with pytest.raises(TimeoutError):
                faulty.publish("panel/huge/volt", b"1" * 70_000)
            pelbiot.publish("panel/huge/volt", "230")
            assert pelbiot.next_message() == ("panel/huge/volt", b"230")


def test_an_absent_ingest_misses_nothing_over_a_restart(services: Services) -> None:
    broker = services.mosquitto()
    with MqttClient(broker.url, client_id="ingest") as pelbiot:
        pelbiot.subscribe("panel/+/volt")
    with MqttClient(broker.meter_url) as meter:
        meter.publish_all(("panel/trafo1/volt", str(number)) for number in range(QUEUED))
    broker.restart()
    with MqttClient(broker.url, client_id="ingest") as pelbiot:
        arrived = [int(pelbiot.next_message()[1]) for _ in range(QUEUED)]
        with pytest.raises(queue.Empty):
            pelbiot.next_message(limit_s=0.2)
    assert arrived == list(range(QUEUED))


class ContainerMosquitto(Mosquitto):
    """Started by start.sh, as the container is, with its passwords in the environment."""

    passwords = {"MQTT_PASSWORD": "pa:ss $HOME \"'#", "METER_PASSWORD": "another"}

    def command(self) -> list[str]:
        return ["sh", str(SHIPPED / "start.sh")]

    def environment(self) -> dict[str, str]:
        inherited = super().environment()
        places = {
            "PATH": inherited["PATH"] + ":/usr/sbin",
            "MOSQUITTO_SECRETS": str(self.folder),
            "MOSQUITTO_DATA": str(self.folder),
            "MOSQUITTO_CONF": str(self.configuration),
        }
        return inherited | places | self.passwords


def test_the_containers_start_makes_the_passwords_from_the_environment(tmp_path: Path) -> None:
    broker = ContainerMosquitto(tmp_path)
    broker.start()
    try:
        health = run_health_check(broker, ContainerMosquitto.passwords["MQTT_PASSWORD"])
        assert health.returncode == 0, health.stderr
        assert run_health_check(broker, PASSWORDS["pelbiot"]).returncode != 0
        assert (tmp_path / "passwords").stat().st_mode & 0o077 == 0
        assert ContainerMosquitto.passwords["METER_PASSWORD"] not in everything_in(tmp_path)
    finally:
        broker.stop()


def test_the_containers_start_names_the_password_that_is_missing(tmp_path: Path) -> None:
    outcome = subprocess.run(
        ["sh", str(SHIPPED / "start.sh")],
        env={"PATH": os.defpath, "MQTT_PASSWORD": "x", "MOSQUITTO_SECRETS": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert outcome.returncode != 0
    assert "METER_PASSWORD: is the password of the user meter" in outcome.stderr


def test_the_health_check_fails_when_the_broker_is_gone(services: Services) -> None:
    broker = services.mosquitto()
    assert run_health_check(broker, PASSWORDS["pelbiot"]).returncode == 0
    broker.kill()
    assert run_health_check(broker, PASSWORDS["pelbiot"]).returncode != 0


def run_health_check(broker: Mosquitto, password: str) -> subprocess.CompletedProcess[str]:
    """The line from docker-compose.yml, on this broker's port."""
    line = [
        part.replace("-h 127.0.0.1", f"-h 127.0.0.1 -p {broker.port}")
        for part in compose.health_check("mosquitto")
    ]
    environment = os.environ | {"MQTT_PASSWORD": password}
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=30)


def everything_in(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return "\n".join(path.read_text(errors="replace") for path in files)
