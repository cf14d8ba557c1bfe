"""The ingest workers: each with its connection, and with what became of its messages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext, ngettext

from dashboard import formatting
from dashboard.system.amounts import ago, count, rate
from dashboard.system.facts import BAD, GOOD, QUIET, WARN, Check, Fact, Health
from dashboard.system.visible import Piece, visible
from meters.models import IngestWorker
from meters.mqtt.client import SESSION_EXPIRY_S
from meters.reasons import in_words

_SECTION = "ingest"


@dataclass(frozen=True, slots=True)
class WorkerView:
    """One ingest process. What it has received is the sum of `shares`, at every moment: where that
    doesn't hold, `missing` says by how many messages."""

    client_id: str
    health: Health
    state: str
    facts: list[Fact]
    received: str
    shares: list[Fact]
    missing: str
    last_message: list[Piece]
    last_message_at: str
    last_error: str

    @property
    def alive(self) -> bool:
        return self.health != WARN


def worker_view(worker: IngestWorker, now: datetime) -> WorkerView:
    health, state = _state(worker, now)
    message: dict[str, Any] = worker.last_message or {}
    at = parse_datetime(message["timestamp"]) if message.get("timestamp") else None
    return WorkerView(
        client_id=worker.client_id,
        health=health,
        state=state,
        facts=_facts(worker, now),
        received=count(worker.received),
        shares=_shares(worker),
        missing=_missing(worker),
        last_message=visible(f"{message['topic']}  {message['value']}") if message else [],
        last_message_at=f"{formatting.near(at, now)} ({ago(at, now)})" if at else "",
        last_error=in_words(worker.last_error),
    )


def ingest_checks(workers: list[IngestWorker], now: datetime) -> list[Check]:
    alive = [worker for worker in workers if worker.is_fresh]
    return [_connection(alive), _readings(alive), _spool(workers), *_members(workers, now)]


def _state(worker: IngestWorker, now: datetime) -> tuple[Health, str]:
    if not worker.is_fresh:
        since = formatting.near(worker.heartbeat_at, now)
        return WARN, gettext("No sign of life since {time}").format(time=since)
    if worker.connected:
        return GOOD, gettext("Connected")
    return BAD, gettext("Not connected to the broker")


def _facts(worker: IngestWorker, now: datetime) -> list[Fact]:
    since = worker.connected_since
    connected = formatting.near(since, now) if since and worker.connected else ""
    protocol = f"MQTT {worker.protocol}" if worker.protocol else ""
    return [
        Fact(gettext("Broker"), worker.broker, code=True),
        Fact(gettext("Connected since"), connected or formatting.NOT_MEASURED, protocol),
        Fact(gettext("Subscriptions"), ", ".join(worker.subscriptions), code=True),
        Fact(gettext("Messages"), rate(worker.message_rate if worker.is_fresh else 0)),
        Fact(gettext("Started"), formatting.near(worker.started_at, now)),
        Fact(
            gettext("Last sign of life"),
            ago(worker.heartbeat_at, now),
            gettext("{host}, process {pid}").format(host=worker.host, pid=worker.pid),
        ),
    ]


def _shares(worker: IngestWorker) -> list[Fact]:
    return [
        Fact(gettext("stored"), count(worker.stored)),
        Fact(gettext("repeated"), count(worker.duplicate)),
        Fact(gettext("rejected"), count(worker.rejected)),
        Fact(gettext("in the spool"), count(worker.spooled)),
        Fact(gettext("in the queue"), count(worker.in_memory)),
    ]


def _missing(worker: IngestWorker) -> str:
    told = worker.stored + worker.duplicate + worker.rejected + worker.spooled + worker.in_memory
    if told == worker.received:
        return ""
    sentence = gettext("This does not add up: the sum is {sum}, so {missing} messages are untold.")
    return sentence.format(sum=count(told), missing=count(worker.received - told))


def _connection(alive: list[IngestWorker]) -> Check:
    label = gettext("Ingest")
    if not alive:
        return Check(
            "ingest",
            label,
            BAD,
            gettext("No ingest is running"),
            gettext("Nothing is stored. Start it: manage.py mqtt_ingest"),
            _SECTION,
        )
    connected = [worker for worker in alive if worker.connected]
    if not connected:
        reason = next((worker.last_error for worker in alive if worker.last_error), "")
        advice = gettext("No new readings can arrive. The ingest keeps trying.")
        text = gettext("Not connected to the broker")
        return Check("ingest", label, BAD, text, f"{advice} {in_words(reason)}".strip(), _SECTION)
    if any(_missing(worker) for worker in alive):
        text = gettext("The messages don't add up")
        advice = gettext(
            "Of a worker's messages, some are neither stored nor told. Please report it."
        )
        return Check("ingest", label, WARN, text, advice, _SECTION)
    text = gettext("{connected} of {alive} connected").format(
        connected=count(len(connected)), alive=count(len(alive))
    )
    health = GOOD if len(connected) == len(alive) else WARN
    return Check("ingest", label, health, text, section=_SECTION)


def _readings(alive: list[IngestWorker]) -> Check:
    """How many come. That none come is no fault of the system's: a meter may be quiet."""
    label = gettext("Messages")
    per_second = sum(worker.message_rate for worker in alive)
    if per_second > 0:
        return Check("messages", label, GOOD, rate(per_second), section=_SECTION)
    text = gettext("None in the last seconds") if alive else formatting.NOT_MEASURED
    return Check("messages", label, QUIET, text, section=_SECTION)


def _spool(workers: list[IngestWorker]) -> Check:
    """Also of dead workers: their files still hold the readings."""
    waiting = sum(worker.spooled for worker in workers)
    label = gettext("Spool")
    if not waiting:
        return Check("spool", label, GOOD, gettext("Empty"), section=_SECTION)
    text = ngettext("{count} reading waits", "{count} readings wait", waiting)
    advice = gettext(
        "Readings wait in the ingest's own file until the database takes them. Nothing is lost."
    )
    if any(worker.spooled and not worker.is_fresh for worker in workers):
        advice = gettext(
            "Readings wait in the file of an ingest that doesn't run. Start that one again."
        )
    return Check("spool", label, WARN, text.format(count=count(waiting)), advice, _SECTION)


def _members(workers: list[IngestWorker], now: datetime) -> list[Check]:
    """Of share groups: the broker may keep an absent member's share for that one."""
    since = now - timedelta(seconds=SESSION_EXPIRY_S)
    absent = [
        worker.client_id
        for worker in workers
        if not worker.is_fresh
        and worker.heartbeat_at >= since
        and any(name.startswith("$share/") for name in worker.subscriptions)
    ]
    if not absent:
        return []
    text = gettext("Away: {names}").format(names=", ".join(absent))
    advice = gettext("A member of the share group is away, and its share of the readings waits.")
    return [Check("members", gettext("Share group"), WARN, text, advice, _SECTION)]
