"""A private Redis: the channel layer between separate processes."""

import socket
from pathlib import Path

from tests.services.ports import HOST
from tests.services.processes import ServerProcess
from tests.services.programs import find_program


class Redis(ServerProcess):
    """A Redis without a disk, as PELBIOT uses it: what it forgets at a restart is only pushes."""

    name = "redis"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.program = find_program("redis-server", "redis-server")

    @property
    def url(self) -> str:
        """What PELBIOT's REDIS_URL is set to."""
        return f"redis://{HOST}:{self.port}/0"

    def command(self) -> list[str]:
        options = {"port": str(self.port), "bind": HOST, "save": "", "appendonly": "no"}
        return [self.program, *(part for name in options for part in (f"--{name}", options[name]))]

    def is_ready(self) -> bool:
        """Whether it answers a PING: while it is still loading, the port is already open."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
