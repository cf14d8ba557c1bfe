"""Waiting for what other processes do, with an end to it."""

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def eventually(look: Callable[[], Seen], limit_s: float = 15, what: str = "it") -> Seen:
    """The first true answer of `look`; fails when there is none in `limit_s` seconds."""
    deadline = time.monotonic() + limit_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{what} did not happen within {limit_s:g} s"
        time.sleep(0.05)
    return seen
