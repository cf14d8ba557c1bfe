"""Private servers for a measurement, and the processes beside the ingest that it needs."""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

from tests.load.wire import Link
from tests.services.fixtures import Services
from tests.services.installation import REPOSITORY, Installation, WebProcess
from tests.services.mariadb import MariaDB
from tests.services.mosquitto import Mosquitto
from tests.services.processes import ServerProcess

USER: Final = "bench"
PASSWORD: Final = "of-a-measurement"
# MariaDB's own defaults in place of the tests' small ones, whose log would fill in a second.
OWN_DEFAULTS: Final = ("--innodb-log-file-size=96M", "--innodb-buffer-pool-size=128M")


class UsualMariaDB(MariaDB):
    """A MariaDB as it comes: flushes every commit to the disk."""

    def command(self) -> list[str]:
        return [*super().command(), *OWN_DEFAULTS]


class BenchServices(Services):
    def mariadb(self) -> MariaDB:
        return self._start(UsualMariaDB(self._new_folder("mariadb")))


class Helper(ServerProcess):
    """A module of ours that runs as a process of its own, is ready when it prints "ready", and
    writes what it has seen to `report` at its end."""

    def __init__(self, folder: Path, module: str, *arguments: str) -> None:
        self.name = module.rpartition(".")[2]
        super().__init__(folder)
        self.report = folder / f"{self.name}.json"
        self._arguments = [module, *arguments, "--report", str(self.report)]

    def command(self) -> list[str]:
        return [sys.executable, "-m", *self._arguments]

    def working_folder(self) -> Path:
        return REPOSITORY

    def is_ready(self) -> bool:
        return "ready\n" in self.log_text()


class Stage:
    """One broker, and installations of PELBIOT on it, each with a Redis of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.services = BenchServices(folder)
        self.mosquitto: Mosquitto = self.services.mosquitto()
        self._mariadb: MariaDB | None = None
        self._helpers: list[ServerProcess] = []
        self._folders = 0

    def installation(self, database: str) -> Installation:
        """PELBIOT on "mariadb" or "sqlite", migrated, no process started."""
        if self._mariadb is None:
            self._mariadb = self.services.mariadb()
        url = self._mariadb.create_database("bench") if database == "mariadb" else ""
        made = self.services.installation(
            self.mosquitto,
            mariadb=self._mariadb,
            DATABASE_URL=url,
            MQTT_MAX_PANELS="1000000",
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
        )
        made.manage("createsuperuser", "--noinput", f"--username={USER}", "--email=b@example.com")
        return made

    @property
    def database_pid(self) -> int:
        """The process of MariaDB, once an installation on it was made."""
        assert self._mariadb is not None
        return self._mariadb.pid

    def open_pages(self, installation: Installation, count: int) -> None:
        """So many pages read the live values for as long as the stage stands."""
        if count:
            web = installation.start_web()
            for _ in range(count):
                self.start(page(web, self.new_folder("page")))

    def start(self, helper: ServerProcess) -> None:
        self._helpers.append(helper)
        helper.start()

    def new_folder(self, name: str) -> Path:
        self._folders += 1
        return self.folder / f"{name}-{self._folders}"

    def forget(self, client_id: str) -> None:
        """Have the broker drop the session of a client that has ended, and all that waits in it."""
        with suppress(ConnectionError):  # Ctrl-C has ended the broker too
            Link(self.mosquitto.url, client_id).close()

    def stop_all(self) -> None:
        try:
            for helper in reversed(self._helpers):
                helper.stop()
        finally:
            self.services.stop_all()


def page(web: WebProcess, folder: Path) -> Helper:
    """A logged-in page: its report has the arrival time of each value."""
    return Helper(folder, "tests.bench.page", web.base_url, USER, PASSWORD)


@contextmanager
def stage() -> Iterator[Stage]:
    """Servers on free ports, in a folder that is deleted; none runs when this is left, be it by
    Ctrl-C or SIGTERM. To be called from the main thread (see tied_to_this_process)."""
    signal.signal(signal.SIGTERM, _end)
    with tempfile.TemporaryDirectory(prefix="pelbiot-bench-") as folder:
        made: Stage | None = None
        try:
            made = Stage(Path(folder))
            yield made
        except (pytest.skip.Exception, pytest.fail.Exception) as missing:
            sys.exit(str(missing))
        except KeyboardInterrupt:
            sys.exit("\nstopped")
        finally:
            if made is not None:
                made.stop_all()


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def command_line(what_it_does: str | None) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        description=what_it_does, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def machine() -> str:
    """What the numbers were measured on, in a line."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    load = ", ".join(f"{average:.2f}" for average in os.getloadavg())
    return f"{os.cpu_count()} cores ({names[0] if names else 'unknown'}), load before: {load}"
