"""The connection's rules, with a client that only writes down what it is told."""

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from meters.ingest.receive import Inbox
from meters.mqtt.broker import Broker
from meters.mqtt.client import MQTT_3, MQTT_5
from meters.mqtt.connection import (
    STUCK_GRACE_S,
    STUCK_S,
    BrokerConnection,
    NetworkThreadDiedError,
)
from meters.mqtt.ingest_client import IngestClient
from meters.mqtt.link import ConnectionSettings, ConnectionStatus, Received
from meters.mqtt.subscriptions import ASK_AGAIN_S, Subscriptions
from tests.clock import Clock
from tests.mqtt.stub_client import StubClient

SETTINGS = ConnectionSettings(
    Broker.from_url("mqtt://pelbiot@broker.example.com"),
    "ingest",
    ["panel/+/volt", "panel/+/power"],
)


class Bench:
    """A connection under test with what it has handed over and reported."""

    def __init__(self) -> None:
        self.clients: list[StubClient] = []
        self.inbox = Inbox()
        self.reports: list[ConnectionStatus] = []
        self.clock = Clock()
        self.connection = BrokerConnection(
            SETTINGS, self.inbox, self.reports.append, self.new_client, self.clock
        )
        self.connection.start()

    def new_client(self, *args: Any, **options: Any) -> IngestClient:
        self.clients.append(StubClient(*args, **options))
        return self.clients[-1]  # type: ignore[return-value]

    @property
    def client(self) -> StubClient:
        return self.clients[-1]

    def deliver(self, packet_id: int, **options: Any) -> Received:
        self.client.deliver(packet_id, **options)
        (message,) = self.inbox.take(10, wait_s=0)
        return message


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_it_asks_for_a_lasting_session_a_wide_window_and_acknowledges_by_hand(bench: Bench) -> None:
    assert bench.client.options == {
        "client_id": "ingest",
        "manual_ack": True,
        "persistent": True,
    }
    properties = bench.client.connect_options["properties"]
    assert not bench.client.connect_options["clean_start"]
    assert properties.SessionExpiryInterval == 14 * 24 * 3600
    assert properties.ReceiveMaximum == 1000


def test_it_subscribes_on_every_connection_and_wants_no_retained_messages(bench: Bench) -> None:
    for _ in range(2):
        bench.client.accept()
        filters = bench.client.subscribed[-1]
        assert [name for name, _ in filters] == SETTINGS.filters
        assert all(options.retainHandling == 2 and options.QoS == 1 for _, options in filters)
        bench.client.hang_up()
    assert len(bench.client.subscribed) == 2


def test_the_client_hands_messages_to_the_intake(bench: Bench) -> None:
    bench.client.accept()
    assert bench.client.intake is bench.inbox
    message = bench.deliver(7, redelivered=True)
    assert (message.packet_id, message.qos, message.redelivered) == (7, 1, True)
    assert (message.topic, message.payload) == ("panel/trafo1/volt", b"230")


def test_messages_are_acknowledged_on_the_connection_they_came_on(bench: Bench) -> None:
    bench.client.accept()
    messages = [bench.deliver(packet_id) for packet_id in (7, 9, 8)]
    assert bench.connection.acknowledge(messages) == 0
    assert bench.client.acknowledged == [7, 9, 8]


def test_a_message_of_an_older_connection_is_never_acknowledged(bench: Bench) -> None:
    bench.client.accept()
    old = bench.deliver(7)
    bench.client.hang_up()
    assert bench.connection.acknowledge([old]) == 1
    bench.client.accept()
    new = bench.deliver(7)  # another message: the broker has lost its session and counts anew
    assert bench.connection.acknowledge([old]) == 1
    assert bench.client.acknowledged == []
    assert bench.connection.acknowledge([old, new]) == 1
    assert bench.client.acknowledged == [7]


def test_nothing_is_acknowledged_between_the_connection_and_the_answer_of_the_broker(
    bench: Bench,
) -> None:
    bench.client.accept()
    message = bench.deliver(7)
    bench.client.hang_up()
    bench.client.on_pre_connect(bench.client, None)
    assert bench.connection.acknowledge([message]) == 1
    assert bench.client.acknowledged == []


def test_nothing_is_acknowledged_after_stop(bench: Bench) -> None:
    bench.client.accept()
    message = bench.deliver(7)
    bench.connection.stop()
    assert bench.client.ended
    assert not bench.connection.status.connected
    assert bench.connection.acknowledge([message]) == 1
    assert bench.client.acknowledged == []


def test_a_message_of_qos_0_has_nothing_to_acknowledge(bench: Bench) -> None:
    bench.client.accept()
    message = bench.deliver(0, qos=0)
    assert bench.connection.acknowledge([message]) == 0
    bench.client.hang_up()
    assert bench.connection.acknowledge([message]) == 0
    assert bench.client.acknowledged == []


def test_a_session_that_the_broker_kept_stays_the_same_and_a_lost_one_counts(bench: Bench) -> None:
    sessions = []
    for kept in (True, False, True, False):
        bench.client.accept(session_present=kept)
        sessions.append(bench.connection.session)
        assert bench.deliver(7).session == bench.connection.session
        bench.client.hang_up()
    assert sessions == [0, 1, 1, 2]


def test_each_connection_has_its_own_epoch_also_within_a_session(bench: Bench) -> None:
    epochs = []
    for _ in range(3):
        bench.client.accept(session_present=True)
        epochs.append(bench.deliver(7).epoch)
        bench.client.hang_up()
    assert epochs == sorted(set(epochs))


def test_a_refused_connection_is_not_a_lost_session(bench: Bench) -> None:
    bench.client.on_pre_connect(bench.client, None)
    bench.client.answer("Not authorized")
    assert bench.connection.session == 0


def test_a_barrier_is_passed_once_the_broker_has_answered(bench: Bench) -> None:
    bench.client.accept()
    barrier = bench.connection.barrier()
    assert barrier is not None
    assert bench.connection.passed(barrier) is False
    later = bench.connection.barrier()
    assert later is not None
    bench.client.pings_answered = 1
    assert bench.connection.passed(barrier) is True
    assert bench.connection.passed(later) is False


def test_a_barrier_is_undecided_for_ever_where_its_connection_ended_first(bench: Bench) -> None:
    bench.client.accept()
    barrier = bench.connection.barrier()
    assert barrier is not None
    bench.client.hang_up()
    assert bench.connection.passed(barrier) is None
    bench.client.accept(session_present=True)
    bench.client.pings_answered = 1
    assert bench.connection.passed(barrier) is None


def test_without_a_connection_there_is_no_barrier(bench: Bench) -> None:
    assert bench.connection.barrier() is None
    bench.client.accept()
    bench.client.hang_up()
    assert bench.connection.barrier() is None
    bench.client.accept()
    barrier = bench.connection.barrier()
    assert barrier is not None
    bench.connection.stop()
    assert bench.connection.passed(barrier) is None
    assert bench.connection.barrier() is None


def test_a_broker_that_answers_without_sending_more_has_nothing_more(bench: Bench) -> None:
    bench.client.accept()
    first, second = bench.deliver(1), bench.deliver(2)
    bench.connection.acknowledge([first])
    bench.client.pings_answered, bench.client.received_at_answer = 9, 2
    some_are_under_way = bench.connection.barrier()
    assert some_are_under_way is not None
    assert not bench.connection.exhausted(some_are_under_way)
    bench.connection.acknowledge([second])
    barrier = bench.connection.barrier()
    assert barrier is not None
    assert bench.connection.exhausted(barrier)
    bench.client.received_at_answer = 3
    assert not bench.connection.exhausted(barrier)


def test_what_came_on_an_earlier_connection_does_not_count_as_under_way(bench: Bench) -> None:
    bench.client.accept()
    old = bench.deliver(1)
    bench.client.hang_up()
    bench.client.accept(session_present=True)
    bench.connection.acknowledge([old])
    bench.client.received_at_answer = 1
    barrier = bench.connection.barrier()
    assert barrier is not None
    assert bench.connection.exhausted(barrier)


def broker_end(bench: Bench) -> socket.socket:
    """Give the client a socket to close at the end; returns the broker's end of it."""
    bench.client.closing, other = socket.socketpair()
    other.settimeout(5)
    return other


def in_thread(broker: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=broker, daemon=True)
    thread.start()
    return thread


def test_stop_says_that_the_broker_took_everything_in_once_it_has_read_to_the_end(
    bench: Bench,
) -> None:
    bench.client.accept()
    with broker_end(bench) as broker:
        broker.send(b"still on the way to us")

        def read_to_the_end_and_close() -> None:
            assert broker.recv(10) == b""
            broker.close()

        reader = in_thread(read_to_the_end_and_close)
        assert bench.connection.stop() is True
        reader.join(5)


def test_stop_says_so_where_the_broker_did_not_take_in_everything(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meters.mqtt.client._FAREWELL_S", 0.05)
    bench.client.accept()
    with broker_end(bench):  # which never closes its end
        assert bench.connection.stop() is False


def test_stop_without_a_connection_has_nothing_that_was_taken_in(bench: Bench) -> None:
    assert bench.connection.stop() is False
    assert bench.connection.stop() is False


def test_stop_after_the_connection_was_lost_is_no_success(bench: Bench) -> None:
    bench.client.accept()
    with broker_end(bench) as broker:
        bench.client.hang_up()
        broker.close()
        assert bench.connection.stop() is False


def test_a_topic_that_is_no_utf_8_does_not_kill_the_network_thread(bench: Bench) -> None:
    bench.client.accept()
    assert bench.deliver(7, topic=b"panel/\xff/volt").topic == "panel/\\xff/volt"


def test_it_tries_again_after_growing_delays(bench: Bench) -> None:
    for _ in range(6):
        bench.client.on_connect_fail(bench.client, None)
    delays = bench.client.delays
    assert delays[-1] > 4 * delays[0]
    assert len(bench.clients) == 1


def test_why_it_cannot_connect_is_reported(bench: Bench) -> None:
    try:
        raise ConnectionRefusedError
    except ConnectionRefusedError:
        bench.client.on_connect_fail(bench.client, None)
    assert bench.reports[-1].error == "nothing listens at mqtt://broker.example.com:1883"
    assert bench.reports[-1].errors == 1


def test_a_refusal_is_reported_once_and_tried_again(bench: Bench) -> None:
    bench.client.on_pre_connect(bench.client, None)
    bench.client.answer("Not authorized")
    bench.client.hang_up()
    assert [report.connected for report in bench.reports] == [False]
    assert "MQTT_USERNAME" in bench.reports[0].error
    assert bench.client.delays[-1] < 1


def test_being_connected_again_clears_the_error(bench: Bench) -> None:
    bench.client.accept()
    bench.client.hang_up()
    bench.client.accept()
    assert [report.connected for report in bench.reports] == [True, False, True]
    assert "lost" in bench.reports[1].error
    assert bench.reports[2].error == ""


def test_a_broker_that_hangs_up_on_mqtt_5_is_asked_with_3_at_the_next_tick(bench: Bench) -> None:
    bench.client.on_pre_connect(bench.client, None)
    bench.client.hang_up()
    assert bench.reports == []
    bench.connection.tick()
    first, second = bench.clients
    assert first.ended
    assert (first.protocol, second.protocol) == (MQTT_5, MQTT_3)
    assert "properties" not in second.connect_options
    second.accept()
    assert bench.connection.status.protocol == "3.1.1"
    assert second.subscribed == [[("panel/+/volt", 1), ("panel/+/power", 1)]]


def test_one_that_hangs_up_on_both_is_left_alone_for_the_delay(bench: Bench) -> None:
    for _ in range(2):
        bench.client.on_pre_connect(bench.client, None)
        bench.client.hang_up()
        bench.connection.tick()
    assert len(bench.clients) == 2, "the second failure was not followed by a pause"
    assert "without an answer" in bench.reports[-1].error
    bench.clock.now_s += 0.5
    bench.connection.tick()
    assert bench.client.protocol == MQTT_5


def test_what_a_client_says_that_we_ended_ourselves_is_not_reported(bench: Bench) -> None:
    bench.client.accept()
    bench.connection.stop()
    bench.client.hang_up()
    bench.client.on_connect_fail(bench.client, None)
    bench.client.answer("Not authorized")
    assert [report.connected for report in bench.reports] == [True]


def test_stopping_in_the_middle_of_connecting_does_not_start_another_attempt(bench: Bench) -> None:
    bench.client.on_pre_connect(bench.client, None)
    bench.connection.stop()
    bench.client.hang_up()
    bench.connection.tick()
    assert len(bench.clients) == 1


def test_a_refused_subscription_is_named_and_asked_for_again(bench: Bench) -> None:
    bench.client.accept()
    bench.client.grant("Granted QoS 1", "Not authorized")
    assert "panel/+/power (Not authorized)" in bench.reports[-1].error
    assert "user pelbiot" in bench.reports[-1].error
    assert bench.reports[-1].connected
    bench.connection.tick()
    assert len(bench.client.subscribed) == 1
    bench.clock.now_s += ASK_AGAIN_S
    bench.connection.tick()
    bench.connection.tick()
    assert len(bench.client.subscribed) == 2
    bench.client.grant("Granted QoS 1", "Granted QoS 1")
    assert (bench.reports[-1].connected, bench.reports[-1].error) == (True, "")


def test_a_broker_that_grants_only_qos_0_is_reported_until_it_grants_more(bench: Bench) -> None:
    bench.client.accept()
    bench.client.grant("Granted QoS 1", "Granted QoS 0")
    assert bench.reports[-1].connected
    assert bench.reports[-1].error == (
        "the broker grants only QoS 0 for panel/+/power: "
        "readings can get lost on the way; raise the QoS it allows"
    )
    bench.client.hang_up()
    bench.client.accept()
    bench.client.grant("Granted QoS 1", "Granted QoS 1")
    assert bench.reports[-1].error == ""


def test_qos_0_that_was_asked_for_is_no_error(bench: Bench) -> None:
    subscriptions = Subscriptions(replace(SETTINGS, qos=0), bench.clock)
    granted = ReasonCode(PacketTypes.SUBACK, "Granted QoS 0")
    assert subscriptions.answered([granted, granted]) == ""


def test_a_dead_network_thread_is_noticed(bench: Bench) -> None:
    thread = threading.Thread(target=lambda: bench.client.on_pre_connect(bench.client, None))
    thread.start()
    thread.join()
    with pytest.raises(NetworkThreadDiedError, match="has ended"):
        bench.connection.tick()


def test_a_network_thread_that_is_stuck_is_noticed(bench: Bench) -> None:
    bench.client.alive_s = bench.clock.now_s
    bench.clock.now_s += STUCK_S + 1
    bench.connection.tick()
    bench.clock.now_s += STUCK_GRACE_S + 1
    with pytest.raises(NetworkThreadDiedError, match="is stuck"):
        bench.connection.tick()


def test_a_process_that_was_frozen_is_not_taken_for_stuck(bench: Bench) -> None:
    bench.client.alive_s = bench.clock.now_s
    for _ in range(2):
        bench.clock.now_s += STUCK_S + 1
        bench.connection.tick()
        bench.client.alive_s = bench.clock.now_s
        bench.connection.tick()
