"""The command lines and environments of docker-compose.yml, run as plain processes."""

import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.services import compose
from tests.services.fixtures import Services
from tests.services.installation import REPOSITORY, Installation, PelbiotProcess
from tests.services.mosquitto import PASSWORDS, Mosquitto
from tests.services.ports import HOST
from tests.services.processes import bare_environment

READY_LIMIT_S = 60
GIVEN = {
    "SECRET_KEY": "of-the-tests-and-used-nowhere-else-0123456789-abcdefghij",
    "ALLOWED_HOSTS": "energy.example.com",
    "MARIADB_PASSWORD": "replaced-with-the-whole-address",
    "MQTT_PASSWORD": PASSWORDS["pelbiot"],
}


def test_the_composed_processes_become_healthy_and_end_cleanly(services: Services) -> None:
    broker = services.mosquitto()
    installation = services.installation(mosquitto=broker)
    started = {
        name: start(installation, name, broker, services.folder)
        for name in ("web", "ingest", "worker")
    }
    port = started["web"].port
    for name in ("web", "ingest", "worker"):
        wait_until_healthy(name, started[name], port)
    assert {name: process.stop() for name, process in started.items()} == dict.fromkeys(started, 0)


def start(installation: Installation, name: str, broker: Mosquitto, folder: Path) -> PelbiotProcess:
    """The service's own command line, on loopback and this machine's Python."""
    addresses = {
        "DATABASE_URL": installation.env["DATABASE_URL"],
        "REDIS_URL": installation.env["REDIS_URL"],
        "MQTT_BROKER_URL": f"mqtt://{HOST}:{broker.port}",
        "STATE_DIR": str(folder / "composed-state"),
    }
    composed = compose.environment(name, GIVEN)
    assert addresses.keys() <= composed.keys()
    process = PelbiotProcess(
        installation.folder,
        f"composed-{name}",
        here(compose.command(name))[1:],
        bare_environment() | composed | addresses,
    )
    installation.processes.append(process)
    process.start()
    return process


def here(line: list[str]) -> list[str]:
    """The command line with the container's programs, address and port made this machine's."""
    programs = {"python": [sys.executable], "daphne": [sys.executable, "-m", "daphne"]}
    replaced = {"0.0.0.0": HOST, "8000": "{port}"}
    return programs[line[0]] + [replaced.get(word, word) for word in line[1:]]


def wait_until_healthy(name: str, process: PelbiotProcess, web_port: int) -> None:
    """Runs the service's health check until it says 0, as the container engine would."""
    deadline = time.monotonic() + READY_LIMIT_S
    while (outcome := run_health_check(name, process, web_port)).returncode != 0:
        assert process.is_running, process.log_text()[-4000:]
        assert time.monotonic() < deadline, outcome.stdout + outcome.stderr
        time.sleep(0.2)


def run_health_check(
    name: str, process: PelbiotProcess, web_port: int
) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, *compose.health_check(name)[1:]]
    if line[-1].endswith("healthcheck.py"):
        line.append("http://127.0.0.1:8000/healthz")  # the script's default, spelt out
    path = urlsplit(line[-1]).path
    if line[-1].startswith("http"):
        line[-1] = f"http://{HOST}:{web_port}{path}"
    return subprocess.run(
        line, cwd=REPOSITORY, env=process.env, capture_output=True, text=True, timeout=60
    )
