"""pytest fixtures that start the real services. Loaded by tests/conftest.py as a plugin.

    mariadb         session   one server; every test or module makes databases of its own in it
    mosquitto       module    one broker; tests in a module tell their topics apart
    redis_server    module    one Redis
    installation    module    PELBIOT on the three above, migrated, no process started
    services        function  a factory for tests that kill, restart or reconfigure a service

Everything a fixture has started is gone when its scope ends.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.services.installation import Installation
from tests.services.mariadb import MariaDB
from tests.services.migrated import migrate
from tests.services.mosquitto import Mosquitto
from tests.services.processes import ServerProcess, stop_each
from tests.services.redis import Redis

Server = TypeVar("Server", bound=ServerProcess)


class Services:
    """Starts services in folders of their own below `folder`, and stops them all."""

    def __init__(self, folder: Path, shared_mariadb: MariaDB | None = None) -> None:
        self.folder = folder
        self.shared_mariadb = shared_mariadb
        self._started: list[ServerProcess] = []
        self._installations: list[Installation] = []

    def mosquitto(self, extra: str = "") -> Mosquitto:
        """A broker with the shipped configuration, and `extra` lines at its end."""
        return self._start(Mosquitto(self._new_folder("mosquitto"), extra))

    def redis(self) -> Redis:
        return self._start(Redis(self._new_folder("redis")))

    def mariadb(self) -> MariaDB:
        """A database server of the test's own, to kill and restart: takes some seconds."""
        return self._start(MariaDB(self._new_folder("mariadb")))

    def installation(
        self,
        mosquitto: Mosquitto | None = None,
        redis: Redis | None = None,
        mariadb: MariaDB | None = None,
        **env: str,
    ) -> Installation:
        """A migrated PELBIOT; what is not given is started for it (the session's MariaDB is used)."""
        server = mariadb or self.shared_mariadb or self.mariadb()
        database = f"pelbiot_{secrets.token_hex(4)}"
        addresses = {
            "MQTT_BROKER_URL": (mosquitto or self.mosquitto()).url,
            "REDIS_URL": (redis or self.redis()).url,
            "DATABASE_URL": server.create_database(database),
        }
        made = Installation(self._new_folder("pelbiot"), addresses | env)
        self._installations.append(made)
        migrate(made, server, database)
        return made

    def stop_all(self) -> None:
        """PELBIOT's processes first: they finish their batch while the services still answer."""
        try:
            for made in self._installations:
                made.stop_all()
        finally:
            stop_each(self._started)

    def _start(self, server: Server) -> Server:
        self._started.append(server)
        server.start()
        return server

    def _new_folder(self, name: str) -> Path:
        return self.folder / f"{name}-{secrets.token_hex(3)}"


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    own = Services(tmp_path_factory.mktemp("session"))
    try:
        yield own.mariadb()
    finally:
        own.stop_all()


@pytest.fixture(scope="module")
def module_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    own = Services(tmp_path_factory.mktemp("module"))
    yield own
    own.stop_all()


@pytest.fixture(scope="module")
def mosquitto(module_services: Services) -> Mosquitto:
    return module_services.mosquitto()


@pytest.fixture(scope="module")
def redis_server(module_services: Services) -> Redis:
    return module_services.redis()


@pytest.fixture(scope="module")
def installation(
    module_services: Services, mosquitto: Mosquitto, redis_server: Redis, mariadb: MariaDB
) -> Installation:
    return module_services.installation(mosquitto, redis_server, mariadb)


@pytest.fixture
def services(tmp_path: Path, mariadb: MariaDB) -> Iterator[Services]:
    own = Services(tmp_path, shared_mariadb=mariadb)
    yield own
    own.stop_all()
