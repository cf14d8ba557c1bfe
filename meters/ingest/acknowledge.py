"""Step 4: tell the broker that it may forget, after the commit and in the order of arrival.

Then find out when it has: what the broker has certainly taken in counts as settled in the
checkpoint, for from then on it may give a packet id to another message.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from meters.ingest.checkpoint import Ledger
from meters.mqtt.connection import Barrier
from meters.mqtt.link import Received

ASK_EVERY_S = 0.1


class Acknowledger(Protocol):
    def acknowledge(self, messages: Sequence[Received]) -> int: ...
    def barrier(self) -> Barrier | None: ...
    def passed(self, barrier: Barrier) -> bool | None: ...
    def exhausted(self, barrier: Barrier) -> bool: ...


@dataclass
class Acknowledgements:
    """Sends them, and settles the ledger's entries behind them."""

    connection: Acknowledger
    ledger: Ledger
    clock: Callable[[], float] = time.monotonic
    _under_way: tuple[Barrier, int] | None = field(default=None, init=False)
    _due_s: float = field(default=0.0, init=False)

    def send(self, messages: Sequence[Received]) -> None:
        """Acknowledge messages that are kept for good. Those of an earlier connection are left
        out: they come again, and the ledger knows them.

        The order matters: MQTT wants PUBACKs in the order of the PUBLISHes (MQTT-4.6.0-2).
        """
        self.connection.acknowledge(messages)

    @property
    def asking(self) -> bool:
        """Whether the broker's answer is being waited for: it comes soon."""
        return self._under_way is not None

    def settle(self) -> bool:
        """Look whether the broker has taken in more; True where that moved the ledger on."""
        if self._under_way is None:
            self._ask()
            return False
        barrier, place = self._under_way
        passed = self.connection.passed(barrier)
        if passed is False:
            return False
        self._under_way = None
        if passed:
            self.ledger.settle(place)
            if self.connection.exhausted(barrier):
                self.ledger.queue_is_empty()
        return bool(passed)

    def last_place(self) -> int | None:
        """Up to where all is settled if the broker now takes in everything to the end."""
        barrier = self.connection.barrier()
        return None if barrier is None else self.ledger.settles_at(barrier.epoch)

    def _ask(self) -> None:
        if self.clock() < self._due_s or self.ledger.settled:
            return
        self._due_s = self.clock() + ASK_EVERY_S
        barrier = self.connection.barrier()
        if barrier is not None:
            place = self.ledger.settles_at(barrier.epoch)
            if place is not None:
                self._under_way = (barrier, place)
