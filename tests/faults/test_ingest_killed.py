"""The ingest is killed or stopped while readings arrive."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from paho.mqtt.publish import multiple

from tests.faults.plant import Outcome, Plant, short_or_long, wait_for
from tests.services.embedded import EmbeddedBroker
from tests.services.ports import HOST
from tests.services.proxy import Proxy

ROUNDS = short_or_long(3, 20)
RATE = 500


@pytest.mark.timeout(300)
def test_ingest_killed_at_random_moments(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant()
    ingest = made.start_ingest()
    made.publish(ROUNDS * 3 * RATE, rate=RATE)
    for _ in range(ROUNDS):
        time.sleep(random.uniform(0.2, 1.5))
        ingest.process.kill()
        made.healed()
        ingest.start_again()
    exactly_once(made.settle(limit_s=200))


def test_ingest_killed_between_commit_and_acknowledgement(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant()
    with Proxy(made.mosquitto.port) as proxy:
        broker = made.mosquitto.url.replace(f":{made.mosquitto.port}", f":{proxy.port}")
        ingest = made.start_ingest(MQTT_BROKER_URL=broker)
        proxy.swallow("to_server")
        made.publish(400, rate=RATE, topics=1)
        wait_for(lambda: made.rows() == 400, "storing without acknowledging")
        ingest.process.kill()
        proxy.heal()
        made.healed()
        ingest.start_again()
        wait_for(lambda: ingest.row().get("duplicate") == 400, "being delivered again")
        made.publish(400, rate=RATE, topics=1)
        exactly_once(made.settle())
        assert made.rows() == 800


def test_ingest_killed_between_commit_and_acknowledgement_of_equal_readings(
    plant: Callable[..., Plant],
) -> None:
    """A meter that always says the same: only the number of rows tells."""
    made = plant()
    with Proxy(made.mosquitto.port) as proxy:
        broker = made.mosquitto.url.replace(f":{made.mosquitto.port}", f":{proxy.port}")
        ingest = made.start_ingest(MQTT_BROKER_URL=broker)
        made.publish_equal(100)
        wait_for(lambda: made.rows() == 100, "storing")
        proxy.swallow("to_server")
        made.publish_equal(100)
        wait_for(lambda: made.rows() == 200, "storing without acknowledging")
        ingest.process.kill()
        proxy.heal()
        made.publish_equal(100)
        ingest.start_again()
        made.publish_equal(100)
        wait_for(lambda: made.rows() >= 400, "storing the rest")
        wait_for(lambda: ingest.row()["in_memory"] == 0, "settling")
        assert made.rows() == 400


def test_ingest_killed_between_commit_and_acknowledgement_to_a_broker_without_the_dup_flag(
    plant: Callable[..., Plant], tmp_path: Path
) -> None:
    """The demo's: it also numbers anew what it repeats. Each reading has a value of its own."""
    made = plant()
    broker = EmbeddedBroker(tmp_path / "broker")
    broker.start()
    try:
        with Proxy(broker.port) as proxy:
            ingest = made.start_ingest(MQTT_BROKER_URL=f"mqtt://{HOST}:{proxy.port}")
            _publish(broker, range(50))
            wait_for(lambda: made.rows() == 50, "storing")
            time.sleep(0.5)
            proxy.swallow("to_server")
            _publish(broker, range(50, 100))
            wait_for(lambda: made.rows() > 50, "storing without acknowledging")
            time.sleep(1)
            ingest.process.kill()
            proxy.heal()
            ingest.start_again()
            _publish(broker, range(100, 150))
            wait_for(lambda: made.rows() >= 150, "storing the rest")
            wait_for(lambda: ingest.row()["in_memory"] == 0, "settling")
            assert made.rows() == 150
            ingest.installation.stop_all()
    finally:
        broker.stop()


def _publish(broker: EmbeddedBroker, values: range) -> None:
    """In MQTT 3.1.1, which is all it speaks."""
    messages = [("panel/one/volt", str(one), 1, False) for one in values]
    multiple(list(messages), hostname=HOST, port=broker.port)


def test_ingest_stopped_by_sigterm_under_load(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant()
    ingest = made.start_ingest()
    made.publish(short_or_long(4_000, 20_000), rate=1_000)
    for _ in range(2):
        time.sleep(1)
        assert ingest.process.stop() == 0
        made.healed()
        ingest.start_again()
    exactly_once(made.settle())


@pytest.mark.timeout(240)
@pytest.mark.parametrize("workers", short_or_long([3], [2, 3]))
def test_one_worker_of_a_share_group_killed(
    workers: int, plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant(MQTT_SHARE_GROUP="plant")
    killed, *others = [made.start_ingest() for _ in range(workers)]
    made.publish(short_or_long(3_000, 20_000), rate=RATE)
    time.sleep(2)
    killed.process.kill()
    time.sleep(2)
    made.healed()
    killed.start_again()
    exactly_once(made.settle())
    assert all(worker.row()["stored"] > 0 for worker in (killed, *others))
