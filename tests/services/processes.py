"""One private server process: its port, folder, log and life."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tests.services.ports import answers, free_port
from tests.services.programs import tied_to_this_process

# What a child inherits: enough to find programs, nothing that configures PELBIOT. pytest-django
# sets DJANGO_SETTINGS_MODULE and a developer may have exported a DATABASE_URL.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


class ServiceError(AssertionError):
    """A server did not start or did not stop; the message ends with the last lines of its log."""


def bare_environment() -> dict[str, str]:
    """The few variables every child needs, and none that change what PELBIOT does."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return inherited | {"PYTHONFAULTHANDLER": "1"}  # see ServerProcess._hanging


class ServerProcess:
    """A server that belongs to one test, module or session.

    Subclasses say which `command` to run and, where an open port is not enough, when it `is_ready`.
    Port and folder stay the same over `restart`, so a server comes back with its data.
    """

    name = "server"
    start_limit_s = 60.0
    stop_limit_s = 20.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.log_path = folder / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return bare_environment()

    def working_folder(self) -> Path:
        return self.folder

    def is_ready(self) -> bool:
        return answers(self.port)

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ServiceError(f"{self.name} was never started.")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How the last run ended; negative: by that signal; None: running, or never started."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Starts the process and returns when it is ready to serve."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Starts the process without waiting: for tests in which it can't become ready."""
        if self.is_running:
            raise ServiceError(f"{self.name} is already running.")
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                tied_to_this_process(self.command()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.working_folder(),
                env=self.environment(),
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.start_limit_s
        while not self.is_ready():
            if not self.is_running:
                raise self._failure(f"ended with exit code {self.exit_code} instead of starting")
            if time.monotonic() > deadline:
                self.kill()
                raise self._failure(f"was not ready after {self.start_limit_s:.0f} s")
            time.sleep(0.02)

    def stop(self) -> int | None:
        """Ends the process the polite way (SIGTERM); its exit code. One that hangs is ended."""
        if self._process is None or not self.is_running:
            return self.exit_code
        self._process.terminate()
        self.thaw()  # a frozen process would not see the signal
        try:
            return self._process.wait(self.stop_limit_s)
        except subprocess.TimeoutExpired:
            raise self._hanging(f"still ran {self.stop_limit_s:.0f} s after SIGTERM") from None

    def kill(self) -> None:
        """Ends the process as a power cut would: SIGKILL, nothing is flushed or said."""
        if self._process is not None and self.is_running:
            self._process.kill()
            self._process.wait(10)

    def freeze(self) -> None:
        """Stops the process in its tracks: connections stay open, nothing answers."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def wait_for_exit(self, limit_s: float) -> int:
        """The exit code of a process that should end by itself. One that hangs is ended."""
        if self._process is None:
            raise ServiceError(f"{self.name} was never started.")
        try:
            return self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise self._hanging(f"still runs after {limit_s:.0f} s") from None

    def restart(self) -> None:
        self.stop()
        self.start()

    def log_text(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def _hanging(self, what: str) -> ServiceError:
        """Ends the process, and has it tell first where it hangs: at a SIGABRT, Python's faulthandler
        writes down what each thread does, and the servers do the like."""
        if self._process is not None:
            self._process.send_signal(signal.SIGABRT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        self.kill()
        return self._failure(what, lines=200)

    def _failure(self, what: str, lines: int = 40) -> ServiceError:
        last_lines = "\n".join(self.log_text().splitlines()[-lines:])
        return ServiceError(f"{self.name} {what}. The end of {self.log_path}:\n{last_lines}")


def stop_each(servers: list[ServerProcess]) -> None:
    """Empties the list, last started first: every process is gone when this returns.

    One that fails to stop does not keep the others running; the failures are raised at the end.
    """
    failures: list[str] = []
    while servers:
        server = servers.pop()
        try:
            server.stop()
        except ServiceError as failure:
            failures.append(str(failure))
    if failures:
        raise ServiceError("\n\n".join(failures))
