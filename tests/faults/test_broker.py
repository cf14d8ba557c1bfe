"""The broker, or the way to it, fails while readings arrive."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.plant import Outcome, Plant, peak_mib, short_or_long, wait_for
from tests.services.proxy import Proxy

RATE = 500


def test_broker_killed_and_restarted_in_a_quiet_moment(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant()
    made.start_ingest()
    made.publish(1_000, rate=RATE).finish()
    wait_for(lambda: made.ingest.row()["stored"] == 1_000, "storing")
    _save(made)
    made.mosquitto.kill()
    made.mosquitto.start()
    made.healed()
    made.publish(1_000, rate=RATE)
    exactly_once(made.settle())


def test_broker_killed_under_load_restores_an_older_state(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    """What it has on disk is older than what the ingest has stored and acknowledged."""
    made = plant()
    made.start_ingest()
    made.publish(short_or_long(2_000, 20_000), rate=RATE)
    for _ in range(short_or_long(1, 4)):
        time.sleep(1)
        _save(made)
        time.sleep(1)
        made.mosquitto.kill()
        made.mosquitto.start()
        made.healed()
    exactly_once(made.settle())


def test_broker_killed_after_the_ingest_caught_up(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    """It restores a queue that was delivered since, and delivers it again as if for the first time."""
    made = plant()
    ingest = made.start_ingest()
    made.publish(500, rate=0).finish()
    wait_for(lambda: ingest.row().get("stored") == 500, "storing")
    ingest.process.kill()
    backlog = short_or_long(5_000, 25_000)
    made.publish(backlog, rate=0).finish()
    _save(made)
    ingest.start_again()
    wait_for(lambda: made.rows() > 125 + backlog // 8, "catching up")
    made.mosquitto.kill()
    made.mosquitto.start()
    made.healed()
    made.publish(1_000, rate=RATE)
    exactly_once(made.settle())


def test_equal_readings_after_the_broker_restored_an_older_state(
    plant: Callable[..., Plant],
) -> None:
    """They get packet ids that were used for equal ones before."""
    made = plant()
    made.start_ingest()
    made.publish_equal(10)
    wait_for(lambda: made.rows() == 10, "storing")
    _save(made)
    made.publish_equal(20)
    wait_for(lambda: made.rows() == 30, "storing")
    time.sleep(0.5)
    made.mosquitto.kill()
    made.mosquitto.start()
    made.publish_equal(20)
    wait_for(lambda: made.rows() >= 50, "storing what looks the same")
    assert made.rows() == 50


def test_broker_stopped_for_a_while(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant()
    made.start_ingest()
    made.publish(short_or_long(2_000, 10_000), rate=RATE)
    time.sleep(1)
    made.mosquitto.stop()
    time.sleep(short_or_long(2, 10))
    made.mosquitto.start()
    made.healed()
    exactly_once(made.settle())


def test_broker_that_lost_its_session(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    """It numbers from 1 again: ids that the checkpoint knows come back with other messages."""
    made = plant()
    ingest = made.start_ingest()
    rounds = short_or_long(2, 5)
    for _ in range(rounds):
        made.publish(500, rate=RATE).finish()
        wait_for(lambda: ingest.row()["in_memory"] == 0, "storing")
        seen = ingest.log().count("subscribed to")
        made.mosquitto.kill()
        (made.mosquitto.folder / "mosquitto.db").unlink(missing_ok=True)
        made.mosquitto.start()
        made.healed()
        ingest.says_again("subscribed to", seen)
    assert ingest.log().count("session new") == rounds + 1
    made.publish(500, rate=RATE)
    exactly_once(made.settle())


def test_network_cut_without_a_word(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    """Nobody says good-bye: the keepalive finds it."""
    made = plant()
    with Proxy(made.mosquitto.port) as proxy:
        broker = made.mosquitto.url.replace(f":{made.mosquitto.port}", f":{proxy.port}")
        ingest = made.start_ingest(MQTT_BROKER_URL=broker, MQTT_KEEPALIVE="5")
        made.publish(short_or_long(4_000, 6_000), rate=300)
        time.sleep(1.5)
        proxy.swallow()
        wait_for(lambda: " lost: " in ingest.log(), "noticing")
        proxy.heal()
        made.healed()
        exactly_once(made.settle())


def test_network_that_breaks_again_and_again(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant()
    with Proxy(made.mosquitto.port) as proxy:
        broker = made.mosquitto.url.replace(f":{made.mosquitto.port}", f":{proxy.port}")
        made.start_ingest(MQTT_BROKER_URL=broker)
        made.publish(short_or_long(4_000, 20_000), rate=1_000)
        for _ in range(short_or_long(4, 12)):
            time.sleep(0.8)
            proxy.cut()
        made.healed()
        exactly_once(made.settle())


@pytest.mark.timeout(240)
def test_burst_at_full_speed(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant()
    ingest = made.start_ingest()
    made.publish(short_or_long(20_000, 100_000), rate=0)
    made.healed()
    exactly_once(made.settle(limit_s=180))
    assert peak_mib(ingest.process.pid) < 120


@pytest.mark.timeout(240)
def test_bad_messages_mixed_with_good_ones(
    plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]
) -> None:
    made = plant(MQTT_REJECTED_KEEP="100000")
    made.start_ingest()
    made.publish(short_or_long(4_000, 20_000), rate=4_000, bad_every=2)
    outcome = made.settle(limit_s=180)
    exactly_once(outcome)
    assert outcome.rejected == outcome.stored == outcome.published // 2


def _save(made: Plant) -> None:
    """Have the broker write its state to the disk, as it does every 15 s."""
    database = made.mosquitto.folder / "mosquitto.db"
    before = database.stat().st_mtime_ns if database.exists() else 0
    os.kill(made.mosquitto.pid, signal.SIGUSR1)
    wait_for(lambda: database.exists() and database.stat().st_mtime_ns > before, "saving")
