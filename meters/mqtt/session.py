"""A connection for as long as a task takes: to publish a file, to look something up.

Unlike the ingest's (`connection`) it has a random client id, leaves no session behind at the
broker, and gives up where it can't connect.
"""

import logging
import math
import os
import secrets
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from meters.management.stopping import Ending, Never
from meters.mqtt.broker import Broker
from meters.mqtt.client import (
    MQTT_3,
    MQTT_5,
    BrokerClient,
    build_client,
    connect_options,
    protocol_name,
)
from meters.mqtt.errors import BrokerUnavailableError
from meters.mqtt.failures import connect_failure, disconnection, refusal

logger = logging.getLogger(__name__)

LONGEST_RETRY_S = 15
_CONNECT_TIMEOUT_S = 5.0
_TRANSIENT = {"Server unavailable", "Server busy", "Quota exceeded", "Connection rate exceeded"}


@dataclass(frozen=True, slots=True)
class _Failure:
    """`final`: trying again can't help. `unanswered`: the broker may not know this MQTT version."""

    sentence: str
    final: bool = False
    unanswered: bool = False


class BrokerSession:
    """Connects with MQTT 5, or 3.1.1 where the broker lacks 5; connects again when it is cut off.

    `prepare` is given each new client, to hang its callbacks on. `changed` is notified whenever
    `connected` changes. paho's network thread calls the methods named `_on_...`.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        client_id_prefix: str,
        prepare: Callable[[Client], None],
        keepalive_s: int = 15,
    ) -> None:
        self.broker = broker
        self.changed = threading.Condition()
        self.connected = False
        self.protocol = ""
        self.receive_maximum = 65_535
        self.trouble = ""
        self._client_id = f"{client_id_prefix}-{secrets.token_hex(4)}"
        self._prepare = prepare
        self._keepalive_s = keepalive_s
        self._client: Client | None = None
        self._failure: _Failure | None = None
        self._answered = False
        self._stood = False  # was there ever a connection?
        self._retry = True

    @property
    def client(self) -> Client:
        if self._client is None:
            raise BrokerUnavailableError(f"not connected to {self.broker}")
        return self._client

    def open(
        self, *, limit_s: float = math.inf, retry: bool = True, stop: Ending | None = None
    ) -> None:
        """Connect within `limit_s` seconds; without `retry`, the first failure is the last.

        Returns unconnected when told to stop. Raises BrokerUnavailableError with a sentence.
        """
        deadline = time.monotonic() + limit_s
        self._retry = retry
        protocol = MQTT_5
        while True:
            self._start(protocol, min(_CONNECT_TIMEOUT_S, limit_s))
            failure = self._wait(deadline, stop or Never())
            if failure is None:
                return
            self.close()
            both_tried = protocol == MQTT_3 and not retry
            if not failure.unanswered or both_tried or time.monotonic() >= deadline:
                raise BrokerUnavailableError(failure.sentence)
            if protocol == MQTT_3:
                time.sleep(0.5)  # a broker that hangs up on both: not as fast as we can
            protocol = MQTT_3 if protocol == MQTT_5 else MQTT_5

    def close(self, *, hang_up: bool = False) -> None:
        """Say good-bye and end the thread; `hang_up` where the broker may not listen any more."""
        client, self._client = self._client, None
        if client is None:
            return
        client.disconnect()
        if hang_up:
            _shut_down(client)
        client.loop_stop()
        self.connected = False

    def _start(self, protocol: MQTTProtocolVersion, connect_timeout_s: float) -> None:
        self._failure, self._answered = None, False
        try:
            client = build_client(
                BrokerClient, self.broker, client_id=self._client_id, protocol=protocol
            )
        except OSError as error:  # the authority's file
            raise BrokerUnavailableError(connect_failure(self.broker, error)) from None
        client.connect_timeout = connect_timeout_s
        # paho sleeps this long after a failure before it notices that it is to end.
        first_s = 1 if self._retry else 0.02
        client.reconnect_delay_set(first_s, LONGEST_RETRY_S)  # type: ignore[arg-type]
        client.on_pre_connect = self._on_pre_connect
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        self._prepare(client)
        self._client, self.protocol = client, protocol_name(protocol)
        options = connect_options(protocol, keepalive_s=self._keepalive_s, persistent=False)
        client.connect_async(self.broker.host, self.broker.port, **options)
        client.loop_start()

    def _wait(self, deadline: float, stop: Ending) -> _Failure | None:
        with self.changed:
            while not self.connected and not stop.is_set():
                failure = self._failure
                if failure and (failure.final or failure.unanswered or not self._retry):
                    return failure
                if time.monotonic() >= deadline:
                    return failure or _Failure(f"{self.broker} doesn't answer")
                self.changed.wait(min(0.2, deadline - time.monotonic()))
        return None

    # -- callbacks, in paho's network thread: none may raise --------------------------------------

    def _on_pre_connect(self, client: Client, userdata: Any) -> None:
        self._answered = False

    def _on_connect(
        self,
        client: Client,
        userdata: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._answered = True
        name = reason.getName()
        if reason.is_failure:
            wrong_version = name == "Unsupported protocol version"
            final = name not in _TRANSIENT and not wrong_version
            self._failed(client, _Failure(refusal(reason), final, wrong_version))
            return
        self.receive_maximum = getattr(properties, "ReceiveMaximum", 65_535)
        if self.trouble:
            logger.info("connected to %s", self.broker)
        with self.changed:
            self.connected, self._stood, self.trouble = True, True, ""
            self.changed.notify_all()

    def _on_connect_fail(self, client: Client, userdata: Any) -> None:
        error = sys.exc_info()[1]  # paho tells no reason, but calls this while it handles the error
        final = isinstance(error, ssl.SSLCertVerificationError)
        self._failed(client, _Failure(connect_failure(self.broker, error), final))

    def _on_disconnect(
        self,
        client: Client,
        userdata: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        was_connected, self.connected = self.connected, False
        if was_connected:
            self._failed(client, _Failure(disconnection(self.broker, reason)))
        elif not self._answered:
            sentence = (
                f"{self.broker} closed the connection without an answer: "
                "the MQTT version, or user and password?"
            )
            self._failed(client, _Failure(sentence, unanswered=True))

    def _failed(self, client: Client, failure: _Failure) -> None:
        if client is not self._client:
            return
        # At the start, what can't be helped by trying again is raised by `open` and not logged.
        hopeless = not self._stood and (failure.final or failure.unanswered)
        if self._retry and not hopeless and failure.sentence != self.trouble:
            logger.warning("%s: trying again", failure.sentence)
        with self.changed:
            self._failure, self.trouble = failure, failure.sentence
            self.changed.notify_all()


def _shut_down(client: Client) -> None:
    """Cut the connection: to a broker that reads no more, paho would go on sending for a while."""
    connection = client.socket()
    if connection is not None:
        with suppress(OSError, ValueError):
            descriptor = os.dup(connection.fileno())
            with socket.socket(fileno=descriptor) as same:
                same.shutdown(socket.SHUT_RDWR)
