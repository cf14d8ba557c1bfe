"""Publishing at QoS 1, each message counted when the broker has confirmed it."""

import time
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from meters.management.stopping import Ending, Never
from meters.mqtt.broker import Broker
from meters.mqtt.errors import BrokerUnavailableError
from meters.mqtt.session import BrokerSession

_SLICE_S = 0.2


class PublicationRefusedError(BrokerUnavailableError):
    """The broker is there and has said no to a message: sending it again can't help."""


class Publisher:
    """`with Publisher(broker) as publisher:` connects; then `publish` and, at the end, `flush`.

    1. At most `in_flight` messages are unconfirmed, fewer where the broker asks for fewer;
       `publish` waits for room, and for the connection: nothing piles up while the broker is away.
    2. When the connection is lost, paho connects again and resends what was not confirmed. A
       message whose confirmation got lost arrives twice: only its timestamp tells.
    3. Connecting has `connect_limit_s` seconds, and without `retry` one try only.
       Raises BrokerUnavailableError with a sentence.
    4. With a `stop` flag no wait outlasts its setting.
    """

    def __init__(
        self,
        broker: Broker,
        client_id_prefix: str = "pelbiot-publisher",
        in_flight: int = 1000,
        *,
        connect_limit_s: float = 10.0,
        retry: bool = True,
        stop: Ending | None = None,
    ) -> None:
        self.session = BrokerSession(
            broker, client_id_prefix=client_id_prefix, prepare=self._prepare
        )
        self.published = 0
        self.confirmed = 0
        self._in_flight = in_flight
        self._connect_limit_s = connect_limit_s
        self._retry = retry
        self._stop = stop or Never()
        self._refusal = ""

    def __enter__(self) -> Self:
        self.session.open(limit_s=self._connect_limit_s, retry=self._retry, stop=self._stop)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.session.close(hang_up=self.unconfirmed > 0)

    @property
    def unconfirmed(self) -> int:
        return self.published - self.confirmed

    def publish(self, topic: str, payload: str | bytes) -> bool:
        """Hand a message over, waiting for room; False where told to stop before there was any.

        Raises PublicationRefusedError once the broker has refused a message, this one or an
        earlier one.
        """
        with self.session.changed:
            while not self._has_room():
                if self._stop.is_set():
                    return False
                self.session.changed.wait(_SLICE_S)
            self.published += 1
        result = self.session.client.publish(topic, payload, qos=1).rc
        # Without a connection paho keeps the message and sends it when there is one.
        if result not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
            raise BrokerUnavailableError(f"the message could not be sent ({result.name})")
        return True

    def flush(self, timeout_s: float) -> bool:
        """Wait until every message is confirmed; False where some are not after `timeout_s`.

        Doesn't look at the stop flag: what was sent before the stop is worth a moment's wait.
        Raises PublicationRefusedError.
        """
        deadline = time.monotonic() + timeout_s
        with self.session.changed:
            while self.unconfirmed:
                self._raise_refusal()
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return False
                self.session.changed.wait(min(left_s, _SLICE_S))
        return True

    def _has_room(self) -> bool:
        self._raise_refusal()
        window = min(self._in_flight, self.session.receive_maximum)
        return self.session.connected and self.unconfirmed < window

    def _raise_refusal(self) -> None:
        if self._refusal:
            raise PublicationRefusedError(self._refusal)

    def _prepare(self, client: Client) -> None:
        client.max_inflight_messages = self._in_flight
        client.on_publish = self._on_publish

    def _on_publish(
        self,
        client: Client,
        userdata: Any,
        mid: int,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        """In paho's network thread, with the broker's answer to one message."""
        with self.session.changed:
            if reason.is_failure:
                user = self.session.broker.username or "(none)"
                self._refusal = (
                    f"{self.session.broker} refuses a message of user {user}: {reason.getName()} "
                    "(the broker's ACL says who may publish what)"
                )
            else:
                self.confirmed += 1
            # A full window is let half empty before the publisher is woken: one switch between
            # the threads for many messages instead of one for each.
            if reason.is_failure or self.unconfirmed <= self._in_flight // 2:
                self.session.changed.notify_all()


def publish_once(broker: Broker, topic: str, payload: str | bytes, timeout_s: float = 5.0) -> None:
    """Publish one message on a connection of its own; returns once the broker has confirmed it.

    Raises BrokerUnavailableError: not reachable, refused (PublicationRefusedError), or no answer
    within `timeout_s`.
    """
    limit = _Deadline(timeout_s)
    publisher = Publisher(
        broker, "pelbiot-once", in_flight=1, connect_limit_s=timeout_s, retry=False, stop=limit
    )
    with publisher:
        if not publisher.publish(topic, payload) or not publisher.flush(limit.left_s):
            reason = publisher.session.trouble or f"{broker} doesn't answer"
            raise BrokerUnavailableError(f"no confirmation within {timeout_s:g} s: {reason}")


class _Deadline:
    """A stop flag that sets itself."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    @property
    def left_s(self) -> float:
        return max(0.0, self._at - time.monotonic())

    def is_set(self) -> bool:
        return self.left_s == 0
