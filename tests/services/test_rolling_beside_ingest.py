"""Several rollers and a writer at a time, one roller killed: nothing waits and nothing goes wrong."""

import functools
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.services.installation import REPOSITORY, Installation, PelbiotProcess
from tests.services.mariadb import PASSWORD, MariaDB, driver
from tests.services.ports import HOST
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


@contextmanager
def held(mariadb: MariaDB, database: str, panel: int) -> Iterator[None]:
    """The panel's state locked, as by a process that is at its rollups."""
    connection = driver().connect(
        host=HOST, port=mariadb.port, user="root", password=PASSWORD, database=database
    )
    try:
        cursor = connection.cursor()
        cursor.execute(f"SELECT * FROM meters_rollupstate WHERE panel_id = {panel} FOR UPDATE")
        assert cursor.fetchall()
        yield
    finally:
        connection.close()


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


def test_a_panel_that_another_process_is_at_is_left_to_it_and_done_when_it_is_free(
    installation: Installation, mariadb: MariaDB
) -> None:
    said(script(installation, "fill"))
    installation.manage("rollup")
    said(script(installation, "write", "0.5"))
    database = installation.env["DATABASE_URL"].rsplit("/", 1)[1]

    def dirty() -> set[int]:
        rows = mariadb.execute("SELECT DISTINCT panel_id FROM meters_dirtyrange", database)
        return {panel for (panel,) in rows}

    assert dirty() == {1, 2, 3}
    words = ["manage.py", "rollup"]
    roller = PelbiotProcess(installation.folder / "waits", "roller", words, installation.env)
    with ExitStack() as stack:
        with held(mariadb, database, 1):
            roller.start()
            stack.callback(roller.stop)
            eventually(lambda: dirty() == {1}, 30, "rolling up the others")
            time.sleep(1)
            assert roller.is_running
            assert dirty() == {1}
        assert roller.wait_for_exit(30) == 0
    assert dirty() == set()


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
