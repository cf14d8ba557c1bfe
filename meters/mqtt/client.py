"""A paho client set up our way: one place for transport, TLS, credentials and protocol."""

import os
import socket
import ssl
import time
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from meters.mqtt.broker import Broker

MQTT_5 = MQTTProtocolVersion.MQTTv5
MQTT_3 = MQTTProtocolVersion.MQTTv311

# How many unacknowledged messages the broker may have under way to us (MQTT 5 only); the default
# of most brokers is 20, which makes batches tiny and slow.
RECEIVE_MAXIMUM = 1000
SESSION_EXPIRY_S = 14 * 24 * 3600
_FAREWELL_S = 2.0


C = TypeVar("C", bound="BrokerClient")


class Socket(Protocol):
    def fileno(self) -> int: ...


class EndingSocket:
    """A socket whose end is an error. Where a websocket's handshake is broken off, paho would go on
    reading nothing, for ever and at full speed."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def recv(self, size: int) -> bytes:
        data: bytes = self._inner.recv(size)
        if not data:
            self._inner.close()  # which paho forgets
            raise ConnectionAbortedError(
                "it closed the connection during the websocket's handshake"
            )
        return data


class BrokerClient(Client):
    """paho's client, safe from a websocket that ends too early."""

    def _create_socket_connection(self) -> Any:
        connection = super()._create_socket_connection()
        return connection if self._ssl else self._ending(connection)

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> Any:
        return self._ending(super()._ssl_wrap_socket(tcp_sock))

    def _ending(self, connection: socket.socket) -> Any:
        return EndingSocket(connection) if self._transport == "websockets" else connection


def build_client(
    client_class: type[C],
    broker: Broker,
    *,
    client_id: str,
    protocol: MQTTProtocolVersion = MQTT_5,
    manual_ack: bool = False,
    persistent: bool = False,
) -> C:
    """A client for `broker`, not connected yet; `persistent` keeps its session at the broker.

    `mqtts` and `wss` verify the broker's certificate, against the system's authorities or
    `broker.ca_file`.
    """
    client = client_class(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=None if protocol == MQTT_5 else not persistent,
        protocol=protocol,
        transport="websockets" if broker.websocket else "tcp",
        manual_ack=manual_ack,
    )
    if broker.username:
        client.username_pw_set(broker.username, broker.password or None)
    if broker.tls:
        client.tls_set_context(ssl.create_default_context(cafile=broker.ca_file or None))
    if broker.websocket:
        client.ws_set_options(path=broker.path)
    client.connect_timeout = 5.0
    return client


def connect_options(
    protocol: MQTTProtocolVersion, *, keepalive_s: int, persistent: bool
) -> dict[str, Any]:
    """The keyword arguments of paho's `connect_async` that go with `build_client`."""
    options: dict[str, Any] = {"keepalive": keepalive_s}
    if protocol == MQTT_5:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        if persistent:
            properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        options |= {"clean_start": not persistent, "properties": properties}
    return options


def protocol_name(protocol: MQTTProtocolVersion) -> str:
    return "5" if protocol == MQTT_5 else "3.1.1"


class Message(Protocol):
    _topic: bytes

    @property
    def topic(self) -> str: ...


def topic_of(message: Message) -> str:
    """Its topic, readable also where it is no UTF-8 (which MQTT forbids): left unacknowledged such
    a message would come again for ever; so it fails the topic check and is recorded."""
    try:
        return message.topic
    except UnicodeDecodeError:
        return message._topic.decode("utf-8", "backslashreplace")


def read_to_the_end(closing: Socket) -> bool:
    """Let the broker take in all that was sent before the good-bye; whether it did.

    A socket that is closed with something unread in it is reset, upon which the broker throws away
    what it hasn't read yet: acknowledgements, whose messages would then be delivered again.
    """
    deadline = time.monotonic() + _FAREWELL_S
    with suppress(OSError, ValueError), socket.socket(fileno=os.dup(closing.fileno())) as same:
        same.shutdown(socket.SHUT_WR)
        while (left_s := deadline - time.monotonic()) > 0:
            same.settimeout(left_s)
            if not same.recv(65_536):
                return True
    return False
