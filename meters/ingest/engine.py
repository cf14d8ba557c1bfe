"""The engine: takes each step of a reading's path in turn. One process runs one."""

import logging
import random
from dataclasses import dataclass
from typing import Protocol

from django.db import connection as database

from meters.ingest.acknowledge import Acknowledger, acknowledge
from meters.ingest.heartbeat import Heartbeat
from meters.ingest.receive import Inbox
from meters.ingest.sample import Batch, Sampler
from meters.ingest.store import CurrentValue, DatabaseAwayError, Outcome, Store
from meters.live import StateEvent, iso
from meters.mqtt.link import ConnectionStatus, Received
from meters.mqtt.timestamps import to_datetime

logger = logging.getLogger(__name__)

MAX_BATCH = 2000
_IDLE_S = 0.5
_LONGEST_RETRY_S = 5.0


class Stop(Protocol):
    def is_set(self) -> bool: ...
    def wait(self, seconds: float) -> bool: ...


class Connection(Acknowledger, Protocol):
    status: ConnectionStatus

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def tick(self) -> None: ...


class Audience(Protocol):
    """Who hears of what was stored."""

    def offer(self, values: list[CurrentValue]) -> None: ...
    def announce(self, event: StateEvent) -> None: ...


@dataclass
class Engine:
    """`run` loops over `step`; a step moves one batch from the inbox to its acknowledgement."""

    inbox: Inbox
    sampler: Sampler
    store: Store
    connection: Connection
    audience: Audience
    heartbeat: Heartbeat
    stop: Stop

    def run(self) -> None:
        """Work until told to stop; the batch in hand is finished, the rest stays with the broker."""
        self.connection.start()
        try:
            while not self.stop.is_set():
                self.step()
        finally:
            self.inbox.close()
            self.connection.stop()
            self.heartbeat.hurry()
            self._beat()
            database.close()

    def step(self, idle_s: float = _IDLE_S) -> bool:
        """One batch; False where there was nothing to do. Raises NetworkThreadDiedError."""
        self.connection.tick()
        messages = self.inbox.take(MAX_BATCH, wait_s=idle_s)
        if messages:
            self._process(messages)
        self._beat()
        return bool(messages)

    def status_changed(self, status: ConnectionStatus) -> None:
        """Called by the connection, in its thread: tell the pages and the status at once."""
        broker = str(self.heartbeat.settings.broker)
        if status.connected and not status.error:
            since = iso(to_datetime(int((status.since_s or 0) * 1e6)))
            self.audience.announce({"event": "mqtt-connected", "broker": broker, "since": since})
        else:
            self.heartbeat.failed(status.error)
            name = "mqtt-error" if status.connected else "mqtt-disconnected"
            self.audience.announce(
                {"event": name, "broker": broker, "message": status.error}  # type: ignore[typeddict-item]
            )
        self.heartbeat.hurry()

    def _beat(self) -> None:
        self.heartbeat.counters.received = self.inbox.received
        self.heartbeat.beat(self.connection.status)

    def _process(self, messages: list[Received]) -> None:
        batch = self.sampler.sample(messages)
        outcome = self._save(batch)
        if outcome is None:
            return
        acknowledge(messages, self.connection)
        self.audience.offer(outcome.current)
        counters = self.heartbeat.counters
        counters.stored += outcome.stored
        counters.rejected += outcome.rejected
        counters.duplicate += batch.retained
        self.heartbeat.saw(messages[-1])

    def _save(self, batch: Batch) -> Outcome | None:
        """Store the batch, however often that takes; None where the process is to stop before."""
        outcome, delay_s = Outcome(), 0.2
        while True:
            try:
                self.store.save(batch, outcome)
                return outcome
            except DatabaseAwayError as error:
                sentence = f"the database doesn't take readings, trying again: {error}"
                logger.warning("%s", sentence)
                self.heartbeat.failed(sentence)
            if self.stop.wait(random.uniform(delay_s / 2, delay_s)):  # noqa: S311 (no secret)
                return None
            delay_s = min(delay_s * 2, _LONGEST_RETRY_S)
            self.connection.tick()
