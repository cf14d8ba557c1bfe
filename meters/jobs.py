"""The periodic jobs: what `manage.py worker` does, each safe to run at any time and more than once."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from meters.energy.pending import roll_pending
from meters.energy.pruner import Pruner
from meters.management.stopping import Stop
from meters.models import (
    IngestCheckpoint,
    IngestCheckpointPage,
    IngestWorker,
    JobRun,
    Panel,
    RejectedMessage,
)
from meters.mqtt.client import SESSION_EXPIRY_S

logger = logging.getLogger(__name__)

FORGET_WORKER_AFTER = timedelta(days=30)
ROLL_UP_FOR_S = 8.0
PRUNE_FOR_S = 3.0
SQLITE_PAUSE_S = 0.11


@dataclass
class Job:
    """Something to do every `every_s` seconds; `due_s` is on the clock that `step` is given."""

    name: str
    every_s: float
    run: Callable[[], object]
    due_s: float = field(default=0.0)


def trim_rejected_messages() -> None:
    removed = RejectedMessage.objects.trim(settings.MQTT_REJECTED_KEEP)
    if removed:
        logger.info("removed the %d oldest rejected messages", removed)


def forget_dead_workers() -> None:
    """Also their checkpoints: the broker has forgotten their sessions long before."""
    dead = IngestWorker.objects.filter(heartbeat_at__lt=timezone.now() - FORGET_WORKER_AFTER)
    client_ids = list(dead.values_list("client_id", flat=True))
    for model in (IngestCheckpointPage, IngestCheckpoint, IngestWorker):
        model._default_manager.filter(client_id__in=client_ids).delete()


def tell_of_absent_members() -> None:
    """Of share groups: the broker keeps an absent member's share for that one (Mosquitto does)."""
    since = timezone.now() - timedelta(seconds=SESSION_EXPIRY_S)
    for worker in IngestWorker.objects.filter(heartbeat_at__gte=since):
        shares = any(name.startswith("$share/") for name in worker.subscriptions)
        if shares and not worker.is_fresh:
            logger.warning(
                "the ingest %s gives no sign of life since %s, and its share of the readings waits",
                worker.client_id,
                worker.heartbeat_at.isoformat(timespec="seconds"),
            )


class TimeLimit:
    """A stop flag that is set by itself after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._end_s = time.monotonic() + seconds

    def is_set(self) -> bool:
        return time.monotonic() >= self._end_s

    def wait(self, seconds: float) -> bool:
        time.sleep(max(0.0, min(seconds, self._end_s - time.monotonic())))
        return self.is_set()


def roll_up() -> None:
    """What is dirty; where there is much of it, some, so that the other jobs have their turn."""
    limit = TimeLimit(ROLL_UP_FOR_S)
    roll_pending(None, limit, partial(let_others_write, limit))


def let_others_write(stop: Stop) -> None:
    """SQLite has one writer at a time, and no queue: who waits looks again ten times a second. One
    that writes again at once would keep the ingest out for as long as it has work."""
    if connection.vendor == "sqlite":
        stop.wait(SQLITE_PAUSE_S)


class Prune:
    """What is older than it is to be kept; some at a time, for the same reason. Remembers from one
    run to the next who is done."""

    def __init__(self) -> None:
        self._pruner = Pruner()
        self._told: set[str] = set()

    def __call__(self) -> None:
        outcome = self._pruner.run(Panel.objects.all(), TimeLimit(PRUNE_FOR_S))
        if outcome.pruned.rows:
            logger.info("deleted %s", outcome.pruned)
        for name in outcome.waiting.keys() - self._told:
            since = outcome.waiting[name].isoformat(timespec="seconds")
            logger.info(
                "old history of %s stays until what is dirty since %s is rolled up", name, since
            )
        self._told = set(outcome.waiting)


def clear_sessions() -> None:
    call_command("clearsessions")


def all_jobs() -> list[Job]:
    return [
        Job("roll up", 10, roll_up),
        Job("trim rejected messages", 60, trim_rejected_messages),
        Job("forget dead ingest workers", 3600, forget_dead_workers),
        Job("tell of absent members of share groups", 3600, tell_of_absent_members),
        Job("delete old history", 60, Prune()),
        Job("clear expired sessions", 3600, clear_sessions),
    ]


# Told of each run: the job, how long it took (s), and the error, empty where there was none.
Record = Callable[[Job, float, str], None]


def record_run(job: Job, took_s: float, error: str) -> None:
    """Write it down for the system page, which can wait where the database is away."""
    try:
        JobRun.objects.record(job.name, every_s=job.every_s, took_s=took_s, error=error)
    except (DatabaseError, InterfaceError):
        connection.close()


def _unrecorded(job: Job, took_s: float, error: str) -> None: ...


def step(jobs: Sequence[Job], now_s: float, record: Record = _unrecorded) -> float:
    """Run what is due; returns the seconds until the next job. A failing job is tried again next
    time, and never keeps the others from running."""
    for job in jobs:
        if job.due_s <= now_s:
            job.due_s = now_s + job.every_s
            started_s = time.monotonic()
            error = _run(job)
            record(job, time.monotonic() - started_s, error)
    return max(0.0, min(job.due_s for job in jobs) - now_s)


def _run(job: Job) -> str:
    """What went wrong; empty when nothing did."""
    try:
        job.run()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("%s: the database is away: %s", job.name, error)
        connection.close()
        return f"the database is away: {error}"
    except Exception as error:
        logger.exception("%s failed", job.name)
        return f"{type(error).__name__}: {error}"
    return ""


def run_worker(
    stop: Stop,
    clock: Callable[[], float],
    jobs: Sequence[Job] | None = None,
    record: Record = _unrecorded,
) -> None:
    """Run the jobs until told to stop."""
    jobs = all_jobs() if jobs is None else jobs
    while not stop.is_set():
        began_s = clock()
        until_next_s = step(jobs, began_s, record)
        stop.wait(max(0.0, until_next_s - (clock() - began_s)))  # the jobs have taken time, too
    connection.close()
