"""How a long-running command is told to stop: Ctrl-C, SIGTERM, or another thread."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Protocol

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Ending(Protocol):
    """What a work looks at between two steps: whether it is to end."""

    def is_set(self) -> bool: ...


class Stop(Ending, Protocol):
    """With a wait that ends with that."""

    def wait(self, seconds: float) -> bool: ...


class Never:
    """For those who don't stop half-way."""

    def is_set(self) -> bool:
        return False


class StopFlag:
    """Set once and for good; any number of threads may look at it or wait for it.

    Not a threading.Event: a signal handler runs in the middle of whatever the main thread does,
    and where that is Event.wait just taking its lock, Event.set would wait for it for ever.
    SimpleQueue.put is the one wake-up call that is documented to be safe there.
    """

    def __init__(self) -> None:
        self._set = False
        self._wake: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        self._set = True
        self._wake.put(None)

    def is_set(self) -> bool:
        return self._set

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until the flag is set if that comes first; says whether it is set."""
        if not self._set and seconds > 0:
            try:
                self._wake.get(timeout=seconds)
            except Empty:
                return self._set
            self._wake.put(None)  # for the next one who waits
        return self._set

    @classmethod
    @contextmanager
    def on_signals(cls) -> Iterator["StopFlag"]:
        """A flag that SIGINT and SIGTERM set, in place of ending the program; main thread only."""
        flag = cls()

        def stop(signum: int, frame: FrameType | None) -> None:
            flag.set()

        before = {signum: signal.signal(signum, stop) for signum in _SIGNALS}
        try:
            yield flag
        finally:
            for signum, handler in before.items():
                signal.signal(signum, handler)
