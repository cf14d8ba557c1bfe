import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime

import pytest
from django.core.exceptions import RequestAborted

from meters.demo.run import _thread, publish_missed, tell_of_errors
from meters.management.stopping import StopFlag
from meters.simulation.publishing import small_transformers


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


def test_nothing_is_said_of_pages_that_nobody_waits_for_any_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.set_exception_handler(tell_of_errors)
        with caplog.at_level(logging.ERROR, "asyncio"):
            loop.call_exception_handler({"message": "aborted", "exception": RequestAborted()})
            assert caplog.messages == []
            loop.call_exception_handler({"message": "a real one", "exception": ValueError()})
        assert "a real one" in caplog.text
    finally:
        loop.close()


def test_what_was_measured_while_the_parts_were_started_is_published_with_its_times() -> None:
    published: list[tuple[str, str]] = []

    class Broker:
        def publish(self, topic: str, payload: str) -> bool:
            published.append((topic, payload))
            return True

    publish_missed(small_transformers(["t1"]), Broker(), 1_768_435_200.0, 1_768_435_205.5)
    times = {json.loads(payload)["timestamp"] for _, payload in published}
    assert {datetime.fromisoformat(time).timestamp() - 1_768_435_200 for time in times} == {0, 2, 4}
    assert len(published) == 12
