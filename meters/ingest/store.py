"""Step 3: one transaction a batch: samples, current values, rejections."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    connection,
    transaction,
)

from meters.ingest.sample import Batch, Rejection, Sample, beside_the_grid
from meters.models import Panel, RejectedMessage, Trend
from meters.models.fields import upsert
from meters.models.panel import CURRENT_VALUE_FIELDS
from meters.mqtt.timestamps import to_datetime

logger = logging.getLogger(__name__)


class DatabaseAwayError(Exception):
    """*Our side* failed: nothing of the batch may be acknowledged, all of it is tried again."""


@dataclass(frozen=True, slots=True)
class CurrentValue:
    """A reading that became its panel's current value."""

    panel: str
    metric: str
    value: float
    moment: datetime


@dataclass(slots=True)
class Outcome:
    """What became of a batch so far: messages `stored` and `rejected`, new current values."""

    stored: int = 0
    rejected: int = 0
    current: list[CurrentValue] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.stored += other.stored
        self.rejected += other.rejected
        self.current += other.current


class Store:
    """Writes batches. Safe to call again with the same batch and outcome after DatabaseAwayError."""

    def __init__(self, *, auto_register: bool, max_panels: int, rejected_keep: int) -> None:
        self._auto_register = auto_register
        self._max_panels = max_panels
        self._rejected_keep = rejected_keep
        self._rejected_since_trim = 0

    def save(self, batch: Batch, outcome: Outcome) -> None:
        """Commit a batch, whole where the database takes it whole, and add to `outcome` what was
        committed, also where the rest then fails.

        1. A row that collides with another's gives way by a microsecond (see `_give_way`).
        2. A row the database refuses is isolated by halving the batch and becomes a rejection.
        3. Anything else is the database's trouble, not the readings': DatabaseAwayError.
        """
        try:
            self._save(batch.samples, batch.rejections, outcome)
            self._trim()
        except (DatabaseError, InterfaceError) as error:
            connection.close()  # a dead connection would fail for ever; the next use opens another
            raise DatabaseAwayError(str(error)) from error

    def _save(
        self, samples: Sequence[Sample], rejections: Sequence[Rejection], outcome: Outcome
    ) -> None:
        samples = [sample for sample in samples if not sample.saved]
        rejections = [rejection for rejection in rejections if not rejection.saved]
        try:
            written = self._write(samples, rejections)
        except (DataError, IntegrityError) as error:
            if isinstance(error, IntegrityError) and _give_way(samples):
                self._save(samples, rejections, outcome)
            elif len(samples) > 1:
                middle = len(samples) // 2
                self._save(samples[:middle], rejections, outcome)
                self._save(samples[middle:], [], outcome)
            elif samples:
                logger.warning("the database refuses a sample of %s: %s", samples[0].panel, error)
                self._save([], [*rejections, *_refuse(samples[0], str(error))], outcome)
                samples[0].saved = True
            else:
                raise
        else:
            outcome.add(written)
            self._rejected_since_trim += written.rejected
            # Halves of a batch commit one by one: if a later one fails, these aren't written again.
            for sample in samples:
                sample.saved = True
            for rejection in rejections:
                rejection.saved = True

    def _write(self, samples: list[Sample], rejections: list[Rejection]) -> Outcome:
        if not samples and not rejections:
            return Outcome()
        outcome = Outcome()
        with transaction.atomic():
            panels = self._lock_panels({sample.panel for sample in samples})
            known = [sample for sample in samples if sample.panel in panels]
            refused = [
                rejection
                for sample in samples
                if sample.panel not in panels
                for rejection in _refuse(sample, self._unknown_panel(sample.panel))
            ]
            _write_trends(panels, known)
            outcome.current = _advance(panels, known)
            outcome.stored = sum(len(sample.messages) for sample in known)
            outcome.rejected = len(rejections) + len(refused)
            RejectedMessage.objects.bulk_create(map(_rejected_row, (*rejections, *refused)))
        return outcome

    def _lock_panels(self, names: set[str]) -> dict[str, Panel]:
        """The panels of these names, locked until the commit, so that of two ingest workers the
        one with the older reading can't have the last word; unknown ones are registered."""
        panels = _locked(names)
        missing = sorted(names - panels.keys())
        if missing and self._auto_register:
            room = max(0, self._max_panels - Panel.objects.count())
            new = [Panel(name=name) for name in missing[:room]]
            # Another worker may register the same panel at this moment: then it is that one.
            upsert(new, key=["name"], update=["name"], using=connection)
            registered = _locked({panel.name for panel in new})
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

    def _trim(self) -> None:
        if self._rejected_since_trim >= 1000:
            self._rejected_since_trim = 0
            RejectedMessage.objects.trim(self._rejected_keep)


def _locked(names: set[str]) -> dict[str, Panel]:
    rows = Panel.objects.select_for_update().filter(name__in=names).order_by("pk")
    return {panel.name: panel for panel in rows}


def _write_trends(panels: dict[str, Panel], samples: Iterable[Sample]) -> None:
    """Rows sorted by key: workers that write the same rows then queue up instead of deadlocking."""
    fresh: list[Trend] = []
    others: dict[tuple[str, ...], list[Trend]] = defaultdict(list)
    ordered = sorted(samples, key=lambda sample: (panels[sample.panel].pk, sample.moment_us))
    for sample in ordered:
        moment = to_datetime(sample.moment_us)
        row = Trend(panel_id=panels[sample.panel].pk, timestamp=moment, **sample.values)
        if sample.fresh:
            fresh.append(row)
        else:
            others[tuple(sorted(sample.values))].append(row)
    Trend.objects.bulk_create(fresh)
    # Grouped by the metrics they carry, so that what one lacks never erases what stands.
    for metrics, rows in sorted(others.items()):
        upsert(rows, key=["panel", "timestamp"], update=metrics, using=connection)


def _advance(panels: dict[str, Panel], samples: Iterable[Sample]) -> list[CurrentValue]:
    """Move the panels' current values forward in time; returns those that moved."""
    current: list[CurrentValue] = []
    changed: dict[int, Panel] = {}
    for sample in sorted(samples, key=lambda sample: sample.moment_us):
        panel, moment = panels[sample.panel], to_datetime(sample.moment_us)
        for metric, value in sample.values.items():
            if panel.advance(metric, value, moment):
                changed[panel.pk] = panel
                current.append(CurrentValue(panel.name, metric, value, moment))
    rows = [changed[pk] for pk in sorted(changed)]
    upsert(rows, key=["id"], update=CURRENT_VALUE_FIELDS, using=connection)
    return current


def _give_way(samples: Iterable[Sample]) -> bool:
    """Move samples whose key is taken to the next free microsecond; False where none was.

    A row that holds just these values is our own, from a commit whose answer got lost: it is
    written over instead of a second time.
    """
    moved = False
    for sample in samples:
        stands = sample.fresh and _row(sample)
        if not stands:
            continue
        moved = True
        if all(getattr(stands, metric) == value for metric, value in sample.values.items()):
            sample.fresh = False
        while sample.fresh and _row(sample):
            sample.moment_us = beside_the_grid(sample.moment_us + 1)
    return moved


def _row(sample: Sample) -> Trend | None:
    moment = to_datetime(sample.moment_us)
    return Trend.objects.filter(panel__name=sample.panel, timestamp=moment).first()


def _refuse(sample: Sample, reason: str) -> list[Rejection]:
    return [Rejection(message, reason) for message in sample.messages]


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
