"""The ingest's connection to the broker: kept for ever, acknowledged by hand.

paho's network thread calls the callbacks here. None of them may raise or take long: a callback
that raises kills that thread while paho goes on saying that it is connected.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from meters.mqtt.attempts import Attempts
from meters.mqtt.client import (
    MQTT_5,
    build_client,
    connect_options,
    protocol_name,
    read_to_the_end,
    topic_of,
)
from meters.mqtt.failures import (
    connect_failure,
    disconnection,
    hung_up,
    refusal,
    unsupported_version,
)
from meters.mqtt.ingest_client import IngestClient
from meters.mqtt.link import ConnectionSettings, ConnectionStatus, Intake, Received
from meters.mqtt.subscriptions import Subscriptions

logger = logging.getLogger(__name__)

STUCK_S = 120.0  # much longer than any pause or attempt to connect
STUCK_GRACE_S = 10.0
_NEVER_S = 3600.0  # paho isn't to try again by itself: `tick` does, with another version


@dataclass(frozen=True, slots=True)
class Barrier:
    """A place in the stream of packets to the broker: the ping that was sent there. `received`
    counts the messages until then if all of them were acknowledged."""

    epoch: int
    ping: int
    received: int | None = None


class NetworkThreadDiedError(Exception):
    """paho's thread is gone or stuck: only a new process helps."""


@dataclass
class BrokerConnection:
    """Connects, subscribes, hands over messages and acknowledges them, through every fault.

    1. `start` returns at once; an unreachable broker is retried with growing, random delays.
    2. `intake` gets the messages, from the network thread; while it has no room, none are read.
    3. `acknowledge` sends nothing for a message of an earlier connection: the broker may have
       given that packet id to another message since, which would then be lost.
    4. `barrier` and `passed` tell when the broker has taken in what was acknowledged, `exhausted`
       whether it then had more for us.
    5. `tick`, called now and then, does what a callback can't: change the protocol, watch the thread.
    """

    settings: ConnectionSettings
    intake: Intake
    on_status: Callable[[ConnectionStatus], None]
    new_client: Callable[..., IngestClient] = partial(build_client, IngestClient)
    clock: Callable[[], float] = time.monotonic
    status: ConnectionStatus = field(default_factory=ConnectionStatus)
    session: int = 0  # counts the broker's sessions since our start: 0 is the one we found there
    _epoch: int = 0
    _finished: int = 0  # messages that have been through `acknowledge`
    _gate: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _client: IngestClient | None = None
    _protocol: MQTTProtocolVersion = MQTT_5
    _answered: bool = False  # did this connection bring a CONNACK?
    _stuck_s: float | None = None  # since when it looks as if the thread were stuck
    _switch_s: float | None = None  # when to try the other version of MQTT

    def __post_init__(self) -> None:
        self._attempts = Attempts(self.clock)
        self._subscriptions = Subscriptions(self.settings, self.clock)

    def start(self) -> None:
        self._protocol = self._attempts.protocol
        self._client = client = self.new_client(
            self.settings.broker,
            client_id=self.settings.client_id,
            protocol=self._protocol,
            manual_ack=True,
            persistent=True,
        )
        client.intake = self.intake
        client.on_pre_connect = self._on_pre_connect
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        options = connect_options(
            self._protocol, keepalive_s=self.settings.keepalive_s, persistent=True
        )
        client.connect_async(self.settings.broker.host, self.settings.broker.port, **options)
        client.loop_start()

    def stop(self) -> bool:
        """Send what is still to be sent, say good-bye, end the thread; whether the broker has
        taken in all of it."""
        was_connected = self.status.connected
        taken_in = self._end_client() and was_connected
        with self._gate:
            self._epoch += 1
            self.status = replace(self.status, connected=False, since_s=None)
        return taken_in

    def acknowledge(self, messages: Sequence[Received]) -> int:
        """Acknowledge the QoS 1 messages among these, in their order; returns how many were left
        out because their connection is gone: those will come again."""
        self._finished += len(messages)
        with self._gate:
            client, epoch = self._client, self._epoch
            if client is None or not self.status.connected:
                return sum(message.qos == 1 for message in messages)
            wanted = [message for message in messages if message.qos == 1]
            current = [message.packet_id for message in wanted if message.epoch == epoch]
            client.acknowledge_all(current)
            return len(wanted) - len(current)

    def barrier(self) -> Barrier | None:
        """A mark behind all that was acknowledged so far; None where nothing is connected."""
        with self._gate:
            if self._client is None or not self.status.connected:
                return None
            received = self.intake.received
            all_finished = received == self._finished
            return Barrier(self._epoch, self._client.ping(), received if all_finished else None)

    def passed(self, barrier: Barrier) -> bool | None:
        """Whether the broker has taken in what was sent before; None where that connection ended
        before it said so."""
        with self._gate:
            if self._client is None or self._epoch != barrier.epoch or not self.status.connected:
                return None
            return self._client.answered(barrier.ping)

    def exhausted(self, barrier: Barrier) -> bool:
        """Of a barrier that is passed: whether the broker had nothing more for us. It had room to
        send, for all was acknowledged, and answered without sending anything first."""
        with self._gate:
            client = self._client
            return client is not None and client.received_at_answer == barrier.received

    def tick(self) -> None:
        """Raises NetworkThreadDiedError when nothing could ever arrive again."""
        if self._switch_s is not None:
            if self.clock() >= self._switch_s:
                self._switch_protocol()
        elif self._thread is not None and not self._thread.is_alive():
            raise NetworkThreadDiedError("the MQTT network thread has ended")
        elif self._client is not None:
            self._watch(self._client)
        if self._client is not None:
            self._subscriptions.ask_again_if_due(self._client, self._protocol)

    def _watch(self, client: IngestClient) -> None:
        now_s = self.clock()
        if now_s - client.alive_s < STUCK_S:
            self._stuck_s = None
        elif self._stuck_s is None:
            self._stuck_s = now_s  # perhaps the whole process was frozen, and so was this thread
        elif now_s - self._stuck_s > STUCK_GRACE_S:
            raise NetworkThreadDiedError("the MQTT network thread is stuck")

    def _switch_protocol(self) -> None:
        self._end_client()
        logger.info("trying MQTT %s", protocol_name(self._attempts.protocol))
        self.start()

    def _end_client(self) -> bool:
        client, self._client = self._client, None
        taken_in: list[bool] = []
        if client is not None:
            client.on_socket_close = lambda client, userdata, closing: taken_in.append(
                read_to_the_end(closing)
            )
            client.disconnect()
            client.loop_stop()
        self._thread = self._switch_s = None
        return any(taken_in)

    # -- callbacks, in paho's network thread ----------------------------------------------------

    def _on_pre_connect(self, client: Client, userdata: Any) -> None:
        self._thread = threading.current_thread()
        self._answered = False

    def _on_connect(
        self,
        client: Client,
        userdata: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if client is not self._client:
            return
        self._answered = True
        if unsupported_version(reason):
            self._not_understood(client, refusal(reason), said_so=True)
        elif reason.is_failure:
            self._attempts.not_connected()
            self._failed(client, refusal(reason))
        else:
            self._connected(client, session_kept=flags.session_present)

    def _on_connect_fail(self, client: Client, userdata: Any) -> None:
        # paho tells no reason, but calls this while it handles the exception.
        sentence = connect_failure(self.settings.broker, sys.exc_info()[1])
        if client is self._client:
            self._attempts.not_connected()
            self._failed(client, sentence)

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
            return  # we have ended it ourselves
        if was_connected:
            self._attempts.lost()
            self._failed(client, disconnection(self.settings.broker, reason))
        elif not self._answered:
            self._not_understood(client, hung_up(self.settings.broker), said_so=False)

    def _on_subscribe(
        self,
        client: Client,
        userdata: Any,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        if sentence := self._subscriptions.answered(reasons):
            self._report(sentence)
            return
        logger.info("subscribed to %s", ", ".join(self.settings.subscriptions))
        if self.status.error:
            self.status = replace(self.status, error="")
            self.on_status(self.status)

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        self.intake.put(
            Received(
                self._epoch,
                message.mid,
                message.qos,
                message.retain,
                message.dup,
                topic_of(message),
                message.payload,  # type: ignore[arg-type]
                time.time(),
                self.session,
            )
        )

    # -- what they come to ----------------------------------------------------------------------

    def _connected(self, client: Client, *, session_kept: bool) -> None:
        self._attempts.connected()
        protocol = protocol_name(self._protocol)
        with self._gate:
            self._epoch += 1
            self.session += not session_kept
            self.status = ConnectionStatus(True, time.time(), protocol, errors=self.status.errors)
        logger.info(
            "connected to %s as %s (MQTT %s, session %s)",
            self.settings.broker,
            self.settings.client_id,
            protocol,
            "kept" if session_kept else "new",
        )
        self.on_status(self.status)
        self._subscriptions.ask(client, self._protocol)

    def _not_understood(self, client: Client, sentence: str, *, said_so: bool) -> None:
        if self._attempts.not_understood(said_so=said_so):
            self._failed(client, sentence)
        else:
            self._plan(client)

    def _failed(self, client: Client, sentence: str) -> None:
        self._plan(client)
        self._report(sentence)

    def _plan(self, client: Client) -> None:
        """Have paho try again after the delay, or `tick` where it must be with the other version."""
        delay_s = self._attempts.delay_s
        if self._attempts.protocol != self._protocol:
            self._switch_s = self.clock() + delay_s
            delay_s = _NEVER_S
        client.reconnect_delay_set(delay_s, delay_s)  # type: ignore[arg-type]

    def _report(self, sentence: str) -> None:
        self.status = replace(self.status, error=sentence, errors=self.status.errors + 1)
        logger.warning("%s", sentence)
        self.on_status(self.status)
