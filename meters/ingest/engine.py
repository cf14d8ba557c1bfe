"""The engine: takes each step of a reading's path in turn. One process runs one."""

import logging
import random
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

from meters.ingest.acknowledge import Acknowledgements, Acknowledger
from meters.ingest.checkpoint import Ledger
from meters.ingest.heartbeat import Heartbeat
from meters.ingest.receive import Inbox
from meters.ingest.sample import Batch, Sampler
from meters.ingest.spool import Spool, SpoolError
from meters.ingest.store import CurrentValue, DatabaseAwayError, Outcome, Store, impatient
from meters.live import StateEvent, iso
from meters.mqtt.client import RECEIVE_MAXIMUM
from meters.mqtt.link import ConnectionStatus, Received
from meters.mqtt.timestamps import to_datetime

logger = logging.getLogger(__name__)

MAX_BATCH = 2000
# So many at once pass a broker's window without being queued: half of what it lets be under way.
# With MQTT 5 we say how many that is; without, the broker does, and some say 20.
FEW = {"5": RECEIVE_MAXIMUM // 2, "3.1.1": 10}
# Each transaction has a price of its own, so at high rates it is taken at most this often.
BUSY_RATE = 2000.0
BUSY_INTERVAL_S = 0.03
_RATED_OVER_S = 0.1
_IDLE_S = 0.5
_ANSWER_S = 0.02
_SETTLE_EVERY_S = 1.0
_HELD_S = 0.2
T = TypeVar("T")


class Stop(Protocol):
    def is_set(self) -> bool: ...
    def wait(self, seconds: float) -> bool: ...


class Connection(Acknowledger, Protocol):
    status: ConnectionStatus

    def start(self) -> None: ...
    def stop(self) -> bool: ...
    def tick(self) -> None: ...


class Audience(Protocol):
    """Who hears of what was stored."""

    def offer(self, values: list[CurrentValue]) -> None: ...
    def announce(self, event: StateEvent) -> None: ...


@dataclass
class Patience:
    """When to try a database that was away again: delays that double, are random, and are longer
    where trying itself takes long."""

    clock: Callable[[], float] = time.monotonic
    waiting: bool = field(default=False, init=False)
    _delay_s: float = field(default=0.0, init=False)
    _due_s: float = field(default=0.0, init=False)

    @property
    def due(self) -> bool:
        return self.clock() >= self._due_s

    def failed(self, took_s: float) -> None:
        self.waiting = True
        self._delay_s = min(max(0.1, 2 * self._delay_s), 2.0)
        pause_s = random.uniform(self._delay_s / 2, self._delay_s)  # noqa: S311 (no secret)
        self._due_s = self.clock() + max(pause_s, min(2 * took_s, 5.0))

    def succeeded(self) -> None:
        self.waiting = False
        self._delay_s = self._due_s = 0.0


@dataclass(slots=True)
class _Unit:
    """Messages on their way through the steps: all of them to be acknowledged, `fresh` of them to
    be kept under `token`, and what those come to."""

    messages: list[Received]
    fresh: list[Received]
    batch: Batch
    token: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass
class Engine:
    """`run` loops over `step`; a step moves one batch from the inbox to its acknowledgement.

    A batch is kept in the database, or in the spool while the database is away or the spool still
    holds earlier ones, so that readings stay in order. Where neither takes it, it is held, nothing
    more is taken in, and the broker keeps the rest.
    """

    inbox: Inbox
    sampler: Sampler
    drain_sampler: Sampler
    store: Store
    spool: Spool
    connection: Connection
    audience: Audience
    heartbeat: Heartbeat
    stop: Stop
    ledger: Ledger = field(default_factory=Ledger)
    _patience: Patience = field(default_factory=Patience)
    _held: _Unit | None = None
    _doubtful: bool = False  # may the first of the spool be in the database already?
    _unwritten: bool = False  # has the ledger moved on without a batch?
    _written_s: float = 0.0
    _said: set[str] = field(default_factory=set)  # kinds of trouble that were told and last
    _from_before: int = 0  # messages that an earlier process left in the spool
    _taken_s: float = 0.0
    _rated: tuple[float, int] = (0.0, 0)  # since when, and how many messages there were then
    _busy: bool = False

    def __post_init__(self) -> None:
        self._use(self.ledger)

    def run(self) -> None:
        """Work until told to stop; the batch in hand is finished, the rest stays with the broker.

        Raises SpoolError where the spool can't be opened, NetworkThreadDiedError.
        """
        with impatient():
            try:
                if not self.resume():
                    return
                self.connection.start()
                try:
                    while not self.stop.is_set():
                        self.step()
                except BaseException:
                    self.inbox.close()
                    self.connection.stop()
                    raise  # the ledger is left as it was last written: it may be ahead of what is kept
                self._end()
            finally:
                self.spool.close()

    def resume(self) -> bool:
        """Read what an earlier process of this client id has left; False where told to stop first.

        Without the checkpoint no message may be taken in: it could be one that is stored. Where the
        spool holds batches its checkpoint is the newest; else the database is waited for.
        """
        self.spool.open()
        saved = self.spool.checkpoint()
        self._from_before = self.spool.messages
        self._doubtful = bool(self.spool.messages)
        while True:
            try:
                saved = max(saved, self.store.checkpoint(), key=lambda checkpoint: checkpoint[0])
                self._use(Ledger(*saved))
                self.store.settle(self.ledger)
            except DatabaseAwayError as error:
                self._patience.failed(took_s=0.0)
                if self.spool.messages:
                    self._use(Ledger(*saved))
                    return True
                sentence = f"the database doesn't answer, the broker keeps the readings: {error}"
                self._say(sentence, sentence)
            else:
                self._recovered()
                return True
            while not self._patience.due:
                if self.stop.wait(_HELD_S):
                    return False

    def step(self, idle_s: float = _IDLE_S) -> bool:
        """One batch; False where there was nothing to do. Raises NetworkThreadDiedError."""
        self.connection.tick()
        if self._acknowledgements.asking:
            idle_s = min(idle_s, _ANSWER_S)
        worked = self._receive(0.0 if self._can_drain else idle_s)
        worked |= self._can_drain and self._drain()
        self._settle(idle=not worked)
        self._beat()
        return worked

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

    # -- from the inbox to the acknowledgement ----------------------------------------------------

    def _receive(self, idle_s: float) -> bool:
        if self._held is None:
            messages = self._take(idle_s)
            if not messages:
                return False
            self._held = self._sample(messages)
        unit = self._held
        if not self._keep(unit):
            self.stop.wait(_HELD_S)
            return False
        self._held = None
        self._acknowledgements.send(unit.messages)
        self.audience.offer(self.store.current(unit.batch.samples))
        duplicates = len(unit.messages) - len(unit.fresh)
        self.heartbeat.counters.duplicate += duplicates
        self.heartbeat.saw(unit.messages[-1])
        return True

    def _take(self, idle_s: float) -> list[Received]:
        early_s = self._taken_s + BUSY_INTERVAL_S - time.monotonic()
        if self._busy and early_s > 0 and len(self.inbox) < MAX_BATCH:
            time.sleep(early_s)
        messages = self.inbox.take(MAX_BATCH, wait_s=idle_s)
        self._taken_s = time.monotonic()
        since_s, received = self._rated
        if self._taken_s - since_s > _RATED_OVER_S:
            rate = (self.inbox.received - received) / (self._taken_s - since_s)
            self._busy = rate > BUSY_RATE
            self._rated = (self._taken_s, self.inbox.received)
        return messages

    def _sample(self, messages: list[Received]) -> _Unit:
        if len(messages) > FEW[self.connection.status.protocol or "3.1.1"]:
            self.ledger.queue_may_fill()
        take = self.ledger.take
        # A retained message is a copy of an old one that the broker keeps for newcomers.
        fresh = [message for message in messages if take(message) and not message.retained]
        return _Unit(messages, fresh, self.sampler.sample(fresh))

    def _keep(self, unit: _Unit) -> bool:
        """Whether the unit is now kept for good."""
        if not unit.fresh:
            return True
        if not self.spool.messages and self._patience.due:
            outcome = self._try(lambda: self.store.save(unit.batch, self.ledger, unit.token))
            if outcome is not None:
                self._count(outcome)
                return True
            self._doubtful = True
        try:
            self.spool.append(unit.token, unit.fresh, self.ledger)
        except SpoolError as error:
            self._say("spool", f"{error}: nothing more is taken in until the database is back")
            return False
        self.sampler.forget()
        return True

    # -- the database, away and back --------------------------------------------------------------

    @property
    def _can_drain(self) -> bool:
        return bool(self.spool.messages) and self._patience.due

    def _drain(self) -> bool:
        """Move the oldest batches from the spool to the database; False where it is away."""
        try:
            return self._drain_oldest()
        except SpoolError as error:
            self._say("drain", str(error))
            self._patience.failed(0.0)
            return False

    def _drain_oldest(self) -> bool:
        if self._doubtful:
            token = self._try(self.store.last_token, proves=False)
            if token is None:
                return False
            removed = self.spool.remove_through(token)
            if removed:
                self._count(self.store.outcome(token) or Outcome(stored=removed))
            self._doubtful = False
        batches = self.spool.oldest(MAX_BATCH)
        if batches:
            messages = [message for batch in batches for message in batch.messages]
            batch = self.drain_sampler.sample(messages)
            self._doubtful = True
            outcome = self._try(lambda: self.store.save(batch, None, batches[-1].token))
            if outcome is None:
                self.drain_sampler.forget()  # they will be sampled again
                return False
            self.spool.remove(batches)
            self._doubtful = False
            self._count(outcome)
        if not self.spool.messages:
            self._unwritten = True
            logger.info("the spool is empty again: all readings are in the database")
        return True

    def _try(self, work: Callable[[], T], *, proves: bool = True) -> T | None:
        """What the database answers; None where it is away. `proves`: readings can be stored."""
        started_s = time.monotonic()
        try:
            answer = work()
        except DatabaseAwayError as error:
            self._say(
                "database", f"the database doesn't take readings, they go to the spool: {error}"
            )
            self._patience.failed(time.monotonic() - started_s)
            return None
        if proves and self._patience.waiting:
            logger.info("the database is back; %d readings wait in the spool", self.spool.messages)
            self._recovered()
        return answer

    def _recovered(self) -> None:
        self._patience.succeeded()
        self._said.clear()

    def _count(self, outcome: Outcome) -> None:
        self.heartbeat.counters.stored += outcome.stored
        self.heartbeat.counters.rejected += outcome.rejected

    # -- what goes on beside ----------------------------------------------------------------------

    def _use(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._acknowledgements = Acknowledgements(self.connection, ledger)

    def _settle(self, *, idle: bool) -> None:
        """Not while a batch is held: that is in the ledger, neither kept nor acknowledged."""
        if self._held is None:
            self._unwritten |= self._acknowledgements.settle()
            due_s = self._written_s + _SETTLE_EVERY_S
            if idle and self._unwritten and time.monotonic() >= due_s:
                self._written_s = time.monotonic()
                self._write_ledger()

    def _write_ledger(self) -> None:
        """Keep the ledger as it is, in the place where the next batch goes."""
        if self.spool.messages:
            with suppress(SpoolError):  # the next batch says so, if it is still the case
                self.spool.settle(self.ledger)
                self._unwritten = False
        elif self._patience.due:
            self._unwritten = self._try(self._settle_in_database) is None

    def _settle_in_database(self) -> bool:
        self.store.settle(self.ledger)
        return True

    def _beat(self) -> None:
        counters = self.heartbeat.counters
        counters.received = self.inbox.received + self._from_before - self.spool.lost
        counters.spooled = self.spool.messages
        if self._patience.due and self.heartbeat.due:
            beat = partial(self.heartbeat.beat, self.connection.status)
            self._try(beat, proves=not self.spool.messages)

    def _end(self) -> None:
        self.inbox.close()
        place = self._acknowledgements.last_place()
        if self.connection.stop() and place is not None and self._held is None:
            self.ledger.settle(place)
            self._write_ledger()
        self.heartbeat.hurry()
        self._beat()

    def _say(self, kind: str, sentence: str) -> None:
        """Into the log and the status, once of each kind until the database is back."""
        if kind not in self._said:
            self._said.add(kind)
            logger.warning("%s", sentence)
            self.heartbeat.failed(sentence)
