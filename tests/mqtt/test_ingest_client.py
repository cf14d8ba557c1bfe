"""The ingest's client against a broker of a few lines: it decides when to say what."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paho.mqtt._packet import decode_publish
from paho.mqtt.enums import MQTTProtocolVersion

from meters.ingest.receive import Inbox
from meters.mqtt.broker import Broker
from meters.mqtt.client import MQTT_3, BrokerClient, build_client
from meters.mqtt.connection import BrokerConnection
from meters.mqtt.ingest_client import BufferedSocket, IngestClient, plain_message
from meters.mqtt.link import ConnectionSettings, Received
from tests.load.wire import publish_packet, topic_bytes
from tests.services.ports import HOST
from tests.services.waiting import eventually

CONNACK = b"\x20\x02\x01\x00"
PINGREQ, PINGRESP = b"\xc0\x00", b"\xd0\x00"
TOPIC = topic_bytes("panel/trafo1/volt")


@pytest.fixture
def ends() -> Iterator[tuple[BufferedSocket, socket.socket]]:
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        yield BufferedSocket(near), far


def test_it_is_read_in_large_pieces_and_given_out_in_small_ones(
    ends: tuple[BufferedSocket, socket.socket],
) -> None:
    buffered, far = ends
    far.sendall(b"abcdef")
    assert buffered.recv(1) == b"a"
    assert buffered.pending() == 5
    assert [buffered.recv(2), buffered.recv(10)] == [b"bc", b"def"]
    assert buffered.pending() == 0
    with pytest.raises(BlockingIOError):
        buffered.recv(1)
    far.sendall(b"more")
    assert buffered.recv(10) == b"more"
    far.close()
    assert buffered.recv(10) == b""


class FewLinesBroker:
    """Accepts one client and then does what the test says."""

    def __init__(self) -> None:
        self._listening = socket.create_server((HOST, 0))
        self.port = self._listening.getsockname()[1]
        self._taken = b""

    def accept(self) -> None:
        self._listening.settimeout(10)
        self.client, _ = self._listening.accept()
        self.client.settimeout(10)
        self._packet()
        self.client.sendall(CONNACK)

    def publish(self, *packet_ids: int) -> None:
        packets = [publish_packet(TOPIC, number, b"%d" % number) for number in packet_ids]
        self.client.sendall(b"".join(packets))

    def wait_for(self, kind: int) -> bytes:
        """The next packet of that kind; others are passed over."""
        while True:
            packet = self._packet()
            if packet[0] & 0xF0 == kind:
                return packet

    def close(self) -> None:
        self.client.close()
        self._listening.close()

    def _packet(self) -> bytes:
        while len(self._taken) < 2 or len(self._taken) < 2 + self._taken[1]:
            piece = self.client.recv(65_536)
            assert piece, "the client has gone"
            self._taken += piece
        length = 2 + self._taken[1]
        packet, self._taken = self._taken[:length], self._taken[length:]
        return packet


class Bench:
    """A connection of the ingest's to that broker."""

    def __init__(self, inbox: Inbox, keepalive_s: int = 60) -> None:
        self.broker = FewLinesBroker()
        self.inbox = inbox
        broker = Broker.from_url(f"mqtt://{HOST}:{self.broker.port}")
        self.connection = BrokerConnection(
            ConnectionSettings(broker, "ingest", ["panel/+/volt"], keepalive_s=keepalive_s),
            inbox,
            lambda status: None,
        )
        self.connection._attempts.protocol = MQTT_3
        self.connection.start()
        self.broker.accept()
        self.broker.wait_for(0x80)  # SUBSCRIBE

    def take(self, count: int) -> list[int]:
        taken: list[Received] = []
        while len(taken) < count:
            some = self.inbox.take(count - len(taken), wait_s=5)
            assert some, f"only {len(taken)} of {count} came"
            taken += some
        self.connection.acknowledge(taken)
        return [message.packet_id for message in taken]

    def end(self) -> None:
        self.broker.close()
        self.connection.stop()


def benched(inbox: Inbox, keepalive_s: int = 60) -> Iterator[Bench]:
    bench = Bench(inbox, keepalive_s)
    try:
        yield bench
    finally:
        bench.end()


@pytest.fixture
def bench() -> Iterator[Bench]:
    yield from benched(Inbox())


@pytest.fixture
def narrow() -> Iterator[Bench]:
    """Its inbox holds ten messages, its keepalive is a second."""
    yield from benched(Inbox(capacity=10), keepalive_s=1)


def test_messages_arrive_in_order_and_their_acknowledgements_too(bench: Bench) -> None:
    numbers = list(range(1, 3001))
    sender = threading.Thread(target=bench.broker.publish, args=numbers)
    sender.start()
    assert bench.take(3000) == numbers
    sender.join(10)
    acknowledged = [bench.broker.wait_for(0x40) for _ in numbers]
    assert acknowledged == [struct.pack("!BBH", 0x40, 2, number) for number in numbers]


def test_a_message_that_arrives_in_pieces_is_one_message(bench: Bench) -> None:
    packet = publish_packet(TOPIC, 7, b"230.45")
    for start in range(len(packet)):
        bench.broker.client.sendall(packet[start : start + 1])
        time.sleep(0.002)
    assert bench.take(1) == [7]


def test_many_messages_take_few_reads(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []
    recv = BufferedSocket.recv

    def counted(self: BufferedSocket, size: int) -> bytes:
        if self._position >= len(self._buffer):
            reads.append(size)
        return recv(self, size)

    monkeypatch.setattr(BufferedSocket, "recv", counted)
    bench.broker.publish(*range(1, 1001))
    bench.take(1000)
    assert len(reads) < 200


def test_without_room_the_socket_is_left_unread(narrow: Bench) -> None:
    narrow.broker.publish(*range(1, 101))
    eventually(lambda: not narrow.inbox.has_room(), 5, "filling up")
    time.sleep(0.2)
    assert narrow.inbox.received == 10
    assert narrow.take(100) == list(range(1, 101))


def test_the_link_survives_a_store_that_takes_longer_than_the_keepalive(narrow: Bench) -> None:
    narrow.broker.publish(*range(1, 51))
    eventually(lambda: not narrow.inbox.has_room(), 5, "filling up")
    before_s = time.monotonic()
    while time.monotonic() - before_s < 3.5:
        assert narrow.broker.wait_for(0xC0) == PINGREQ, "the broker would give the client up"
        narrow.broker.client.sendall(PINGRESP)
    assert narrow.connection.status.connected
    assert narrow.take(50) == list(range(1, 51))


def test_a_broker_that_answers_nothing_is_given_up(narrow: Bench) -> None:
    eventually(lambda: not narrow.connection.status.connected, 10, "giving up")


def test_the_barrier_is_passed_when_the_broker_has_answered(bench: Bench) -> None:
    bench.broker.publish(1)
    bench.take(1)
    barrier = bench.connection.barrier()
    assert barrier is not None
    assert bench.connection.passed(barrier) is False
    packets = [bench.broker._packet() for _ in range(2)]
    assert packets == [struct.pack("!BBH", 0x40, 2, 1), PINGREQ]
    bench.broker.client.sendall(PINGRESP)
    eventually(lambda: bench.connection.passed(barrier), 5, "passing")


@pytest.mark.parametrize("more", [False, True])
def test_the_answer_tells_what_had_come_before_it(bench: Bench, more: bool) -> None:
    bench.broker.publish(1)
    bench.take(1)
    barrier = bench.connection.barrier()
    assert barrier is not None
    if more:
        bench.broker.publish(2)
    bench.broker.client.sendall(PINGRESP)
    bench.broker.publish(3)
    bench.take(1 + more)
    eventually(lambda: bench.connection.passed(barrier), 5, "passing")
    assert bench.connection.exhausted(barrier) is not more


def test_a_barrier_of_a_connection_that_broke_is_never_passed(bench: Bench) -> None:
    barrier = bench.connection.barrier()
    assert barrier is not None
    bench.broker.client.close()
    eventually(lambda: bench.connection.passed(barrier) is None, 5, "noticing")
    assert bench.connection.barrier() is None


def test_acknowledgements_are_not_held_back(bench: Bench) -> None:
    client = bench.connection._client
    assert client is not None
    connection: Any = client.socket()
    assert isinstance(connection, BufferedSocket)
    assert connection._inner.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_broker_is_given_time_to_read_to_the_end(bench: Bench) -> None:
    bench.broker.publish(1, 2)
    bench.take(2)

    def read_and_close() -> None:
        bench.broker.wait_for(0xE0)  # DISCONNECT
        bench.broker.client.close()

    reader = threading.Thread(target=read_and_close)
    reader.start()
    assert bench.connection.stop()
    reader.join(5)


def test_the_private_names_of_paho_that_it_leans_on_are_there() -> None:
    client = build_client(IngestClient, Broker.from_url("mqtt://broker"), client_id="ingest")
    for name in (
        *("_packet_read", "_packet_queue", "_loop_rc_handle", "_msgtime_mutex", "_ping_t"),
        *("_in_packet", "_on_message", "_userdata", "_protocol"),
    ):
        assert hasattr(client, name)
    for name in (
        *("_send_pingreq", "_handle_pingresp", "_handle_publish", "_create_socket"),
        *("loop_read", "loop_misc"),
    ):
        assert name in vars(IngestClient)
        assert hasattr(super(IngestClient, client), name)
    for name in ("_create_socket_connection", "_ssl_wrap_socket"):
        assert name in vars(BrokerClient)
        assert hasattr(super(BrokerClient, client), name)


def as_paho_decodes(command: int, packet: bytes, *, mqtt_5: bool) -> tuple[Any, ...]:
    protocol = MQTTProtocolVersion.MQTTv5 if mqtt_5 else MQTT_3
    one = decode_publish(command, packet, protocol)
    return one.mid, one.qos, one.dup, one.retain, one.topic, one.payload


def as_we_do(command: int, packet: bytes, *, mqtt_5: bool) -> tuple[Any, ...] | None:
    one = plain_message(command, packet, mqtt_5=mqtt_5)
    return None if one is None else (one.mid, one.qos, one.dup, one.retain, one._topic, one.payload)


PUBLISH = st.builds(
    lambda dup, qos, retain: 0x30 | dup << 3 | qos << 1 | retain,
    st.booleans(),
    st.integers(0, 1),
    st.booleans(),
)


@given(
    PUBLISH, st.binary(min_size=1, max_size=300), st.integers(1, 65_535), st.binary(max_size=300)
)
@example(0x32, b"t", 1, b"")
def test_a_plain_message_is_decoded_as_paho_decodes_it(
    command: int, topic: bytes, packet_id: int, payload: bytes
) -> None:
    for mqtt_5 in (False, True):
        identity = struct.pack("!H", packet_id) if command & 2 else b""
        packet = struct.pack("!H", len(topic)) + topic + identity + b"\0" * mqtt_5 + payload
        ours = as_we_do(command, packet, mqtt_5=mqtt_5)
        assert ours is not None
        assert ours == as_paho_decodes(command, packet, mqtt_5=mqtt_5)


@given(st.integers(0x30, 0x3F), st.binary(max_size=20), st.booleans())
@example(0x32, b"\0\1t\0\1\2\1\1payload", True)  # with a property
@example(0x32, b"\0\1t\0", True)
@example(0x32, b"\0\1t\0\1", True)
@example(0x34, b"\0\1t\0\1\0payload", True)
def test_of_anything_else_it_keeps_its_hands_off(command: int, packet: bytes, mqtt_5: bool) -> None:
    ours = as_we_do(command, packet, mqtt_5=mqtt_5)
    if ours is not None:
        assert ours == as_paho_decodes(command, packet, mqtt_5=mqtt_5)


def test_a_message_with_properties_arrives_too(bench: Bench) -> None:
    client = bench.connection._client
    assert client is not None
    client._protocol = MQTTProtocolVersion.MQTTv5
    packet = TOPIC + struct.pack("!H", 7) + b"\2\1\1" + b"230"
    bench.broker.client.sendall(bytes((0x32, len(packet))) + packet)
    (message,) = bench.inbox.take(1, wait_s=5)
    assert (message.packet_id, message.topic, message.payload) == (7, "panel/trafo1/volt", b"230")
