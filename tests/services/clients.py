"""A small MQTT client for tests: one call per step, each waiting for the broker's answer."""

import queue
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

LIMIT_S = 10.0
SESSION_EXPIRY_S = 3_600


class MqttClient:
    """An MQTT 5 client at QoS 1 on `mqtt://` or `ws://`; with a `client_id` its session is kept."""

    def __init__(self, url: str, client_id: str = "", limit_s: float = LIMIT_S) -> None:
        self.address = urlsplit(url)
        self.limit_s = limit_s
        self.keep_session = bool(client_id)
        self.messages: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.session_present = False
        self._answers: queue.Queue[ReasonCode] = queue.Queue()
        self._publish_reasons: dict[int, ReasonCode] = {}
        websocket = self.address.scheme == "ws"
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            transport="websockets" if websocket else "tcp",
        )
        if websocket:
            self._client.ws_set_options(path=self.address.path)
        if self.address.username:
            self._client.username_pw_set(
                unquote(self.address.username), unquote(self.address.password or "")
            )
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish

    def connect(self) -> None:
        """Connects; raises ConnectionRefusedError with the broker's reason."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        if self.keep_session:
            properties.SessionExpiryInterval = SESSION_EXPIRY_S
        self._client.connect(
            str(self.address.hostname),
            self.address.port or 1883,
            clean_start=not self.keep_session,
            properties=properties,
        )
        self._client.loop_start()
        answer = self._answers.get(timeout=self.limit_s)
        if answer.is_failure:
            self.disconnect()
            raise ConnectionRefusedError(str(answer))

    def disconnect(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # Together with these the two objects would be a cycle, whose sockets Python reports as
        # left open when it comes across them much later.
        self._client.on_connect = self._client.on_message = None
        self._client.on_subscribe = self._client.on_publish = None

    def subscribe(self, topic_filter: str) -> None:
        """Subscribes at QoS 1; raises PermissionError where the broker does not grant it."""
        self._client.subscribe(topic_filter, qos=1)
        answer = self._answers.get(timeout=self.limit_s)
        if answer.is_failure:
            raise PermissionError(str(answer))

    def publish(self, topic: str, payload: str | bytes, retain: bool = False) -> ReasonCode:
        """Publishes at QoS 1, waits for the broker's answer and returns it.

        The answer tells a refusal from a success only because this is MQTT 5: a 3.1.1 client is
        told "success" for a message that the access list has just thrown away.
        """
        handle = self._client.publish(topic, payload, qos=1, retain=retain)
        self._wait_for(handle)
        return self._publish_reasons.pop(handle.mid)

    def publish_all(self, messages: Iterable[tuple[str, str]]) -> None:
        """Publishes many at QoS 1 without waiting for each; returns when all are confirmed."""
        for handle in [self._client.publish(topic, text, qos=1) for topic, text in messages]:
            self._wait_for(handle)
        self._publish_reasons.clear()

    def next_message(self, limit_s: float | None = None) -> tuple[str, bytes]:
        """The next message as (topic, payload); queue.Empty when none arrives in time."""
        return self.messages.get(timeout=self.limit_s if limit_s is None else limit_s)

    def receives_nothing_for(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.messages.empty():
                return False
            time.sleep(0.01)
        return True

    def _wait_for(self, handle: MQTTMessageInfo) -> None:
        handle.wait_for_publish(self.limit_s)
        if not handle.is_published():
            raise TimeoutError(f"Message {handle.mid} was not confirmed in {self.limit_s} s.")

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.disconnect()

    def _on_connect(
        self, client: Client, userdata: Any, flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        self.session_present = bool(flags.session_present)
        self._answers.put(reason)

    def _on_subscribe(
        self, client: Client, userdata: Any, mid: int, reasons: list[ReasonCode], properties: Any
    ) -> None:
        self._answers.put(reasons[0])

    def _on_publish(
        self, client: Client, userdata: Any, mid: int, reason: ReasonCode, properties: Any
    ) -> None:
        self._publish_reasons[mid] = reason

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        self.messages.put((message.topic, bytes(message.payload)))
