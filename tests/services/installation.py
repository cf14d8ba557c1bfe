"""One PELBIOT installation, run as the plain processes that production runs."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from tests.services.ports import HOST
from tests.services.processes import ServerProcess, ServiceError, bare_environment, stop_each

REPOSITORY: Final = Path(__file__).resolve().parents[2]


class PelbiotProcess(ServerProcess):
    """One of the three processes, with the installation's environment.

    Ready as soon as it runs: what an ingest or a worker has achieved, tests ask the database or
    /readyz. Only the web process has a port.
    """

    def __init__(self, folder: Path, name: str, arguments: list[str], env: dict[str, str]) -> None:
        self.name = name
        super().__init__(folder)
        self.arguments = arguments
        self.env = env

    def command(self) -> list[str]:
        return [sys.executable, *(part.format(port=self.port) for part in self.arguments)]

    def environment(self) -> dict[str, str]:
        return self.env

    def working_folder(self) -> Path:
        return REPOSITORY

    def is_ready(self) -> bool:
        return self.is_running


class WebProcess(PelbiotProcess):
    """daphne, ready when /healthz says so."""

    @property
    def base_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def is_ready(self) -> bool:
        return self.status_of("/healthz") == 200

    def status_of(self, path: str) -> int | None:
        """The HTTP status of a path; None while nobody answers."""
        try:
            with urllib.request.urlopen(self.base_url + path, timeout=10) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None


class Installation:
    """An installation: its settings, its commands, and its processes while they run.

    `env` are the variables of `.env.example`; `with_env` in a start method sets more for one
    process. Everything it writes stays in `folder`.
    """

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.env = bare_environment() | defaults(folder) | env
        self.processes: list[ServerProcess] = []

    def manage(
        self, *arguments: str, stdin: str | None = None, limit_s: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Runs `manage.py ARGUMENTS` to its end; raises with its output when it fails."""
        outcome = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=REPOSITORY,
            env=self.env,
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=limit_s,
        )
        if outcome.returncode != 0:
            raise ServiceError(
                f"manage.py {' '.join(arguments)} ended with {outcome.returncode}:\n"
                f"{outcome.stdout}\n{outcome.stderr}"
            )
        return outcome

    def start_web(self, **with_env: str) -> WebProcess:
        """daphne on a free port, as docker-compose.yml runs it."""
        arguments = ["-m", "daphne", "-b", HOST, "-p", "{port}", "pelbiot.asgi:application"]
        process = WebProcess(self.folder, "web", arguments, self.env | with_env)
        self._start(process)
        return process

    def start_ingest(self, **with_env: str) -> PelbiotProcess:
        return self._start_command("mqtt_ingest", with_env)

    def start_worker(self, **with_env: str) -> PelbiotProcess:
        return self._start_command("worker", with_env)

    def stop_all(self) -> None:
        """Stops what still runs, last started first; every process is gone when this returns."""
        stop_each(self.processes)

    def _start_command(self, command: str, with_env: dict[str, str]) -> PelbiotProcess:
        process = PelbiotProcess(self.folder, command, ["manage.py", command], self.env | with_env)
        self._start(process)
        return process

    def _start(self, process: PelbiotProcess) -> None:
        self.processes.append(process)
        process.start()


def defaults(folder: Path) -> dict[str, str]:
    """Production's settings with as little as possible changed: no TLS proxy stands in front.

    No developer's `.env` or environment reaches in; the services' addresses come from the fixtures.
    """
    return {
        "PYTHONUNBUFFERED": "1",
        "ENV_FILE": os.devnull,
        "DEBUG": "false",
        "SECRET_KEY": "of-the-tests-and-used-nowhere-else-0123456789-abcdefghij",
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "STATE_DIR": str(folder / "state"),
        "TIME_ZONE": "Asia/Jakarta",
        "MQTT_KEEPALIVE": "15",
    } | dict.fromkeys(
        ("DATABASE_URL", "REDIS_URL", "MQTT_USERNAME", "MQTT_PASSWORD", "MQTT_CLIENT_ID"), ""
    )
