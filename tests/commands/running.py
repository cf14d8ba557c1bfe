"""A management command as a process of its own, as a person would start it."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.installation import REPOSITORY
from tests.services.processes import bare_environment


@contextmanager
def running(
    broker_url: str, *words: str, state_dir: Path | None = None, **env: str
) -> Iterator[subprocess.Popen[str]]:
    """`manage.py WORDS` towards this broker; stdout and stderr together; gone at the end.

    Its database is in `state_dir`, else there are no tables in it."""
    with (
        tempfile.TemporaryDirectory(prefix="pelbiot-command-") as passing,
        subprocess.Popen(
            [sys.executable, "-u", "manage.py", *words],
            cwd=REPOSITORY,
            env=bare_environment()
            | {
                "ENV_FILE": "/dev/null",
                "STATE_DIR": str(state_dir or passing),
                "MQTT_BROKER_URL": broker_url,
            }
            | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def outcome(
    broker_url: str, *words: str, state_dir: Path | None = None, **env: str
) -> tuple[int, str]:
    """(exit code, output) of a command that ends by itself."""
    with running(broker_url, *words, state_dir=state_dir, **env) as process:
        output, _ = process.communicate(timeout=110)
        return process.returncode, output


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """The output up to a line that holds `text`."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or text not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], f"it ended without a word of {text!r}"
    return "".join(lines)
