"""Step 1: messages wait here, between paho's network thread and the ingest."""

import threading
from collections import deque

from meters.mqtt.link import Received

CAPACITY = 20_000
CAPACITY_BYTES = 64 * 1024 * 1024


class Inbox:
    """A bounded queue of messages, from one thread to one other.

    While it has no room the network thread leaves the socket unread: TCP then holds the broker
    back, and memory stays bounded under any burst, also one of huge messages (which are taken in
    to be rejected with a reason). The queue itself needs no lock: appending and taking are atomic,
    and each count has one writer.
    """

    def __init__(self, capacity: int = CAPACITY, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._capacity = capacity
        self._capacity_bytes = capacity_bytes
        self._messages: deque[Received] = deque()
        self._bytes_in = 0
        self._bytes_out = 0
        self._arrived = threading.Event()
        self._room = threading.Event()
        self._closed = False
        self.received = 0

    def __len__(self) -> int:
        return len(self._messages)

    # -- the network thread's end -----------------------------------------------------------------

    def has_room(self) -> bool:
        """Whether a message may be put; after `close` any may, and is left to the broker."""
        return self._closed or (
            len(self._messages) < self._capacity
            and self._bytes_in - self._bytes_out < self._capacity_bytes
        )

    def wait_for_room(self, seconds: float) -> None:
        self._room.clear()
        if not self.has_room():
            self._room.wait(seconds)

    def put(self, message: Received) -> None:
        """Append. After `close` the message is left to the broker, which has no acknowledgement of
        it and will send it again."""
        if self._closed:
            return
        self._messages.append(message)
        self._bytes_in += len(message.payload)
        self.received += 1
        if not self._arrived.is_set():
            self._arrived.set()

    # -- the ingest's end -------------------------------------------------------------------------

    def take(self, limit: int, wait_s: float) -> list[Received]:
        """Up to `limit` messages in order of arrival: at once what is there, else after a wait."""
        messages = self._messages
        if not messages and wait_s > 0:
            self._arrived.clear()
            if not messages:
                self._arrived.wait(wait_s)
        taken = [messages.popleft() for _ in range(min(limit, len(messages)))]
        self._bytes_out += sum([len(message.payload) for message in taken])
        if taken and not self._room.is_set():
            self._room.set()
        return taken

    def close(self) -> None:
        self._closed = True
        self._room.set()
