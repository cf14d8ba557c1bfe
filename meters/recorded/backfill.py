"""Rows of a recording into the history of a panel, by the same statements as readings over MQTT."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from enum import Enum, auto

from django.db import connection, transaction

from meters.ingest import statements
from meters.ingest.panels import Panels
from meters.ingest.refusals import while_busy
from meters.ingest.sample import Sample
from meters.metrics import MEASURED
from meters.models import Panel, Trend
from meters.mqtt.timestamps import to_datetime, to_microseconds
from meters.recorded.recording import BadRow, Row
from meters.recorded.seen import SeenMoments


class UnknownPanelError(Exception):
    """The panel can't be registered; says why."""


class Fate(Enum):
    """What a row is to the history that stands: a sample that is missing there, one that is
    completed or corrected, or one that says nothing new."""

    NEW = auto()
    CHANGED = auto()
    UNCHANGED = auto()
    EMPTY = auto()


@dataclass(slots=True)
class Plan:
    """What becomes of the rows of a batch, and the samples that have to be written for it."""

    fates: list[Fate] = field(default_factory=list)
    refused: list[BadRow] = field(default_factory=list)
    samples: dict[int, Sample] = field(default_factory=dict)


class Backfill:
    """Writes batches of rows, each in one transaction; with `dry_run` only says what it would do.

    A reading replaces another of the same metric and moment, as over MQTT, unless both stand in
    this recording: it then contradicts itself, and the later row is refused.
    """

    def __init__(self, panel: str, *, max_panels: int, dry_run: bool = False) -> None:
        self.panel = panel
        self.dry_run = dry_run
        self.registers: bool | None = None  # whether the panel was unknown; None before any reading
        self._panels = Panels(auto_register=True, max_panels=max_panels)
        self._seen = SeenMoments()

    def write(self, rows: Sequence[Row]) -> Plan:
        """Rows without any reading touch nothing. Raises UnknownPanelError, and DatabaseError where the database stays away or locked: then
        nothing of these rows is stored."""
        if not any(row.values for row in rows):
            return Plan(fates=[Fate.EMPTY] * len(rows))
        plan = while_busy(lambda: self._written(rows))
        self._seen.add(to_microseconds(row.moment) for row in rows if row.values)
        return plan

    def _written(self, rows: Sequence[Row]) -> Plan:
        with nullcontext() if self.dry_run else transaction.atomic():
            return self._write(rows)

    def _write(self, rows: Sequence[Row]) -> Plan:
        pk = self._key()
        plan = self._plan(rows, _standing(pk, rows))
        samples = list(plan.samples.values())
        if samples and pk is not None and not self.dry_run:
            keys = {self.panel: pk}
            with connection.cursor() as cursor:
                statements.write_trends(cursor, keys, samples)
                statements.advance_panels(cursor, keys, samples)
                statements.mark_ranges(cursor, keys, samples)
        return plan

    def _key(self) -> int | None:
        """The panel's, which is locked until the commit; a dry run only looks, and finds None where
        it would have to be registered."""
        if self.registers is None or self.dry_run:
            pk = Panel.objects.filter(name=self.panel).values_list("pk", flat=True).first()
            if self.registers is None:
                self.registers = pk is None
            if self.dry_run:
                return pk
        panels = self._panels.lock({self.panel})
        if self.panel not in panels:
            raise UnknownPanelError(self._panels.unknown(self.panel))
        return panels[self.panel].pk

    def _plan(self, rows: Sequence[Row], standing: dict[int, dict[str, float]]) -> Plan:
        plan = Plan()
        stored, here = set(standing), set[int]()
        for row in rows:
            if not row.values:
                plan.fates.append(Fate.EMPTY)
                continue
            moment_us = to_microseconds(row.moment)
            known = standing.setdefault(moment_us, {})
            repeated = moment_us in here or moment_us in self._seen
            if repeated and (reason := _contradiction(known, row)):
                plan.refused.append(BadRow(row.number, row.line, reason, row.cells))
                continue
            here.add(moment_us)
            if all(known.get(metric) == value for metric, value in row.values.items()):
                plan.fates.append(Fate.UNCHANGED)
                continue
            plan.fates.append(Fate.CHANGED if moment_us in stored else Fate.NEW)
            known |= row.values
            sample = Sample(self.panel, moment_us, fresh=False)
            plan.samples.setdefault(moment_us, sample).values |= row.values
        return plan


def _contradiction(known: dict[str, float], row: Row) -> str:
    """Why the row can't be true if an earlier one of the same time is; empty where it can."""
    for metric, value in row.values.items():
        if metric in known and known[metric] != value:
            return (
                f"{metric} {value:g} contradicts an earlier row of the same time, "
                f"which has {known[metric]:g}"
            )
    return ""


def _standing(panel: int | None, rows: Sequence[Row]) -> dict[int, dict[str, float]]:
    """What the history holds at the moments of the rows."""
    if panel is None:
        return {}
    moments = [to_datetime(to_microseconds(row.moment)) for row in rows if row.values]
    stored = Trend.objects.filter(panel_id=panel, timestamp__in=moments)
    return {
        to_microseconds(moment): {
            metric: value
            for metric, value in zip(MEASURED, values, strict=True)
            if value is not None
        }
        for moment, *values in stored.values_list("timestamp", *MEASURED)
    }
