"""The real services the other tests lean on, asked by real clients."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import redis

from tests.services.clients import MqttClient
from tests.services.fixtures import Services
from tests.services.mariadb import MariaDB
from tests.services.mosquitto import Mosquitto
from tests.services.processes import ServerProcess, ServiceError
from tests.services.redis import Redis


def test_the_broker_passes_a_reading_from_a_meter_to_pelbiot(mosquitto: Mosquitto) -> None:
    with MqttClient(mosquitto.url) as pelbiot, MqttClient(mosquitto.meter_url) as meter:
        pelbiot.subscribe("panel/+/volt")
        meter.publish("panel/trafo1/volt", "230.45")
        assert pelbiot.next_message() == ("panel/trafo1/volt", b"230.45")


def test_the_broker_speaks_websocket(mosquitto: Mosquitto) -> None:
    with MqttClient(mosquitto.ws_url) as pelbiot:
        pelbiot.subscribe("panel/+/ampere")
        pelbiot.publish("panel/trafo1/ampere", "12.5")
        assert pelbiot.next_message() == ("panel/trafo1/ampere", b"12.5")


def test_the_broker_refuses_a_wrong_password(mosquitto: Mosquitto) -> None:
    wrong = f"mqtt://pelbiot:wrong@127.0.0.1:{mosquitto.port}"
    with pytest.raises(ConnectionRefusedError, match="Not authorized"):
        MqttClient(wrong).connect()


def test_the_broker_refuses_a_client_without_a_name(mosquitto: Mosquitto) -> None:
    with pytest.raises(ConnectionRefusedError, match="Not authorized"):
        MqttClient(f"mqtt://127.0.0.1:{mosquitto.port}").connect()


def test_a_restarted_broker_still_has_what_it_queued_for_an_absent_session(
    services: Services,
) -> None:
    broker = services.mosquitto()
    with MqttClient(broker.url, client_id="ingest") as pelbiot:
        pelbiot.subscribe("panel/+/power")
    with MqttClient(broker.meter_url) as meter:
        meter.publish("panel/trafo1/power", "2881.5")
    broker.restart()
    with MqttClient(broker.url, client_id="ingest") as pelbiot:
        assert pelbiot.session_present
        assert pelbiot.next_message() == ("panel/trafo1/power", b"2881.5")


def test_redis_answers_and_keeps_nothing_on_disk(redis_server: Redis) -> None:
    client = redis.Redis.from_url(redis_server.url)
    assert client.ping()
    assert client.config_get("save") == {"save": ""}
    client.close()


def test_mariadb_takes_the_url_it_gives(mariadb: MariaDB) -> None:
    url = urlsplit(mariadb.create_database("harness"))
    assert (url.scheme, url.port, url.path) == ("mysql", mariadb.port, "/harness")
    assert unquote(url.password or "") != url.password  # it has characters that need quoting
    mariadb.execute("CREATE TABLE t (name VARCHAR(9)) ENGINE=InnoDB", "harness")
    mariadb.execute("INSERT INTO t VALUES ('kWh-é')", "harness")
    assert mariadb.execute("SELECT name FROM t", "harness") == [("kWh-é",)]


def test_a_killed_mariadb_comes_back_on_its_port_with_what_was_committed(
    services: Services,
) -> None:
    own = services.mariadb()
    own.create_database("harness")
    own.execute("CREATE TABLE t (id INT) ENGINE=InnoDB", "harness")
    own.execute("INSERT INTO t VALUES (7)", "harness")
    port = own.port
    own.kill()
    assert own.exit_code == -9
    own.start()
    assert (own.port, own.execute("SELECT id FROM t", "harness")) == (port, [(7,)])


class EndsAtOnce(ServerProcess):
    def command(self) -> list[str]:
        return [sys.executable, "-c", "print('no such file: x.conf'); raise SystemExit(3)"]


def test_a_failed_start_shows_the_end_of_the_log(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"exit code 3[\s\S]*no such file: x\.conf"):
        EndsAtOnce(tmp_path).start()


STUBBORN = """
import signal, time
def wait_for_ever():
    while True:
        time.sleep(1)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("here", flush=True)
wait_for_ever()
"""


class Stubborn(ServerProcess):
    """Takes no notice of a SIGTERM."""

    stop_limit_s = 0.2

    def command(self) -> list[str]:
        return [sys.executable, "-c", STUBBORN]

    def is_ready(self) -> bool:
        return "here" in self.log_text()


def test_one_that_does_not_stop_tells_where_it_hangs_and_is_gone(tmp_path: Path) -> None:
    server = Stubborn(tmp_path)
    server.start()
    with pytest.raises(
        ServiceError, match=r"after SIGTERM[\s\S]*Current thread[\s\S]*in wait_for_ever"
    ):
        server.stop()
    assert not server.is_running


def test_ctrl_c_reaches_it_also_from_a_test_run_in_the_background(tmp_path: Path) -> None:
    server = Stubborn(tmp_path)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a script's shell does
    try:
        server.start()
    finally:
        signal.signal(signal.SIGINT, before)
    os.kill(server.pid, signal.SIGINT)
    assert server.wait_for_exit(10) != 0
    assert "KeyboardInterrupt" in server.log_text()


PARENT = """
import time
from pathlib import Path
from tests.services.redis import Redis
server = Redis(Path({folder!r}))
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


def test_a_server_dies_with_a_test_run_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(folder=str(tmp_path))],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    server_pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait(10)
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while is_alive(server_pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(server_pid)


def is_alive(pid: int) -> bool:
    """Whether the process still runs; a zombie that nobody has waited for does not."""
    try:
        os.kill(pid, 0)
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
