"""What is still to be sent to one websocket: the latest of everything, never a backlog."""

from collections.abc import Iterable
from typing import Any


class Outbox:
    """Keeps the newest event of each kind; of a reading, the newest per (panel, metric).

    Its size is bounded by the panels watched, however slow the client is.
    """

    def __init__(self) -> None:
        self._events: dict[tuple[str, ...], Any] = {}

    def __bool__(self) -> bool:
        return bool(self._events)

    def put(self, events: Iterable[Any]) -> None:
        for event in events:
            key = (event["event"], event.get("panel", ""))
            self._events.pop(key, None)  # the newest goes to the end: the order stays that of time
            self._events[key] = event

    def put_snapshot(self, snapshot: Any) -> None:
        """A snapshot makes every reading that waits before it superfluous."""
        self._events = {key: event for key, event in self._events.items() if not key[1]}
        self.put([snapshot])

    def take(self) -> list[Any]:
        events, self._events = list(self._events.values()), {}
        return events
