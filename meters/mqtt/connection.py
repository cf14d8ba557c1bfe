"""The ingest's connection to the broker: kept for ever, acknowledged by hand.

paho's network thread calls the callbacks here. None of them may raise or take long: a callback
that raises kills that thread while paho goes on saying that it is connected.
"""

import logging
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from meters.mqtt.client import MQTT_3, MQTT_5, build_client, connect_options, protocol_name
from meters.mqtt.failures import connect_failure, disconnection, refusal
from meters.mqtt.link import ConnectionSettings, ConnectionStatus, Received

logger = logging.getLogger(__name__)

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0
RESUBSCRIBE_S = 30.0


class NetworkThreadDiedError(Exception):
    """paho's thread is gone: only a new process helps."""


@dataclass(slots=True)
class _Attempts:
    """What the reconnecting needs to remember."""

    failed: int = 0
    answered: bool = False  # did this connection bring a CONNACK?
    switch_protocol: bool = False
    resubscribe_at: float | None = None


@dataclass
class BrokerConnection:
    """Connects, subscribes, hands over messages and acknowledges them, through every fault.

    1. `start` returns at once; an unreachable broker is retried with growing, random delays.
    2. `on_message(Received)` runs in the network thread and may block it to slow the broker down.
    3. `acknowledge` sends nothing for a message of an earlier connection: the broker may have
       given that packet id to another message since, which would then be lost.
    4. `tick`, called now and then, does what a callback can't: change the protocol, watch the thread.
    """

    settings: ConnectionSettings
    on_message: Callable[[Received], None]
    on_status: Callable[[ConnectionStatus], None]
    status: ConnectionStatus = field(default_factory=ConnectionStatus)
    _protocol: MQTTProtocolVersion = MQTT_5
    _epoch: int = 0
    _attempts: _Attempts = field(default_factory=_Attempts)
    _gate: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _client: Client | None = None

    def start(self) -> None:
        self._client = client = build_client(
            self.settings.broker,
            client_id=self.settings.client_id,
            protocol=self._protocol,
            manual_ack=True,
            persistent=True,
        )
        client.on_pre_connect = self._on_pre_connect
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        self._wait_longer(client)
        options = connect_options(
            self._protocol, keepalive_s=self.settings.keepalive_s, persistent=True
        )
        client.connect_async(self.settings.broker.host, self.settings.broker.port, **options)
        client.loop_start()

    def stop(self) -> None:
        """Send what is still to be sent, say good-bye, end the thread."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()
        with self._gate:
            self._epoch += 1
        self.status = replace(self.status, connected=False, since_s=None)

    def acknowledge(self, message: Received) -> bool:
        """Acknowledge a QoS 1 message; False where its connection is gone and it will come again."""
        if message.qos == 0:
            return True
        with self._gate:
            if message.epoch != self._epoch or not self.status.connected or self._client is None:
                return False
            self._client.ack(message.packet_id, message.qos)
            return True

    def tick(self) -> None:
        """Raises NetworkThreadDiedError when nothing could ever arrive again."""
        if self._attempts.switch_protocol:
            self._switch_protocol()
        elif self._thread is not None and not self._thread.is_alive():
            raise NetworkThreadDiedError("the MQTT network thread has ended")
        due = self._attempts.resubscribe_at
        if due is not None and time.monotonic() >= due and self._client is not None:
            self._attempts.resubscribe_at = None
            self._subscribe(self._client)

    # -- callbacks, in paho's network thread ----------------------------------------------------

    def _on_pre_connect(self, client: Client, userdata: Any) -> None:
        self._thread = threading.current_thread()
        self._attempts.answered = False

    def _on_connect(
        self,
        client: Client,
        userdata: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._attempts.answered = True
        if reason.is_failure:
            if reason.getName() == "Unsupported protocol version":
                self._attempts.switch_protocol = True
            self._failed(client, refusal(reason))
            return
        with self._gate:
            self._epoch += 1
            self.status = ConnectionStatus(
                connected=True,
                since_s=time.time(),
                protocol=protocol_name(self._protocol),
                errors=self.status.errors,
            )
        self._attempts.failed = 0
        logger.info(
            "connected to %s as %s (MQTT %s, session %s)",
            self.settings.broker,
            self.settings.client_id,
            self.status.protocol,
            "kept" if flags.session_present else "new",
        )
        self.on_status(self.status)
        self._subscribe(client)

    def _subscribe(self, client: Client) -> None:
        qos = self.settings.qos
        if self._protocol == MQTT_5:
            # A retained message is an old state, not a new reading: don't send those at all.
            options = SubscribeOptions(qos=qos, retainHandling=2)
            client.subscribe([(name, options) for name in self.settings.subscriptions])
        else:
            client.subscribe([(name, qos) for name in self.settings.subscriptions])

    def _on_subscribe(
        self,
        client: Client,
        userdata: Any,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        refused = [
            f"{name} ({reason.getName()})"
            for name, reason in zip(self.settings.subscriptions, reasons, strict=False)
            if reason.is_failure
        ]
        if refused:
            self._attempts.resubscribe_at = time.monotonic() + RESUBSCRIBE_S
            self._report(
                f"the broker refuses the subscription to {', '.join(refused)}: "
                f"check the rights of user {self.settings.broker.username or '(none)'} there"
            )

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            # Left unacknowledged this message would come again for ever; the topic that is no
            # UTF-8 (forbidden by MQTT) fails the topic check and is recorded with its payload.
            topic = message._topic.decode("utf-8", "backslashreplace")
        self.on_message(
            Received(
                self._epoch,
                message.mid,
                message.qos,
                message.retain,
                message.dup,
                topic,
                bytes(message.payload),
                time.time(),
            )
        )

    def _on_connect_fail(self, client: Client, userdata: Any) -> None:
        # paho tells no reason, but calls this while it handles the exception.
        self._failed(client, connect_failure(self.settings.broker, sys.exc_info()[1]))

    def _on_disconnect(
        self,
        client: Client,
        userdata: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        with self._gate:
            self._epoch += 1
            was_connected = self.status.connected
            self.status = replace(self.status, connected=False, since_s=None)
        if client is not self._client:
            return
        if was_connected:
            self._failed(client, disconnection(self.settings.broker, reason))
        elif not self._attempts.answered:
            self._closed_unanswered(client)

    def _closed_unanswered(self, client: Client) -> None:
        """What a broker does that doesn't know MQTT 5, and some do on a wrong password: the other
        version is tried at once, and only when that fails too is it a failure."""
        self._attempts.switch_protocol = True
        if self._protocol == MQTT_3 or self._attempts.failed:
            self._failed(
                client,
                f"{self.settings.broker} closed the connection without an answer: "
                "the MQTT version, or user and password?",
            )

    # -- failures -------------------------------------------------------------------------------

    def _failed(self, client: Client, sentence: str) -> None:
        self._attempts.failed += 1
        self._wait_longer(client)
        self._report(sentence)

    def _wait_longer(self, client: Client) -> None:
        """Set the delay before the next try: doubled each time, and random, so that many clients
        don't come back to a restarted broker in step."""
        ceiling = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(self._attempts.failed, 10))
        delay_s = random.uniform(ceiling / 2, ceiling) / 2  # noqa: S311 (no secret)
        client.reconnect_delay_set(delay_s, delay_s)  # type: ignore[arg-type]

    def _report(self, sentence: str) -> None:
        self.status = replace(self.status, error=sentence, errors=self.status.errors + 1)
        logger.warning("%s", sentence)
        self.on_status(self.status)

    def _switch_protocol(self) -> None:
        """Try the other MQTT version; called outside paho's thread, which is ended here."""
        self._attempts.switch_protocol = False
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()
        self._protocol = MQTT_3 if self._protocol == MQTT_5 else MQTT_5
        self._thread = None
        logger.info("trying MQTT %s", protocol_name(self._protocol))
        self.start()
