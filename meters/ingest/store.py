"""Step 3: one transaction a batch: samples, current values, rejections, and the checkpoint."""

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, connection, transaction

from meters.ingest import statements
from meters.ingest.checkpoint import Head, Ledger, Page
from meters.ingest.refusals import Trouble, trouble
from meters.ingest.sample import Batch, Rejection, Sample, beside_the_grid
from meters.metrics import METRICS
from meters.models import IngestCheckpoint, IngestCheckpointPage, Panel, RejectedMessage, Trend
from meters.models.fields import upsert
from meters.mqtt.timestamps import to_datetime, to_microseconds

logger = logging.getLogger(__name__)

_BUSY_TRIES = 6
_LONGEST_S = 2.0  # readings wait meanwhile: what takes longer is an outage
_LOCK_WAIT_S = 3
_TIMEOUT_S = 5
T = TypeVar("T")


class DatabaseAwayError(Exception):
    """*Our side* failed: nothing of the batch is known to be stored."""


@dataclass(frozen=True, slots=True)
class CurrentValue:
    """A reading that became its panel's current value."""

    panel: str
    metric: str
    value: float
    moment: datetime


@dataclass(slots=True)
class Outcome:
    """What became of a batch: messages `stored` and `rejected`."""

    stored: int = 0
    rejected: int = 0


@dataclass(slots=True)
class _KnownPanel:
    """A panel's key, and the moments (microseconds since 1970) of its current values as we know
    them; another ingest may have moved them on since."""

    pk: int
    moments: dict[str, int]


@dataclass(slots=True)
class _Attempt:
    """What one transaction has locked and written."""

    rejections: list[Rejection]
    refused: list[Sample] = field(default_factory=list)
    panels: dict[str, _KnownPanel] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)


class Store:
    """Writes batches, each whole or not at all."""

    def __init__(
        self, client_id: str, *, auto_register: bool, max_panels: int, rejected_keep: int
    ) -> None:
        self._client_id = client_id
        self._auto_register = auto_register
        self._max_panels = max_panels
        self._rejected_keep = rejected_keep
        self._rejected_since_trim = 0
        self._panels: dict[str, _KnownPanel] = {}
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
        self._panels |= done.panels
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
        """The readings that are new current values as far as we know, the newest of each metric,
        whether they are stored yet or wait in the spool."""
        newest: dict[tuple[str, str], tuple[int, float]] = {}
        for sample in samples:
            known = self._panels.get(sample.panel)
            for metric, value in sample.values.items():
                place = (sample.panel, metric)
                stands = newest[place][0] if place in newest else None
                if stands is None and known is not None:
                    stands = known.moments.get(metric)
                if stands is None or sample.moment_us >= stands:
                    newest[place] = (sample.moment_us, value)
        current = []
        for (panel, metric), (moment_us, value) in newest.items():
            if panel in self._panels:
                self._panels[panel].moments[metric] = moment_us
            current.append(CurrentValue(panel, metric, value, to_datetime(moment_us)))
        return current

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
        attempt.panels = self._lock_panels({sample.panel for sample in batch.samples})
        known = [sample for sample in batch.samples if sample.panel in attempt.panels]
        if len(known) < len(batch.samples):
            for sample in batch.samples:
                if sample.panel not in attempt.panels:
                    _refuse(attempt, sample, self._unknown_panel(sample.panel))
        write_samples(attempt, known)
        RejectedMessage.objects.bulk_create(map(_rejected_row, attempt.rejections))
        attempt.outcome.rejected = len(attempt.rejections)

    def _write_samples(self, attempt: _Attempt, samples: Sequence[Sample]) -> None:
        keys = {name: panel.pk for name, panel in attempt.panels.items()}
        with connection.cursor() as cursor:
            statements.write_trends(cursor, keys, samples)
            statements.advance_panels(cursor, keys, samples)
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

    def _lock_panels(self, names: set[str]) -> dict[str, _KnownPanel]:
        """The panels of these names, locked until the commit, so that none is deleted while it gets
        readings; unknown ones are registered."""
        panels = _locked(names, self._panels)
        missing = sorted(names - panels.keys())
        if missing:
            panels |= _read(missing)
            missing = [name for name in missing if name not in panels]
        if missing and self._auto_register:
            room = max(0, self._max_panels - Panel.objects.count())
            new = [Panel(name=name) for name in missing[:room]]
            # Another worker may register the same panel at this moment: then it is that one.
            upsert(new, key=["name"], update=["name"], using=connection)
            registered = _read(missing[:room])
            panels |= registered
            if registered:
                names_now = ", ".join(registered)
                transaction.on_commit(lambda: logger.info("new panels: %s", names_now))
        return panels

    def _unknown_panel(self, name: str) -> str:
        if self._auto_register:
            return (
                f"panel {name} is unknown, and {self._max_panels} panels are registered already "
                "(MQTT_MAX_PANELS): raise the limit or delete panels nobody needs"
            )
        return f"panel {name} is unknown and MQTT_AUTO_REGISTER is off: add it in the admin"


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


def _locked(names: set[str], known: dict[str, _KnownPanel]) -> dict[str, _KnownPanel]:
    """Those of `names` we know, if they still have the name by which we know them."""
    keys = sorted(known[name].pk for name in names if name in known)
    if not keys:
        return {}
    rows = Panel.objects.select_for_update().filter(pk__in=keys).order_by("pk")
    found = dict(rows.values_list("name", "pk"))
    return {name: known[name] for name, pk in found.items() if _is(known.get(name), pk)}


def _is(panel: _KnownPanel | None, pk: int) -> bool:
    return panel is not None and panel.pk == pk


def _read(names: Iterable[str]) -> dict[str, _KnownPanel]:
    """Panels by name, locked, with the moments of their current values."""
    moments = [f"{metric}_at" for metric in METRICS]
    rows = Panel.objects.select_for_update().filter(name__in=list(names)).order_by("pk")
    return {
        name: _KnownPanel(
            pk,
            {
                metric: to_microseconds(moment)
                for metric, moment in zip(METRICS, known, strict=True)
                if moment is not None
            },
        )
        for name, pk, *known in rows.values_list("name", "pk", *moments)
    }


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
