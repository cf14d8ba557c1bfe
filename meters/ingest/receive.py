"""Step 1: messages wait here, between paho's network thread and the ingest."""

import threading
from collections import deque

from meters.mqtt.link import Received

CAPACITY = 20_000
CAPACITY_BYTES = 64 * 1024 * 1024


class Inbox:
    """A bounded queue of messages. A full one blocks the network thread, which stops reading the
    socket: TCP then holds the broker back, and memory stays bounded under any burst, also one of
    huge messages (which are taken in to be rejected with a reason)."""

    def __init__(self, capacity: int = CAPACITY, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._capacity = capacity
        self._capacity_bytes = capacity_bytes
        self._bytes = 0
        self._messages: deque[Received] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self.received = 0

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Received) -> None:
        """Append, waiting for room. After `close` the message is left to the broker, which has no
        acknowledgement of it and will send it again."""
        with self._changed:
            while self._full() and not self._closed:
                self._changed.wait()
            if self._closed:
                return
            self._messages.append(message)
            self._bytes += len(message.payload)
            self.received += 1
            self._changed.notify_all()

    def take(self, limit: int, wait_s: float) -> list[Received]:
        """Up to `limit` messages in order of arrival: at once what is there, else after a wait."""
        with self._changed:
            if not self._messages:
                self._changed.wait(wait_s)
            taken = [self._messages.popleft() for _ in range(min(limit, len(self._messages)))]
            if taken:
                self._bytes -= sum(len(message.payload) for message in taken)
                self._changed.notify_all()
            return taken

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _full(self) -> bool:
        return len(self._messages) >= self._capacity or self._bytes >= self._capacity_bytes
