import os
import signal
import threading
import time

import pytest

from meters.management.stopping import StopFlag


def test_a_wait_without_a_stop_takes_its_time_and_says_so() -> None:
    assert StopFlag().wait(0.01) is False


def test_once_set_no_wait_waits() -> None:
    stop = StopFlag()
    stop.set()
    started = time.monotonic()
    assert stop.is_set()
    assert [stop.wait(60), stop.wait(60)] == [True, True]
    assert time.monotonic() - started < 5


def test_it_wakes_every_thread_that_waits() -> None:
    stop = StopFlag()
    woken: list[bool] = []
    threads = [threading.Thread(target=lambda: woken.append(stop.wait(60))) for _ in range(3)]
    for thread in threads:
        thread.start()
    stop.set()
    for thread in threads:
        thread.join(timeout=10)
    assert woken == [True] * 3


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_sets_it_and_ends_nothing(signum: signal.Signals) -> None:
    with StopFlag.on_signals() as stop:
        os.kill(os.getpid(), signum)
        assert stop.wait(10)


def test_a_signal_wakes_the_main_thread_out_of_its_wait() -> None:
    with StopFlag.on_signals() as stop:
        signal.setitimer(signal.ITIMER_REAL, 0)
        timer = threading.Timer(0.05, lambda: os.kill(os.getpid(), signal.SIGTERM))
        timer.start()
        started = time.monotonic()
        assert stop.wait(60)
        assert time.monotonic() - started < 10
        timer.join()


def test_afterwards_the_signals_mean_what_they_meant_before() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with StopFlag.on_signals():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
