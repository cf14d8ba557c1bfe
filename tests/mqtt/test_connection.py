"""The connection's rules, with a client that only writes down what it is told."""

import threading
from typing import Any

import pytest
from paho.mqtt.client import Client

from meters.mqtt.broker import Broker
from meters.mqtt.client import MQTT_3, MQTT_5
from meters.mqtt.connection import BrokerConnection, NetworkThreadDiedError
from meters.mqtt.link import ConnectionSettings, ConnectionStatus, Received
from meters.mqtt.subscriptions import ASK_AGAIN_S
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
        self.messages: list[Received] = []
        self.reports: list[ConnectionStatus] = []
        self.clock = Clock()
        self.connection = BrokerConnection(
            SETTINGS, self.messages.append, self.reports.append, self.new_client, self.clock
        )
        self.connection.start()

    def new_client(self, *args: Any, **options: Any) -> Client:
        self.clients.append(StubClient(*args, **options))
        return self.clients[-1]  # type: ignore[return-value]

    @property
    def client(self) -> StubClient:
        return self.clients[-1]


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


def test_a_message_is_acknowledged_on_the_connection_it_came_on(bench: Bench) -> None:
    bench.client.accept()
    bench.client.deliver(7)
    assert bench.connection.acknowledge(bench.messages[0])
    assert bench.client.acknowledged == [7]


def test_a_message_of_an_older_connection_is_never_acknowledged(bench: Bench) -> None:
    bench.client.accept()
    bench.client.deliver(7)
    bench.client.hang_up()
    assert not bench.connection.acknowledge(bench.messages[0])
    bench.client.accept()
    bench.client.deliver(7)  # another message: the broker has lost its session and counts anew
    assert not bench.connection.acknowledge(bench.messages[0])
    assert bench.client.acknowledged == []
    assert bench.connection.acknowledge(bench.messages[1])
    assert bench.client.acknowledged == [7]


def test_nothing_is_acknowledged_between_the_connection_and_the_answer_of_the_broker(
    bench: Bench,
) -> None:
    bench.client.accept()
    bench.client.deliver(7)
    bench.client.hang_up()
    bench.client.on_pre_connect(bench.client, None)
    assert not bench.connection.acknowledge(bench.messages[0])
    assert bench.client.acknowledged == []


def test_nothing_is_acknowledged_after_stop(bench: Bench) -> None:
    bench.client.accept()
    bench.client.deliver(7)
    bench.connection.stop()
    assert bench.client.ended
    assert not bench.connection.status.connected
    assert not bench.connection.acknowledge(bench.messages[0])


def test_a_message_of_qos_0_has_nothing_to_acknowledge(bench: Bench) -> None:
    bench.client.accept()
    message = Received(1, 0, 0, False, False, "panel/trafo1/volt", b"230", 0.0)
    assert bench.connection.acknowledge(message)
    assert bench.client.acknowledged == []


def test_a_topic_that_is_no_utf_8_does_not_kill_the_network_thread(bench: Bench) -> None:
    bench.client.accept()
    bench.client.deliver(7, b"panel/\xff/volt")
    assert bench.messages[0].topic == "panel/\\xff/volt"


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


def test_a_dead_network_thread_is_noticed(bench: Bench) -> None:
    thread = threading.Thread(target=lambda: bench.client.on_pre_connect(bench.client, None))
    thread.start()
    thread.join()
    with pytest.raises(NetworkThreadDiedError):
        bench.connection.tick()
