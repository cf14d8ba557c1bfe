"""Several rollers and a writer at a time, one roller killed: nothing waits and nothing goes wrong."""

import functools
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.services.installation import REPOSITORY, Installation, PelbiotProcess
from tests.services.mariadb import MariaDB
from tests.services.waiting import eventually

WRITING_S = 8


@pytest.fixture
def installation(tmp_path: Path, mariadb: MariaDB) -> Iterator[Installation]:
    """Its database, and no other service."""
    url = mariadb.create_database(f"rolling_{secrets.token_hex(4)}")
    made = Installation(tmp_path / "pelbiot", {"DATABASE_URL": url})
    made.manage("migrate", "--noinput")
    yield made
    made.stop_all()


def script(installation: Installation, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.services.rolling", *words],
        cwd=REPOSITORY,
        env=installation.env | {"DJANGO_SETTINGS_MODULE": "pelbiot.settings"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def said(process: subprocess.Popen[str], limit_s: float = 100) -> str:
    output, _ = process.communicate(timeout=limit_s)
    assert process.returncode == 0, output
    return output.strip()


class Roller:
    """`manage.py rollup --all`, started again whenever it has come to its end."""

    def __init__(self, installation: Installation, name: str) -> None:
        folder = installation.folder / name
        words = ["manage.py", "rollup", "--all"]
        self.process = PelbiotProcess(folder, name, words, installation.env)
        self.ended = 0
        self.process.start()

    def go_on(self) -> None:
        if not self.process.is_running:
            assert self.process.exit_code == 0, self.process.log_text()
            self.ended += 1
            self.process.start()

    def kill_in_the_middle(self) -> None:
        """Once it has said that a part is done, while the rest is being worked on."""
        while self.process.exit_code != -signal.SIGKILL:
            self.go_on()
            said = self.process.log_text().count(" seconds")
            eventually(functools.partial(self._is_further, said), 30, "rolling up")
            self.process.kill()
        self.process.start()

    def _is_further(self, said: int) -> bool:
        further = self.process.log_text().count(" seconds") > said
        return further or not self.process.is_running


@pytest.mark.timeout(280)
def test_two_rollers_and_a_writer_do_not_get_into_each_others_way(
    installation: Installation,
) -> None:
    said(script(installation, "fill"))
    with ExitStack() as stack:
        rollers = [Roller(installation, f"roller{number}") for number in (1, 2)]
        for roller in rollers:
            stack.callback(roller.process.stop)
        rollers[0].kill_in_the_middle()
        writer = script(installation, "write", str(WRITING_S))
        stack.callback(writer.kill)
        time.sleep(3)
        rollers[1].kill_in_the_middle()
        while writer.poll() is None:
            for roller in rollers:
                roller.go_on()
            time.sleep(0.1)
        batches, longest_s = said(writer).split()
        for roller in rollers:
            assert roller.process.wait_for_exit(60) == 0, roller.process.log_text()
    assert int(batches) > 50
    assert float(longest_s) < 1
    installation.manage("rollup")
    assert said(script(installation, "check"), 150).endswith("equal")
