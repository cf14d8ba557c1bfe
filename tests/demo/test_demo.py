"""The demo as a newcomer meets it: a process of its own, from the command line."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from meters.demo.panels import PANELS
from tests.demo.browsing import Visitor
from tests.services.installation import REPOSITORY
from tests.services.ports import HOST, answers, free_port
from tests.services.processes import ServerProcess, bare_environment
from tests.services.waiting import eventually


class Demo(ServerProcess):
    """`manage.py demo` on free ports with its data in `folder`."""

    name = "demo"

    def __init__(self, folder: Path, days: int = 0) -> None:
        super().__init__(folder)
        self.days = str(days)
        self.mqtt_port = free_port()

    def command(self) -> list[str]:
        ports = ["--port", str(self.port), "--mqtt-port", str(self.mqtt_port)]
        return [sys.executable, "manage.py", "demo", *ports, "--days", self.days]

    def environment(self) -> dict[str, str]:
        return bare_environment() | {"ENV_FILE": "/dev/null", "STATE_DIR": str(self.folder / "var")}

    def working_folder(self) -> Path:
        return REPOSITORY

    def is_ready(self) -> bool:
        return answers(self.port) and "Password" in self.log_text()

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        return self.wait_for_exit(20)

    def visitor(self) -> Visitor:
        """Somebody who logs in with what the demo prints."""
        log = self.log_text()
        name, password = re.findall(r"User +(\S+)\n +Password +(\S+)", log)[-1]
        visitor = Visitor(f"http://{HOST}:{self.port}")
        visitor.log_in(name, password)
        return visitor


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    process = Demo(tmp_path)
    process.start()
    yield process
    process.kill()


def test_its_values_change_every_two_seconds_for_who_logs_in_as_it_says(demo: Demo) -> None:
    visitor = demo.visitor()

    def whole_sample() -> Any:
        """The first panel's values, not caught between two of a sample's four messages."""
        now = visitor.get_json("/api/mqtt/last-values?panel=trafo1")
        whole = None not in now.values()
        power_w = now["voltage"] * now["ampere"] if whole else None
        return whole and abs(now["power"] - power_w) <= 0.01 and now

    first = eventually(whole_sample)
    changed = eventually(lambda: (now := whole_sample()) and now != first and now)
    assert changed["timestamp"] > first["timestamp"]
    assert 215 <= changed["voltage"] <= 245
    assert 5 <= changed["ampere"] <= 25
    assert changed["energy_cost"] == pytest.approx(changed["power"] * 1250)
    panels = visitor.get_json("/api/mqtt/last-values")["panels"]
    assert set(panels) == set(PANELS)
    assert visitor.get_json("/readyz")["ready"] is True
    assert visitor.get_json("/api/mqtt/status")["connected"] is True
    assert "trafo1" in visitor.get("/")


def test_ctrl_c_ends_it_cleanly_and_a_second_start_keeps_the_data(demo: Demo) -> None:
    eventually(lambda: demo.visitor().get_json("/api/mqtt/history"))
    assert demo.interrupt() == 0
    assert "Traceback" not in demo.log_text()
    assert "never awaited" not in demo.log_text()
    assert "destroyed" not in demo.log_text()
    assert "The data stays" in demo.log_text()
    assert not answers(demo.mqtt_port), "the embedded broker was left running"

    oldest = demo.log_text()
    started = time.monotonic()
    demo.start()
    assert time.monotonic() - started < 15
    history = demo.visitor().get_json("/api/mqtt/history?limit=1000")
    assert demo.log_text() != oldest
    assert history, "the readings of the first run are gone"


def test_its_charts_have_something_to_show(tmp_path: Path) -> None:
    demo = Demo(tmp_path, days=1)
    demo.start()
    try:
        assert "samples of the last days" in demo.log_text()
        visitor = demo.visitor()
        now = datetime.now(UTC)
        yesterday = (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:00:00Z")
        address = f"/api/panels/trafo4/energy?from={yesterday}&to={now:%Y-%m-%dT%H:00:00Z}&by=hour"
        energy = eventually(
            lambda: (answer := visitor.get_json(address)) and answer["coverage"] > 0.9 and answer,
            limit_s=60,
        )
        assert energy["energy_wh"] > 1_000_000
        assert float(energy["cost"]) > 0
        assert demo.interrupt() == 0
    finally:
        demo.kill()


@pytest.mark.parametrize("days", ["-1", "61", "many"])
def test_a_wrong_number_of_days_is_refused(days: str) -> None:
    with pytest.raises(CommandError, match="use a whole number from 0 to 60"):
        call_command("demo", f"--days={days}")


@pytest.mark.parametrize("taken", ["--port", "--mqtt-port"])
def test_a_busy_port_is_a_sentence_that_says_how_to_choose_another(
    tmp_path: Path, demo: Demo, taken: str
) -> None:
    other = {"--port": str(free_port()), "--mqtt-port": str(free_port()), taken: str(demo.port)}
    result = subprocess.run(
        [sys.executable, "manage.py", "demo", *[word for pair in other.items() for word in pair]],
        cwd=REPOSITORY,
        env=bare_environment() | {"ENV_FILE": "/dev/null", "STATE_DIR": str(tmp_path / "other")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode != 0
    assert f"Port {demo.port}" in result.stderr
    assert "PORT=" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [("DATABASE_URL", "mysql://u:p@127.0.0.1:1/x"), ("REDIS_URL", "redis://127.0.0.1:1/0")],
)
def test_it_refuses_to_write_its_toys_into_a_real_installation(
    tmp_path: Path, variable: str, value: str
) -> None:
    result = subprocess.run(
        [sys.executable, "manage.py", "demo", "--port", str(free_port())],
        cwd=REPOSITORY,
        env=bare_environment()
        | {"ENV_FILE": "/dev/null", "STATE_DIR": str(tmp_path), variable: value},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode != 0
    assert f"nset {variable}" in result.stderr
