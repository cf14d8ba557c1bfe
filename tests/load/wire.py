"""As much of MQTT 3.1.1 as a publisher needs, straight on a socket.

A client library would be the bottleneck of a measurement, and would send again after a reconnect
what was not confirmed: two messages where a test wants to count one.
"""

import socket
import struct
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

MAX_PACKET_ID = 65_535
_CONNACK_BYTES = 4
_PUBACK = struct.Struct(">BBH")
_REFUSALS = {4: "bad user name or password", 5: "not authorized"}


class RefusedError(ConnectionError):
    """The broker answered, and said no."""


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _packet(kind: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size, left = bytearray(), len(body)
    while True:
        left, digit = divmod(left, 128)
        size.append(digit | 128 if left else digit)
        if not left:
            return bytes((kind,)) + bytes(size) + body


def connect_packet(client_id: str, username: str, password: str) -> bytes:
    flags = 0x02 | (0x80 if username else 0) | (0x40 if password else 0)  # a clean session
    credentials = [_text(part) for part in (username, password) if part]
    keepalive_off = b"\x00\x00"
    head = _text("MQTT") + bytes((4, flags)) + keepalive_off
    return _packet(0x10, head, _text(client_id), *credentials)


def publish_packet(topic: bytes, packet_id: int, payload: bytes) -> bytes:
    """A PUBLISH at QoS 1. `topic` comes with its length in front (see `topic_bytes`)."""
    size = len(topic) + 2 + len(payload)
    if size < 128:
        return b"\x32%c%b%b%b" % (size, topic, packet_id.to_bytes(2, "big"), payload)
    return _packet(0x32, topic, packet_id.to_bytes(2, "big"), payload)


def topic_bytes(topic: str) -> bytes:
    return _text(topic)


class Link:
    """A connection: bytes of PUBLISH packets out, packet ids of PUBACKs in."""

    def __init__(self, url: str, client_id: str, limit_s: float = 5.0) -> None:
        """Connects. Raises OSError: nobody there, no answer, or RefusedError."""
        address = urlsplit(url)
        self._socket = socket.create_connection(
            (str(address.hostname), address.port or 1883), timeout=limit_s
        )
        self._rest = b""
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            username, password = unquote(address.username or ""), unquote(address.password or "")
            self._socket.sendall(connect_packet(client_id, username, password))
            answer = self._socket.recv(_CONNACK_BYTES, socket.MSG_WAITALL)
            if len(answer) < _CONNACK_BYTES or answer[3]:
                reason = _REFUSALS.get(answer[3], str(answer[3])) if answer else "it hung up"
                raise RefusedError(f"the broker refuses the publisher: {reason}")
        except BaseException:
            self._socket.close()
            raise

    def send(self, packets: Iterable[bytes]) -> None:
        self._socket.sendall(b"".join(packets))

    def confirmed(self, wait_s: float) -> list[int]:
        """Packet ids confirmed since the last call, waiting so long for the first ones. Raises
        ConnectionError where the connection has ended."""
        self._socket.settimeout(max(wait_s, 0.0001))
        try:
            got = self._socket.recv(65_536)
        except TimeoutError:
            return []
        finally:
            self._socket.settimeout(5.0)
        if not got:
            raise ConnectionError("the broker has closed the connection")
        got = self._rest + got
        whole = len(got) - len(got) % _PUBACK.size
        self._rest = got[whole:]
        return [packet_id for _, _, packet_id in _PUBACK.iter_unpack(got[:whole])]

    def close(self) -> None:
        self._socket.close()
