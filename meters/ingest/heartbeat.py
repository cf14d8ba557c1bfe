"""How the ingest goes: its counters, and the row that tells the other processes."""

import os
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from meters.ingest.store import DatabaseAwayError
from meters.live import iso
from meters.models import IngestWorker
from meters.mqtt.link import ConnectionSettings, ConnectionStatus, Received
from meters.mqtt.timestamps import to_datetime

INTERVAL_S = 2.0
_RATE_OVER_S = 10.0


@dataclass(slots=True)
class Counters:
    """received = stored + duplicate + rejected + spooled + in_memory, at every moment."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    spooled: int = 0
    in_memory: int = 0


@dataclass
class Heartbeat:
    """One IngestWorker row, due for renewal every two seconds or when told to hurry."""

    settings: ConnectionSettings
    clock: Callable[[], float] = time.monotonic
    counters: Counters = field(default_factory=Counters)
    started_at: datetime = field(default_factory=timezone.now)
    error: str = ""
    errors: int = 0
    last_message: dict[str, Any] | None = None
    _due: float = 0.0
    _history: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=20))

    def hurry(self) -> None:
        """Something changed that people should see at once."""
        self._due = 0.0

    def failed(self, sentence: str) -> None:
        self.error = sentence
        self.errors += 1

    def saw(self, message: Received) -> None:
        """Remember the newest message, as the status shows it."""
        self.last_message = {
            "topic": message.topic[:255],
            "value": message.payload[:100].decode("utf-8", "backslashreplace"),
            "timestamp": iso(to_datetime(int(message.received_s * 1_000_000))),
        }

    @property
    def due(self) -> bool:
        return self.clock() >= self._due

    def beat(self, status: ConnectionStatus) -> None:
        """Write the row. Raises DatabaseAwayError; the next one is due two seconds later either way."""
        now_s = self.clock()
        self._due = now_s + INTERVAL_S
        rate = self._rate(now_s)
        try:
            row, key = self._row(status, rate), {"client_id": self.settings.client_id}
            if not IngestWorker.objects.filter(**key).update(**row):
                IngestWorker.objects.create(**key, **row)
        except (DatabaseError, InterfaceError) as error:
            connection.close()
            raise DatabaseAwayError(str(error)) from error

    def _rate(self, now_s: float) -> float:
        """Messages per second over about the last ten seconds."""
        self._history.append((now_s, self.counters.received))
        while len(self._history) > 2 and now_s - self._history[0][0] > _RATE_OVER_S:
            self._history.popleft()
        then_s, then = self._history[0]
        return (self.counters.received - then) / (now_s - then_s) if now_s > then_s else 0.0

    def _row(self, status: ConnectionStatus, rate: float) -> dict[str, Any]:
        counters = self.counters
        return {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "broker": str(self.settings.broker),
            "protocol": status.protocol,
            "subscriptions": self.settings.subscriptions,
            "connected": status.connected,
            "connected_since": to_datetime(int(status.since_s * 1e6)) if status.since_s else None,
            "started_at": self.started_at,
            "heartbeat_at": timezone.now(),
            "received": counters.received,
            "stored": counters.stored,
            "duplicate": counters.duplicate,
            "rejected": counters.rejected,
            "spooled": counters.spooled,
            "in_memory": counters.in_memory,
            "message_rate": round(rate, 2),
            "error_count": self.errors + counters.rejected,
            "last_error": self.error,
            "last_message": self.last_message,
        }
