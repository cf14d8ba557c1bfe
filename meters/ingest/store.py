"""Step 3: one transaction a batch: samples, current values, what rollups change, rejections, checkpoint."""

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, connection, transaction

from meters.ingest import statements
from meters.ingest.checkpoint import Head, Ledger, Page
from meters.ingest.panels import CurrentValue, KnownPanel, Panels
from meters.ingest.refusals import Trouble, trouble
from meters.ingest.sample import Batch, Rejection, Sample, beside_the_grid
from meters.models import IngestCheckpoint, IngestCheckpointPage, RejectedMessage, Trend
from meters.models.fields import upsert
from meters.mqtt.timestamps import to_datetime

logger = logging.getLogger(__name__)

_BUSY_TRIES = 6
_LONGEST_S = 2.0  # readings wait meanwhile: what takes longer is an outage
_LOCK_WAIT_S = 3
_TIMEOUT_S = 5
T = TypeVar("T")


class DatabaseAwayError(Exception):
    """*Our side* failed: nothing of the batch is known to be stored."""


@dataclass(slots=True)
class Outcome:
    """What became of a batch: messages `stored` and `rejected`."""

    stored: int = 0
    rejected: int = 0


@dataclass(slots=True)
class _Attempt:
    """What one transaction has locked and written."""

    rejections: list[Rejection]
    refused: list[Sample] = field(default_factory=list)
    panels: dict[str, KnownPanel] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)


class Store:
    """Writes batches, each whole or not at all."""

    def __init__(
        self, client_id: str, *, auto_register: bool, max_panels: int, rejected_keep: int
    ) -> None:
        self._client_id = client_id
        self._panels = Panels(auto_register=auto_register, max_panels=max_panels)
        self._rejected_keep = rejected_keep
        self._rejected_since_trim = 0
        self._last = ("", _Attempt([]))

    def save(self, batch: Batch, ledger: Ledger | None, token: str) -> Outcome:
        """Commit a batch under its `token`, and with it the checkpoint where there is one to write.

        1. A row that collides with another's gives way by a microsecond (see `_give_way`).
        2. A row the database refuses is isolated by halving the batch and becomes a rejection.
        3. A deadlock or another writer's lock: tried again a few times.
        4. A connection that broke: tried once more, on a new one, unless the token shows that the
           commit had come through and only its answer got lost. The same goes for later calls.
        5. Anything else is the database's trouble, not the readings': DatabaseAwayError.

        Afterwards `batch.samples` are those that are stored.
        """
        write_samples = self._write_samples

        def write() -> _Attempt:
            last_token, last_attempt = self._last
            attempt = _Attempt(list(batch.rejections))
            with transaction.atomic():
                if last_token == token and self._locked_token() == token:
                    return last_attempt
                self._last = (token, attempt)
                self._write(attempt, batch, write_samples)
                self._write_checkpoint(ledger, token)
            return attempt

        def write_somehow() -> _Attempt:
            nonlocal write_samples
            try:
                return write()
            except (DatabaseError, InterfaceError) as error:
                if trouble(error) is not Trouble.DATA or write_samples == self._write_in_halves:
                    raise
            write_samples = self._write_in_halves
            return write()

        done = self._persistently(write_somehow)
        if ledger is not None:
            ledger.saved("database")
        self._panels.remember(done.panels)
        batch.samples = [sample for sample in batch.samples if sample not in done.refused]
        self._rejected_since_trim += done.outcome.rejected
        with suppress(DatabaseAwayError):  # the batch is stored; there will be other occasions
            self._trim()
        return done.outcome

    def outcome(self, token: str) -> Outcome | None:
        """Of the batch of this token, where it was the last that was tried."""
        last_token, attempt = self._last
        return attempt.outcome if last_token == token else None

    def settle(self, ledger: Ledger) -> None:
        """Write the checkpoint as it is now. Raises DatabaseAwayError."""

        def write() -> None:
            with transaction.atomic():
                self._write_checkpoint(ledger, None)

        self._persistently(write)
        ledger.saved("database")

    def checkpoint(self) -> tuple[Head, list[Page]]:
        """As it was last written. Raises DatabaseAwayError."""

        def read() -> tuple[Head, list[Page]]:
            with transaction.atomic():
                # Locked: a commit of a process that was killed may still be under way.
                mine = IngestCheckpoint.objects.select_for_update().filter(
                    client_id=self._client_id
                )
                head = mine.values_list(*Head._fields).first()
                pages = IngestCheckpointPage.objects.filter(client_id=self._client_id)
                rows = list(pages.values_list("slot", "number", "generation", "entries"))
            return Head(*head or ()), [Page(*row[:3], bytes(row[3])) for row in rows]

        return self._persistently(read)

    def last_token(self) -> str:
        """That of the last batch that was committed, once no commit of ours is under way any more.
        Raises DatabaseAwayError."""

        def read() -> str:
            with transaction.atomic():
                return self._locked_token()

        return self._persistently(read)

    def current(self, samples: Iterable[Sample]) -> list[CurrentValue]:
        """The readings among them that are new current values (see `Panels.current`)."""
        return self._panels.current(samples)

    def _trim(self) -> None:
        if self._rejected_since_trim >= 1000:
            self._rejected_since_trim = 0
            self._persistently(lambda: RejectedMessage.objects.trim(self._rejected_keep))

    def _persistently(self, work: Callable[[], T]) -> T:
        busy, broken, started_s = 0, 0, time.monotonic()
        while True:
            try:
                return work()
            except (DatabaseError, InterfaceError) as error:
                kind = trouble(error)
                connection.close()  # a dead connection would fail for ever; the next use opens one
                busy += kind is Trouble.BUSY
                broken += kind is Trouble.AWAY
                slow = time.monotonic() - started_s > _LONGEST_S
                if slow or broken > 1 or busy >= _BUSY_TRIES or kind is Trouble.DATA:
                    raise DatabaseAwayError(str(error)) from error
            time.sleep(random.uniform(0, 0.01) * 2**busy)  # noqa: S311 (no secret)

    def _locked_token(self) -> str:
        # Locked, because a commit that went unanswered may still be under way in the server.
        row = IngestCheckpoint.objects.select_for_update().filter(client_id=self._client_id)
        return row.values_list("token", flat=True).first() or ""

    def _write(
        self,
        attempt: _Attempt,
        batch: Batch,
        write_samples: Callable[[_Attempt, Sequence[Sample]], None],
    ) -> None:
        attempt.panels = self._panels.lock({sample.panel for sample in batch.samples})
        known = [sample for sample in batch.samples if sample.panel in attempt.panels]
        if len(known) < len(batch.samples):
            for sample in batch.samples:
                if sample.panel not in attempt.panels:
                    _refuse(attempt, sample, self._panels.unknown(sample.panel))
        write_samples(attempt, known)
        RejectedMessage.objects.bulk_create(map(_rejected_row, attempt.rejections))
        attempt.outcome.rejected = len(attempt.rejections)

    def _write_samples(self, attempt: _Attempt, samples: Sequence[Sample]) -> None:
        keys = {name: panel.pk for name, panel in attempt.panels.items()}
        with connection.cursor() as cursor:
            statements.write_trends(cursor, keys, samples)
            statements.advance_panels(cursor, keys, samples)
            statements.mark_ranges(cursor, keys, samples)
        attempt.outcome.stored += sum([len(sample.messages) for sample in samples])

    def _write_in_halves(self, attempt: _Attempt, samples: Sequence[Sample]) -> None:
        """Write what the database takes; what it refuses is left out and becomes a rejection."""
        if not samples:
            return
        try:
            with transaction.atomic():
                self._write_samples(attempt, samples)
            return
        except DatabaseError as error:
            if trouble(error) is not Trouble.DATA:
                raise
            reason = str(error)
        if _give_way(samples):
            self._write_in_halves(attempt, samples)
        elif len(samples) > 1:
            middle = len(samples) // 2
            self._write_in_halves(attempt, samples[:middle])
            self._write_in_halves(attempt, samples[middle:])
        else:
            logger.warning("the database refuses a sample of %s: %s", samples[0].panel, reason)
            _refuse(attempt, samples[0], reason)

    def _write_checkpoint(self, ledger: Ledger | None, token: str | None) -> None:
        columns = [] if token is None else ["token"]
        if ledger is not None:
            columns += Head._fields
            pages = [
                IngestCheckpointPage(client_id=self._client_id, **page._asdict())
                for page in ledger.unsaved("database")
            ]
            key, changed = ["client_id", "slot"], ["number", "generation", "entries"]
            upsert(pages, key=key, update=changed, using=connection)
        values = (Head() if ledger is None else ledger.head)._asdict()
        head = IngestCheckpoint(client_id=self._client_id, token=token or "", **values)
        upsert([head], key=["client_id"], update=columns, using=connection)


@contextmanager
def impatient() -> Iterator[None]:
    """For this thread's database connection: an answer that takes longer than 5 s, or a lock longer
    than 3 s, is an outage. The pages may wait longer; readings have the spool."""
    connection.close()
    before = connection.settings_dict
    options = dict(before["OPTIONS"])
    if connection.vendor == "mysql":
        options |= {"read_timeout": _TIMEOUT_S, "write_timeout": _TIMEOUT_S}
        options["init_command"] += f", innodb_lock_wait_timeout={_LOCK_WAIT_S}"
    else:
        options["timeout"] = _LOCK_WAIT_S
    connection.settings_dict = {**before, "OPTIONS": options}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = before


def _give_way(samples: Iterable[Sample]) -> bool:
    """Move samples whose key is taken to the next free microsecond; False where none was."""
    moved = False
    for sample in samples:
        while sample.fresh and _taken(sample):
            sample.moment_us = beside_the_grid(sample.moment_us + 1)
            moved = True
    return moved


def _taken(sample: Sample) -> bool:
    moment = to_datetime(sample.moment_us)
    return Trend.objects.filter(panel__name=sample.panel, timestamp=moment).exists()


def _refuse(attempt: _Attempt, sample: Sample, reason: str) -> None:
    attempt.refused.append(sample)
    attempt.rejections += [Rejection(message, reason) for message in sample.messages]


def _rejected_row(rejection: Rejection) -> RejectedMessage:
    message = rejection.message
    kept = message.payload[: RejectedMessage.PAYLOAD_KEPT].decode("utf-8", "backslashreplace")
    return RejectedMessage(
        topic=message.topic[: RejectedMessage.TOPIC_KEPT],
        payload=kept,
        payload_bytes=len(message.payload),
        reason=rejection.reason,
        received_at=to_datetime(int(message.received_s * 1_000_000)),
    )
