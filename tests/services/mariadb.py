"""A private MariaDB, small and as durable as a production one."""

import importlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.services.ports import HOST
from tests.services.processes import ServerProcess, ServiceError
from tests.services.programs import find_program

PACKAGE = "mariadb-server-core"
# With characters that a URL reserves: the tests notice a password that gets lost on its way.
PASSWORD = "p@ss:w/rd of the+tests"
# The same for the installation and the server: InnoDB's log keeps the size it was made with.
SMALL = ("--innodb-log-file-size=8M", "--innodb-buffer-pool-size=64M")
# MariaDB refuses to run as root unless told that it is meant; nobody else may even say so.
AS_ROOT = ("--user=root",) if os.geteuid() == 0 else ()


class MariaDB(ServerProcess):
    """A MariaDB server with its own data folder, reached over TCP as `root`.

    Commits are flushed (innodb_flush_log_at_trx_commit=1, the default): tests that kill the server
    ask whether a committed reading is still there.
    """

    name = "mariadb"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.program = find_program("mariadbd", PACKAGE)
        self.data_folder = folder / "data"
        self.init_file = folder / "init.sql"
        # Run at each start; PELBIOT connects over TCP, where a server that resolves no names
        # knows the client as 127.0.0.1 and not as localhost.
        self.init_file.write_text(
            f"CREATE USER IF NOT EXISTS root@'{HOST}';\n"
            f"ALTER USER root@'{HOST}' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO root@'{HOST}' WITH GRANT OPTION;\n"
        )

    def start(self) -> None:
        if not self.data_folder.exists():
            shutil.copytree(Path(system_tables().name) / "data", self.data_folder)
        super().start()

    def command(self) -> list[str]:
        return [
            self.program,
            "--no-defaults",
            f"--datadir={self.data_folder}",
            # Relative to the data folder: a socket's full path may have 107 characters only.
            "--socket=mariadb.sock",
            # Not /tmp: a server that starts removes there what seem to be leftovers of another's.
            f"--tmpdir={self.folder}",
            f"--pid-file={self.folder / 'mariadb.pid'}",
            f"--bind-address={HOST}",
            f"--port={self.port}",
            f"--init-file={self.init_file}",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            "--performance-schema=off",
            "--max-connections=60",
            *SMALL,
            *AS_ROOT,
        ]

    def is_ready(self) -> bool:
        try:
            self.execute("SELECT 1")
        except driver().Error:
            return False
        return True

    def database_url(self, name: str) -> str:
        """What PELBIOT's DATABASE_URL is set to."""
        return f"mysql://root:{quote(PASSWORD, safe='')}@{HOST}:{self.port}/{name}"

    def create_database(self, name: str) -> str:
        """Makes an empty database, replacing one of that name; its URL."""
        self.execute(f"DROP DATABASE IF EXISTS `{name}`")
        self.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        return self.database_url(name)

    def execute(self, statement: str, database: str = "") -> list[tuple[Any, ...]]:
        """Runs one statement on a connection of its own; the rows it answers, if any."""
        with self.cursor(database) as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    @contextmanager
    def cursor(self, database: str) -> Iterator[Any]:
        """A cursor on a connection of its own, which commits each statement."""
        connection = driver().connect(
            host=HOST,
            port=self.port,
            user="root",
            password=PASSWORD,
            database=database,
            connect_timeout=5,
            charset="utf8mb4",
            autocommit=True,
        )
        try:
            yield connection.cursor()
        finally:
            connection.close()


@cache
def system_tables() -> "tempfile.TemporaryDirectory[str]":
    """A folder whose `data` holds the system tables, for servers to start with a copy of it: making
    them takes seconds. It goes with this process."""
    folder = tempfile.TemporaryDirectory(prefix="pelbiot-mariadb-")
    program = find_program("mariadb-install-db", PACKAGE)
    options = ["--skip-test-db", "--auth-root-authentication-method=normal", *SMALL]
    folders = [f"--datadir={folder.name}/data", f"--tmpdir={folder.name}"]
    command = [program, "--no-defaults", *folders, *options, *AS_ROOT]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if outcome.returncode != 0:
        raise ServiceError(f"mariadb-install-db failed:\n{outcome.stdout}\n{outcome.stderr}")
    return folder


def driver() -> Any:
    """mysqlclient, imported when a test first needs it.

    Where it could not be compiled, only the tests that use MariaDB fail, not the whole run.
    """
    return importlib.import_module("MySQLdb")
