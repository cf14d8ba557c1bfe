"""Live events: their one typed definition, and the channel groups they travel in.

A reading's event goes to the group of its panel's bucket, so the cost of pushing is bounded
whatever the number of panels; the state of the MQTT connection goes to a group of its own.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal, NotRequired, TypedDict
from zlib import crc32

from meters.metrics import MEASURED
from meters.models import IngestWorker, Panel
from meters.mqtt.topics import TopicSpace

BUCKETS = 16
STATE_GROUP = "live.state"
INTEREST_GROUP = "live.interest"
INTEREST_EVERY_S = 10.0
StateEventName = Literal["mqtt-connected", "mqtt-disconnected", "mqtt-error"]


class ReadingEvent(TypedDict):
    """A new current value. `event` is the metric's event name, `timestamp` ISO 8601 in UTC."""

    event: str
    topic: str
    panel: str
    metric: str
    value: float
    timestamp: str


class StateEvent(TypedDict):
    """The connection between ingest and broker changed. `since` is when, ISO 8601 in UTC;
    `connected` is as in ConnectionState."""

    event: StateEventName
    broker: str
    connected: NotRequired[bool | None]
    since: NotRequired[str | None]
    message: NotRequired[str]


class StatusEvent(TypedDict):
    """How much comes in, for a page that asked to be told: messages a second, and when the newest
    one arrived (ISO 8601 in UTC)."""

    event: Literal["mqtt-status"]
    messageRate: float
    lastMessageAt: str | None


class PanelValues(TypedDict):
    """The current values of one panel; `timestamp` is that of its newest reading."""

    voltage: float | None
    ampere: float | None
    power: float | None
    energy_cost: float | None
    timestamp: str | None


class ConnectionState(TypedDict):
    """`connected` is None while no ingest process gives a sign of life. `messageRate` in messages a
    second and `lastMessageAt` (ISO 8601 in UTC) are those of all ingest processes together."""

    connected: bool | None
    broker: str | None
    since: str | None
    messageRate: float
    lastMessageAt: str | None


NO_INGEST: ConnectionState = {
    "connected": None,
    "broker": None,
    "since": None,
    "messageRate": 0.0,
    "lastMessageAt": None,
}


class SnapshotEvent(TypedDict):
    """Everything a page needs to start from, or to start again from after a gap."""

    event: Literal["snapshot"]
    panels: dict[str, PanelValues]
    mqtt: ConnectionState


class EventBatch(TypedDict):
    """What travels over the channel layer: `seq` counts per `source` and group, to show a gap."""

    type: Literal["live.events"]
    source: str
    group: str
    seq: int
    events: list[Any]


class InterestNote(TypedDict):
    """What a consumer tells the ingest: these groups are watched, for the next while."""

    type: Literal["live.interest"]
    groups: list[str]


def bucket_group(panel: str) -> str:
    """The group in which the events of the panel of this name travel."""
    return f"live.panels.{crc32(panel.encode()) % BUCKETS}"


def bucket_groups() -> list[str]:
    return [f"live.panels.{bucket}" for bucket in range(BUCKETS)]


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC with a Z, as all our interfaces write a time."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def reading_event(
    topics: TopicSpace, panel: str, metric: str, value: float, moment: datetime
) -> ReadingEvent:
    return {
        "event": MEASURED[metric].event,
        "topic": topics.topic(panel, metric),
        "panel": panel,
        "metric": metric,
        "value": value,
        "timestamp": iso(moment) or "",
    }


def panel_values(panel: Panel) -> PanelValues:
    return {
        "voltage": panel.voltage,
        "ampere": panel.ampere,
        "power": panel.power,
        "energy_cost": panel.energy_cost,
        "timestamp": iso(panel.last_reading_at),
    }


def connection_state() -> ConnectionState:
    """Whether readings can come in just now, over all ingest workers that live."""
    workers = list(IngestWorker.objects.fresh())
    if not workers:
        return NO_INGEST
    connected = [worker for worker in workers if worker.connected]
    since = min((w.connected_since for w in connected if w.connected_since), default=None)
    return {
        "connected": bool(connected),
        "broker": (connected or workers)[0].broker,
        "since": iso(since),
        "messageRate": round(sum(worker.message_rate for worker in workers), 2),
        "lastMessageAt": max(
            (worker.last_message["timestamp"] for worker in workers if worker.last_message),
            default=None,
        ),
    }


def snapshot(panels: Iterable[Panel]) -> SnapshotEvent:
    return {
        "event": "snapshot",
        "panels": {panel.name: panel_values(panel) for panel in panels},
        "mqtt": connection_state(),
    }
