"""The command by itself; the jobs are tested in tests/test_jobs.py."""

import signal

import pytest

from tests.commands.running import outcome, read_until, running

NOBODY = "mqtt://127.0.0.1:9"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_told_to_end(how: signal.Signals) -> None:
    with running(NOBODY, "worker") as process:
        read_until(process, "worker started")
        process.send_signal(how)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
    assert "Traceback" not in output


def test_its_help_says_what_it_does_and_how_often() -> None:
    code, output = outcome(NOBODY, "worker", "--help")
    assert code == 0
    assert "trim rejected messages (every 60 s)" in " ".join(output.split())
