"""Step 3 as a whole: where a batch is kept, and what is done until it can be."""

import logging
import random
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from meters.ingest.checkpoint import Ledger
from meters.ingest.heartbeat import Heartbeat
from meters.ingest.sample import Batch, Sampler
from meters.ingest.spool import Spool, SpoolError
from meters.ingest.store import DatabaseAwayError, Outcome, Store
from meters.management.stopping import Stop
from meters.mqtt.link import Received

logger = logging.getLogger(__name__)

DRAINED_AT_ONCE = 2000
_SETTLE_EVERY_S = 1.0
_LOOK_FOR_STOP_S = 0.2
T = TypeVar("T")


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
class Unit:
    """Messages on their way through the steps: all of them to be acknowledged, `fresh` of them to
    be kept under `token`, and what those come to."""

    messages: list[Received]
    fresh: list[Received]
    batch: Batch
    token: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass
class Keeper:
    """Keeps batches in the database; in the spool while the database is away or the spool still
    holds earlier ones, so that readings stay in order. Drains the spool when the database is back.

    `sampler` is for what is drained.
    """

    store: Store
    spool: Spool
    sampler: Sampler
    heartbeat: Heartbeat
    patience: Patience = field(default_factory=Patience)
    inherited: int = 0  # messages that an earlier process left in the spool
    _doubtful: bool = False  # may the first of the spool be in the database already?
    _unwritten: bool = False  # has the ledger moved on without a batch?
    _written_s: float = 0.0
    _said: set[str] = field(default_factory=set)  # kinds of trouble that were told and last

    def resume(self, stop: Stop) -> Ledger | None:
        """What an earlier process of this client id has left; None where told to stop first.

        Without the checkpoint no message may be taken in: it could be one that is stored. Where the
        spool holds batches its checkpoint is the newest; else the database is waited for.
        """
        self.spool.open()
        saved = self.spool.checkpoint()
        self.inherited = self.spool.messages
        self._doubtful = bool(self.spool.messages)
        while True:
            try:
                saved = max(saved, self.store.checkpoint(), key=lambda checkpoint: checkpoint[0])
                ledger = Ledger(*saved)
                self.store.settle(ledger)
            except DatabaseAwayError as error:
                self.patience.failed(took_s=0.0)
                if self.spool.messages:
                    return Ledger(*saved)
                sentence = f"the database doesn't answer, the broker keeps the readings: {error}"
                self._say(sentence, sentence)
            else:
                self._recovered()
                return ledger
            while not self.patience.due:
                if stop.wait(_LOOK_FOR_STOP_S):
                    return None

    def keep(self, unit: Unit, ledger: Ledger) -> bool:
        """Whether the unit is now kept for good, and the ledger with it."""
        if not unit.fresh:
            return True
        if not self.spool.messages and self.patience.due:
            outcome = self.attempt(lambda: self.store.save(unit.batch, ledger, unit.token))
            if outcome is not None:
                self._count(outcome)
                return True
            self._doubtful = True
        try:
            self.spool.append(unit.token, unit.fresh, ledger)
        except SpoolError as error:
            self._say("spool", f"{error}: nothing more is taken in until the database is back")
            return False
        return True

    def settle(self, ledger: Ledger, *, moved: bool, idle: bool) -> None:
        """Note that the ledger has `moved` on without a batch; write it down now and then."""
        self._unwritten |= moved
        due_s = self._written_s + _SETTLE_EVERY_S
        if idle and self._unwritten and time.monotonic() >= due_s:
            self._written_s = time.monotonic()
            self.write(ledger)

    def write(self, ledger: Ledger) -> None:
        """Keep the ledger as it is, in the place where the next batch goes."""
        if self.spool.messages:
            with suppress(SpoolError):  # the next batch says so, if it is still the case
                self.spool.settle(ledger)
                self._unwritten = False
        elif self.patience.due:

            def settled() -> bool:
                self.store.settle(ledger)
                return True

            self._unwritten = self.attempt(settled) is None

    @property
    def can_drain(self) -> bool:
        return bool(self.spool.messages) and self.patience.due

    def drain(self) -> bool:
        """Move the oldest batches from the spool to the database; False where it is away."""
        try:
            return self._drain_oldest()
        except SpoolError as error:
            self._say("drain", str(error))
            self.patience.failed(0.0)
            return False

    def _drain_oldest(self) -> bool:
        if self._doubtful:
            token = self.attempt(self.store.last_token, proves=False)
            if token is None:
                return False
            removed = self.spool.remove_through(token)
            if removed:
                self._count(self.store.outcome(token) or Outcome(stored=removed))
            self._doubtful = False
        batches = self.spool.oldest(DRAINED_AT_ONCE)
        if batches:
            messages = [message for batch in batches for message in batch.messages]
            batch = self.sampler.sample(messages)
            self._doubtful = True
            outcome = self.attempt(lambda: self.store.save(batch, None, batches[-1].token))
            if outcome is None:
                self.sampler.forget()  # they will be sampled again
                return False
            self.spool.remove(batches)
            self._doubtful = False
            self._count(outcome)
        if not self.spool.messages:
            self._unwritten = True
            logger.info("the spool is empty again: all readings are in the database")
        return True

    def attempt(self, work: Callable[[], T], *, proves: bool = True) -> T | None:
        """What the database answers; None where it is away. `proves`: readings can be stored."""
        started_s = time.monotonic()
        try:
            answer = work()
        except DatabaseAwayError as error:
            self._say(
                "database", f"the database doesn't take readings, they go to the spool: {error}"
            )
            self.patience.failed(time.monotonic() - started_s)
            return None
        if proves and self.patience.waiting:
            logger.info("the database is back; %d readings wait in the spool", self.spool.messages)
            self._recovered()
        return answer

    def _recovered(self) -> None:
        self.patience.succeeded()
        self._said.clear()

    def _count(self, outcome: Outcome) -> None:
        self.heartbeat.counters.stored += outcome.stored
        self.heartbeat.counters.rejected += outcome.rejected

    def _say(self, kind: str, sentence: str) -> None:
        """Into the log and the status, once of each kind until the database is back."""
        if kind not in self._said:
            self._said.add(kind)
            logger.warning("%s", sentence)
            self.heartbeat.failed(sentence)
