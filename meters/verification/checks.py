"""The checks themselves, one function each. Each returns what it saw, or raises CheckFailedError."""

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from paho.mqtt.client import Client, MQTTMessage
from websockets.sync.client import ClientConnection

from meters.models import Panel, Trend
from meters.mqtt.broker import Broker
from meters.mqtt.errors import BrokerUnavailableError
from meters.mqtt.session import BrokerSession
from meters.verification.visitor import CheckFailedError, Visitor

PANEL = "pelbiot-verify"
_DROPPED = "$SYS/broker/publish/messages/dropped"

Found = TypeVar("Found")


@dataclass
class Installation:
    """What the checks look at. `value` is unlike any other, so that only our message matches."""

    visitor: Visitor
    broker: Broker
    timeout_s: float
    value: float

    @classmethod
    def at(cls, visitor: Visitor, timeout_s: float) -> "Installation":
        value = round(random.uniform(200, 250), 6)  # noqa: S311 (no secret)
        return cls(visitor, settings.MQTT_BROKER, timeout_s, value)

    @property
    def topic(self) -> str:
        return str(settings.MQTT_TOPICS.topic(PANEL, "voltage"))

    def eventually(self, look: Callable[[], Found | None], otherwise: str) -> Found:
        """The first answer of `look` within the time limit."""
        deadline = time.monotonic() + self.timeout_s
        while (found := look()) is None:
            if time.monotonic() >= deadline:
                raise CheckFailedError(f"{otherwise} within {self.timeout_s:g} s")
            time.sleep(0.05)
        return found


def health(here: Installation) -> str:
    here.visitor.get("/healthz")
    return "the web process answers"


def readiness(here: Installation) -> str:
    here.visitor.get_json("/readyz")
    return "database, ingest and channel layer answer"


def status(here: Installation) -> str:
    answer = here.visitor.get_json("/api/mqtt/status")
    if not answer["connected"]:
        errors = [worker["lastError"] for worker in answer["workers"] if worker["lastError"]]
        raise CheckFailedError(f"no ingest is connected to {answer['broker']}. {' '.join(errors)}")
    return f"{answer['clientId']} is connected to {answer['broker']}"


def workers(here: Installation) -> str:
    """Warns only: one that is away may be meant to be. The share of a share group's member waits."""
    found = here.visitor.get_json("/api/mqtt/status")["workers"]
    away = [worker["clientId"] for worker in found if not worker["alive"]]
    if away:
        return f"WARNING: no sign of life of {', '.join(away)}: does it still run?"
    return f"{len(found)} alive"


def last_values(here: Installation) -> str:
    answer = here.visitor.get_json("/api/mqtt/last-values")
    if answer["timestamp"] is None:
        return "no panel has published yet"
    return f"newest reading {answer['timestamp']}"


def topics(here: Installation) -> str:
    answer = here.visitor.get_json("/api/mqtt/topics")
    if answer != settings.MQTT_TOPICS.filters:
        raise CheckFailedError(f"the web process subscribes to other filters: {answer}")
    return ", ".join(answer)


def history(here: Installation) -> str:
    return f"{len(here.visitor.get_json('/api/mqtt/history?limit=5'))} of the newest 5 readings"


def broker(here: Installation) -> str:
    session = BrokerSession(
        here.broker, client_id_prefix="pelbiot-verify", prepare=lambda client: None
    )
    try:
        session.open(limit_s=here.timeout_s, retry=False)
    except BrokerUnavailableError as error:
        raise CheckFailedError(str(error)) from None
    protocol = session.protocol
    session.close()
    return f"{here.broker} accepts our log-in (MQTT {protocol})"


def dropped_messages(here: Installation) -> str:
    """Warns only: a broker may have dropped messages that were never for us."""
    seen: list[bytes] = []
    arrived = threading.Event()

    def on_message(client: Client, userdata: Any, message: MQTTMessage) -> None:
        seen.append(bytes(message.payload))
        arrived.set()

    def prepare(client: Client) -> None:
        client.on_message = on_message

    session = BrokerSession(here.broker, client_id_prefix="pelbiot-verify", prepare=prepare)
    try:
        session.open(limit_s=here.timeout_s, retry=False)
    except BrokerUnavailableError as error:
        raise CheckFailedError(str(error)) from None
    session.client.subscribe(_DROPPED)
    arrived.wait(2)
    session.close()
    if not seen or not seen[0].strip().isdigit():
        return "nothing told (the broker has dropped none, or shows no $SYS topics to this user)"
    count = int(seen[0])
    if count:
        return f"WARNING: the broker has dropped {count:,} messages since its start: raise its queue limits"
    return "the broker has dropped none"


def publishing(here: Installation) -> str:
    content = {"topic": here.topic, "message": here.value}
    here.visitor.post_json("/api/mqtt/publish", content)
    return f"the broker confirmed {here.topic} = {here.value}"


def database(here: Installation) -> str:
    samples = Trend.objects.filter(panel__name=PANEL, voltage=here.value)
    found = here.eventually(samples.first, "the reading did not reach the database")
    return f"stored at {found.timestamp.isoformat()}"


def api(here: Installation) -> str:
    def look() -> Any:
        answer = here.visitor.get_json(f"/api/mqtt/last-value/{here.topic}")
        return answer if answer["value"] == here.value else None

    return f"answers {here.eventually(look, 'the API has another value')['value']}"


def websocket(here: Installation, live: ClientConnection) -> str:
    """The reading among the frames that came since the connection was opened."""
    deadline = time.monotonic() + here.timeout_s
    while (left_s := deadline - time.monotonic()) > 0:
        try:
            frame = json.loads(live.recv(timeout=left_s))
        except TimeoutError:
            break
        for event in frame["events"]:
            if event.get("topic") == here.topic and event.get("value") == here.value:
                return f"{event['event']} arrived"
    raise CheckFailedError(f"the reading did not arrive within {here.timeout_s:g} s")


def snapshot(here: Installation, live: ClientConnection) -> str:
    """Ask for the events of our own panel, and read up to the snapshot that answers."""
    live.send(json.dumps({"action": "watch", "panels": [PANEL]}))
    deadline = time.monotonic() + here.timeout_s
    while (left_s := deadline - time.monotonic()) > 0:
        frame = json.loads(live.recv(timeout=left_s))
        for event in frame["events"]:
            if event["event"] == "snapshot" and set(event["panels"]) == {PANEL}:
                return "a snapshot of the watched panel came first"
    raise CheckFailedError(f"no snapshot within {here.timeout_s:g} s")


def make_panel() -> None:
    """A panel for the test reading that no page shows."""
    Panel.objects.update_or_create(name=PANEL, defaults={"active": False})


def remove_panel() -> None:
    Panel.objects.filter(name=PANEL).delete()
