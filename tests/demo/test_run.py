import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from meters.demo.run import _thread
from meters.management.stopping import StopFlag


def test_a_ctrl_c_while_the_parts_are_started_ends_those_that_run() -> None:
    stop, ended = StopFlag(), threading.Event()

    def work() -> None:
        stop.wait(60)
        ended.set()

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), ExitStack() as parts:
        parts.enter_context(_thread("ingest", stop, work))
        parts.enter_context(_thread("worker", stop, work))
        raise KeyboardInterrupt
    assert ended.is_set()
    assert time.monotonic() - started < 10


def test_a_ctrl_c_while_a_thread_starts_ends_it_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = StopFlag()
    start: Callable[[threading.Thread], None] = threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), _thread("ingest", stop, lambda: None):
        pytest.fail("it was entered")
    assert stop.is_set()
