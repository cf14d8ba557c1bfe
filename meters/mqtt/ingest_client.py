"""paho's client, made fit for many small messages: read and acknowledged in large pieces.

paho asks the operating system for each byte of a packet's header and sends each acknowledgement
by itself: five system calls a message. Here the socket is read 64 KiB at a time and a batch's
acknowledgements leave in one piece. A message of the usual kind, without properties, is decoded
here: to make the empty properties costs paho as much as all the rest. The protocol stays paho's.
The private names of paho 2.2 that this leans on are pinned with it, and held by
`tests/mqtt/test_ingest_client.py`.
"""

import os
import socket
import struct
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from paho.mqtt.client import PUBACK
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion

from meters.mqtt.client import BrokerClient
from meters.mqtt.link import Intake

READ_BYTES = 65_536
PACKETS_AT_ONCE = 200
_FULL_WAIT_S = 0.05
_ACKNOWLEDGEMENT = struct.Struct("!BBH")


class BufferedSocket:
    """A socket, plain or TLS or websocket, that is read in large pieces."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._buffer = b""
        self._position = 0

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes; the errors are those of the inner socket."""
        start = self._position
        if start >= len(self._buffer):
            self._buffer = self._inner.recv(READ_BYTES)
            start = 0
        self._position = end = min(start + size, len(self._buffer))
        return self._buffer[start:end]

    def pending(self) -> int:
        """How many bytes can be read without asking the operating system: select knows not of them."""
        more: int = self._inner.pending() if hasattr(self._inner, "pending") else 0
        return len(self._buffer) - self._position + more

    def send(self, data: bytes) -> int:
        sent: int = self._inner.send(data)
        return sent

    def fileno(self) -> int:
        descriptor: int = self._inner.fileno()
        return descriptor

    def setblocking(self, flag: bool) -> None:
        self._inner.setblocking(flag)

    def close(self) -> None:
        self._inner.close()


class PlainMessage:
    """What is needed of paho's MQTTMessage, which makes a lock for each."""

    __slots__ = ("_topic", "dup", "mid", "payload", "qos", "retain")

    def __init__(self, command: int, packet_id: int, topic: bytes, payload: bytes) -> None:
        self.dup, self.retain = command & 8 != 0, command & 1 != 0
        self.qos = command >> 1 & 3
        self.mid = packet_id
        self._topic, self.payload = topic, payload

    @property
    def topic(self) -> str:
        """Raises UnicodeDecodeError, as paho's does."""
        return self._topic.decode()


def plain_message(command: int, packet: bytes | bytearray, *, mqtt_5: bool) -> PlainMessage | None:
    """The message of a PUBLISH packet (its first byte, and what follows the length) of QoS 0 or 1
    and without properties; None where it is another, or none."""
    if len(packet) < 2 or command & 4:
        return None
    topic_end = 2 + (packet[0] << 8 | packet[1])
    id_end = topic_end + (command & 2)  # QoS 1: two bytes
    start = id_end + mqtt_5
    if len(packet) < start or topic_end == 2 or (mqtt_5 and packet[id_end]):
        return None
    packet_id = packet[topic_end] << 8 | packet[topic_end + 1] if command & 2 else 0
    return PlainMessage(command, packet_id, bytes(packet[2:topic_end]), bytes(packet[start:]))


class IngestClient(BrokerClient):
    """A client that hands its messages to an intake and stops reading while that is full."""

    intake: Intake
    _paused = False

    def __init__(self, *args: Any, **options: Any) -> None:
        self.alive_s = time.monotonic()  # when the network thread last gave a sign of life
        self._ping_lock = threading.Lock()
        self._pings_sent = self._pings_answered = self.received_at_answer = 0
        super().__init__(*args, **options)

    def acknowledge_all(self, packet_ids: Iterable[int]) -> None:
        """Queue the PUBACKs of these QoS 1 messages, in this order, to be sent in one piece."""
        pack = _ACKNOWLEDGEMENT.pack
        packets = b"".join([pack(PUBACK, 2, packet_id) for packet_id in packet_ids])
        if packets:
            self._packet_queue(PUBACK, packets, 0, 1)

    def ping(self) -> int:
        """Ask the broker for a sign of life; `answered` with this number tells whether it came, and
        `received_at_answer` how many messages had come by then.

        A broker takes packets in their order: with the answer it has also taken all that was
        queued before.
        """
        self._send_pingreq()
        with self._ping_lock:
            return self._pings_sent

    def answered(self, ping: int) -> bool:
        return self._pings_answered >= ping

    # -- paho's own, in the network thread but for _send_pingreq --------------------------------

    def reconnect(self) -> MQTTErrorCode:
        self.alive_s = time.monotonic()
        self._pings_sent = self._pings_answered = 0
        return super().reconnect()

    def _send_pingreq(self) -> MQTTErrorCode:
        with self._ping_lock:
            self._pings_sent += 1
        return super()._send_pingreq()

    def _handle_pingresp(self) -> MQTTErrorCode:
        self.received_at_answer = self.intake.received
        self._pings_answered += 1
        return super()._handle_pingresp()

    def _handle_publish(self) -> MQTTErrorCode:
        command, packet = self._in_packet["command"], self._in_packet["packet"]
        message = plain_message(
            command, packet, mqtt_5=self._protocol == MQTTProtocolVersion.MQTTv5
        )
        on_message: Any = self._on_message
        if message is None or on_message is None:
            return super()._handle_publish()
        on_message(self, self._userdata, message)  # it acknowledges by hand, later
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _create_socket(self) -> Any:
        connection = super()._create_socket()
        # Nagle's algorithm would hold back the last acknowledgements of a batch for 40 ms.
        with suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as same:
            same.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return BufferedSocket(connection)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """What is there to read, up to a number of packets after which writing has its turn."""
        for _ in range(PACKETS_AT_ONCE):
            if self._sock is None:
                return MQTTErrorCode.MQTT_ERR_NO_CONN
            if not self._has_room():
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            result = self._packet_read()
            if result > 0:
                return self._loop_rc_handle(result)
            if result == MQTTErrorCode.MQTT_ERR_AGAIN or not self._pending():
                return MQTTErrorCode.MQTT_ERR_SUCCESS
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def loop_misc(self) -> MQTTErrorCode:
        self.alive_s = time.monotonic()
        if self._paused:
            # The broker's answers wait unread with all else: that is no reason to give it up. Ours
            # are sent all the same, so that it doesn't give us up.
            with self._msgtime_mutex:
                self._last_bytes_received = time.monotonic()
            self._ping_t = 0.0
        return super().loop_misc()

    def _has_room(self) -> bool:
        if not self.intake.has_room():
            self._paused = True
            self.intake.wait_for_room(_FULL_WAIT_S)
        else:
            self._paused = False
        return not self._paused

    def _pending(self) -> bool:
        connection: Any = self._sock
        return connection is not None and connection.pending() > 0
