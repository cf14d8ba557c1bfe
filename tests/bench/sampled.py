"""Runs a command of manage.py, and notes in which function each of its threads spends its CPU time.

    python -m tests.bench.sampled FILE mqtt_ingest

cProfile sees only the thread it was switched on in, and makes small functions look dear. This looks
at the stack of every thread 250 times a second, and puts the CPU time that the thread has used since
the last look (the kernel's per-thread clock, so waiting costs nothing) on the functions it finds.
SIGUSR1 begins, SIGUSR2 ends and writes FILE.

Threads are made to hand over the interpreter to the sampler within some microseconds in place of 5 ms:
otherwise it would get its turn only where they give it up by themselves, and every look would find
them in a system call. What is left of that shows in functions that wait or do I/O: read their own
time as an upper bound.
"""

import ctypes
import json
import signal
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType
from typing import Any

EVERY_S = 0.004
HAND_OVER_S = 0.000_01
_PR_SET_TIMERSLACK = 29
Place = tuple[str, int, str]  # file, line where the function starts, name


class Sampler(threading.Thread):
    """Per thread name: CPU seconds, and of each function its own and that with what it calls."""

    def __init__(self) -> None:
        super().__init__(name="sampler", daemon=True)
        self._ended = threading.Event()
        self._used: dict[int, float] = {}
        self.cpu: dict[str, float] = defaultdict(float)
        self.own: dict[str, dict[Place, float]] = defaultdict(lambda: defaultdict(float))
        self.total: dict[str, dict[Place, float]] = defaultdict(lambda: defaultdict(float))
        self.looks = 0

    def run(self) -> None:
        # For this thread only: the kernel may wake the others up to 50 microseconds late.
        ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
        while not self._ended.wait(EVERY_S):
            self._look()

    def stop(self) -> None:
        self._ended.set()

    def write(self, path: Path) -> None:
        threads = [
            {
                "name": name,
                "cpu_s": seconds,
                "own": list(self.own[name].items()),
                "total": list(self.total[name].items()),
            }
            for name, seconds in self.cpu.items()
        ]
        path.write_text(json.dumps({"looks": self.looks, "threads": threads}))

    def _look(self) -> None:
        self.looks += 1
        frames = sys._current_frames()
        for thread in threading.enumerate():
            if thread.ident is None:
                continue
            used = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
            since = used - self._used.get(thread.ident, 0.0)
            first = thread.ident not in self._used
            self._used[thread.ident] = used
            frame = frames.get(thread.ident)
            if frame is not None and since > 0 and not first:
                self._book(thread.name, frame, since)

    def _book(self, name: str, frame: FrameType, seconds: float) -> None:
        self.cpu[name] += seconds
        self.own[name][_place(frame)] += seconds
        places: set[Place] = set()
        above: FrameType | None = frame
        while above is not None:
            places.add(_place(above))
            above = above.f_back
        for place in places:
            self.total[name][place] += seconds


def _place(frame: FrameType) -> Place:
    code: Any = frame.f_code
    return (code.co_filename, code.co_firstlineno, code.co_qualname)


def main() -> None:
    path, arguments = Path(sys.argv[1]), sys.argv[2:]
    sys.argv = ["manage.py", *arguments]
    from manage import main as manage

    sampler = Sampler()

    def begin(*_: object) -> None:
        sys.setswitchinterval(HAND_OVER_S)
        sampler.start()

    def end(*_: object) -> None:
        sampler.stop()
        sampler.write(path)

    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)
    manage()


if __name__ == "__main__":
    main()
