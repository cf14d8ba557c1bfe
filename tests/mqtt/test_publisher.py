"""Publishing to a real broker, through what brokers and networks do."""

import gc
import subprocess
import threading
import time
from pathlib import Path

import pytest

from meters.demo.broker import embedded_broker
from meters.management.stopping import StopFlag
from meters.mqtt.broker import Broker
from meters.mqtt.errors import BrokerUnavailableError
from meters.mqtt.publisher import PublicationRefusedError, Publisher, publish_once
from meters.mqtt.session import BrokerSession
from tests.services.clients import MqttClient
from tests.services.fixtures import Services
from tests.services.mosquitto import Mosquitto
from tests.services.ports import HOST, free_port

TOPIC = "panel/publisher/volt"


def at(url: str) -> Broker:
    return Broker.from_url(url)


def test_every_message_is_confirmed_and_arrives_in_order(mosquitto: Mosquitto) -> None:
    with MqttClient(mosquitto.url) as listener:
        listener.subscribe(TOPIC)
        with Publisher(at(mosquitto.url), in_flight=20) as publisher:
            for number in range(500):
                assert publisher.publish(TOPIC, str(number))
                assert publisher.unconfirmed <= 20
            assert publisher.flush(10)
        assert (publisher.published, publisher.confirmed) == (500, 500)
        arrived = [listener.next_message()[1] for _ in range(500)]
    assert arrived == [str(number).encode() for number in range(500)]


def test_publish_once_returns_when_the_broker_has_the_message(mosquitto: Mosquitto) -> None:
    with MqttClient(mosquitto.url) as listener:
        listener.subscribe(TOPIC)
        publish_once(at(mosquitto.url), TOPIC, "230.45")
        assert listener.next_message() == (TOPIC, b"230.45")


def test_it_publishes_over_websockets(mosquitto: Mosquitto) -> None:
    publish_once(at(mosquitto.ws_url), TOPIC, "230.45")


def test_a_broker_that_hangs_up_on_mqtt_5_is_spoken_to_in_3_1_1(tmp_path: Path) -> None:
    port = free_port()
    with embedded_broker(port, tmp_path), Publisher(at(f"mqtt://{HOST}:{port}")) as publisher:
        assert publisher.session.protocol == "3.1.1"
        assert publisher.publish(TOPIC, "1")
        assert publisher.flush(10)


def test_a_message_the_user_may_not_publish_is_an_error(mosquitto: Mosquitto) -> None:
    with pytest.raises(PublicationRefusedError, match="user meter: Not authorized"):
        publish_once(at(mosquitto.meter_url), "elsewhere/volt", "1")


def test_after_a_refusal_nothing_more_is_published(mosquitto: Mosquitto) -> None:
    with Publisher(at(mosquitto.meter_url)) as publisher:
        publisher.publish("elsewhere/volt", "1")
        with pytest.raises(PublicationRefusedError):
            publisher.flush(10)
        with pytest.raises(PublicationRefusedError):
            publisher.publish(TOPIC, "1")
        assert publisher.confirmed == 0


def test_a_wrong_password_is_told_apart(mosquitto: Mosquitto) -> None:
    with pytest.raises(BrokerUnavailableError, match="refuses this user"):
        publish_once(at(f"mqtt://pelbiot:wrong@{HOST}:{mosquitto.port}"), TOPIC, "1")


def test_an_address_where_nothing_listens_is_told_apart() -> None:
    port = free_port()
    with pytest.raises(BrokerUnavailableError, match=f"nothing listens at mqtt://{HOST}:{port}"):
        publish_once(at(f"mqtt://{HOST}:{port}"), TOPIC, "1")


def test_an_unknown_host_is_told_apart() -> None:
    with pytest.raises(BrokerUnavailableError, match="host name .* can't be resolved"):
        publish_once(at("mqtt://no-such-host.invalid"), TOPIC, "1")


# paho leaves the socket of a failed handshake to the garbage collector, which says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_certificate_nobody_vouches_for_is_told_apart_and_at_once(
    services: Services, tmp_path: Path
) -> None:
    port, key, certificate = free_port(), tmp_path / "key.pem", tmp_path / "certificate.pem"
    make_certificate(key, certificate)
    services.mosquitto(f"listener {port} {HOST}\ncertfile {certificate}\nkeyfile {key}\n")
    started = time.monotonic()
    with (
        pytest.raises(BrokerUnavailableError, match="certificate .* can't be verified"),
        Publisher(at(f"mqtts://{HOST}:{port}"), connect_limit_s=60),
    ):
        pass
    assert time.monotonic() - started < 10
    gc.collect()


def make_certificate(key: Path, certificate: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    names = ["-subj", f"/CN={HOST}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names], check=True, capture_output=True, timeout=30)


def test_nothing_is_lost_when_the_broker_restarts_in_between(services: Services) -> None:
    broker = services.mosquitto()
    with MqttClient(broker.url, client_id="ingest") as listener:
        listener.subscribe(TOPIC)
    with Publisher(at(broker.url), in_flight=50) as publisher:
        for number in range(1000):
            if number == 500:
                broker.restart()
            assert publisher.publish(TOPIC, str(number))
        assert publisher.flush(20)
    assert publisher.confirmed == 1000
    with MqttClient(broker.url, client_id="ingest") as listener:
        listener.subscribe(TOPIC)
        arrived: set[bytes] = set()
        while len(arrived) < 1000:  # some may come twice
            arrived.add(listener.next_message()[1])


def test_a_broker_that_confirms_nothing_bounds_what_is_under_way(services: Services) -> None:
    broker, stop = services.mosquitto(), StopFlag()
    with Publisher(at(broker.url), in_flight=10, stop=stop) as publisher:
        broker.freeze()
        assert all(publisher.publish(TOPIC, "1") for _ in range(10))
        timer = threading.Timer(0.5, stop.set)
        timer.start()
        assert publisher.publish(TOPIC, "one too many") is False
        timer.join()
        assert (publisher.published, publisher.unconfirmed) == (10, 10)
        assert publisher.flush(0.1) is False


def test_leaving_a_frozen_broker_takes_no_time_however_much_is_unsent(services: Services) -> None:
    broker = services.mosquitto()
    with Publisher(at(broker.url)) as publisher:
        broker.freeze()
        for _ in range(900):
            publisher.publish(TOPIC, "x" * 60_000)
        started = time.monotonic()
    assert time.monotonic() - started < 5


def test_publish_once_gives_up_on_a_frozen_broker_in_time(services: Services) -> None:
    broker = services.mosquitto()
    broker.freeze()
    started = time.monotonic()
    with pytest.raises(BrokerUnavailableError, match="doesn't answer"):
        publish_once(at(broker.url), TOPIC, "1", timeout_s=1)
    assert time.monotonic() - started < 5


def test_publish_once_gives_up_when_the_connection_is_lost_as_soon_as_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(BrokerSession, "open", lambda session, **limits: None)
    with pytest.raises(BrokerUnavailableError, match="no confirmation within 0.3 s"):
        publish_once(at(f"mqtt://{HOST}:{free_port()}"), TOPIC, "1", timeout_s=0.3)


def test_a_broker_that_comes_late_is_waited_for(services: Services) -> None:
    broker = services.mosquitto()
    broker.stop()
    limit_s = 0.5
    with pytest.raises(BrokerUnavailableError, match="nothing listens"):
        Publisher(at(broker.url), connect_limit_s=limit_s).__enter__()
    broker.launch()
    with Publisher(at(broker.url), connect_limit_s=20) as publisher:
        assert publisher.publish(TOPIC, "1")
        assert publisher.flush(10)


def test_told_to_stop_while_connecting_it_publishes_nothing() -> None:
    stop = StopFlag()
    stop.set()
    with Publisher(at(f"mqtt://{HOST}:{free_port()}"), stop=stop) as publisher:
        assert publisher.publish(TOPIC, "1") is False
