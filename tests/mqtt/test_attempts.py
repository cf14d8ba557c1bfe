import pytest

from meters.mqtt.attempts import LONGEST_RETRY_S, PATIENCE, STEADY_S, Attempts
from meters.mqtt.client import MQTT_3, MQTT_5
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(clock)


def failures(attempts: Attempts, count: int) -> list[float]:
    delays = []
    for _ in range(count):
        attempts.not_connected()
        delays.append(attempts.delay_s)
    return delays


def test_the_delay_grows_and_is_bounded(attempts: Attempts) -> None:
    delays = failures(attempts, 2000)
    assert 0.25 <= delays[0] <= 0.5
    assert all(
        early * 1.99 < later for early, later in zip(delays[:4:2], delays[2:6:2], strict=True)
    )
    assert max(delays) <= LONGEST_RETRY_S
    assert min(delays[8:]) >= LONGEST_RETRY_S / 2


def test_the_delay_is_random_so_that_clients_do_not_come_back_in_step() -> None:
    assert len({failures(Attempts(), 3)[-1] for _ in range(10)}) == 10


def test_a_connection_that_stood_for_a_while_ends_the_series(
    attempts: Attempts, clock: Clock
) -> None:
    failures(attempts, 10)
    attempts.connected()
    clock.now_s += STEADY_S
    attempts.lost()
    assert attempts.delay_s <= 0.5


def test_a_broker_that_accepts_and_throws_out_is_asked_ever_less_often(attempts: Attempts) -> None:
    for _ in range(10):
        attempts.connected()
        attempts.lost()
    assert attempts.delay_s >= LONGEST_RETRY_S / 2


@pytest.mark.parametrize("said_so", [True, False])
def test_a_broker_without_mqtt_5_is_asked_with_3_at_once_and_nothing_is_reported(
    attempts: Attempts, said_so: bool
) -> None:
    assert not attempts.not_understood(said_so=said_so)
    assert (attempts.protocol, attempts.delay_s, attempts.failed) == (MQTT_3, 0, 0)


def test_the_version_that_worked_is_kept(attempts: Attempts) -> None:
    attempts.not_understood(said_so=False)
    attempts.connected()
    attempts.lost()
    attempts.not_connected()
    assert attempts.not_understood(said_so=False)
    assert attempts.protocol == MQTT_3


def test_mqtt_5_comes_first_again_after_a_delay_when_3_fails_as_well(attempts: Attempts) -> None:
    attempts.not_understood(said_so=False)
    assert attempts.not_understood(said_so=False)
    assert (attempts.protocol, attempts.failed) == (MQTT_5, 1)
    assert attempts.delay_s > 0


def test_mqtt_5_comes_first_again_when_the_broker_went_away_in_between(attempts: Attempts) -> None:
    attempts.not_understood(said_so=False)
    attempts.not_connected()
    assert attempts.protocol == MQTT_5


def test_a_broker_going_down_does_not_take_us_back_to_3(attempts: Attempts) -> None:
    attempts.connected()
    attempts.lost()
    for _ in range(PATIENCE - 1):
        assert attempts.not_understood(said_so=False)
        assert attempts.protocol == MQTT_5


def test_another_broker_in_the_place_of_the_old_is_understood_after_a_while(
    attempts: Attempts,
) -> None:
    attempts.connected()
    attempts.lost()
    while attempts.not_understood(said_so=False):
        assert attempts.failed <= PATIENCE
    assert attempts.protocol == MQTT_3


def test_one_that_hangs_up_on_both_is_not_asked_at_full_speed(attempts: Attempts) -> None:
    waited = 0.0
    for _ in range(20):
        attempts.not_understood(said_so=False)
        waited += attempts.delay_s
    assert waited > 60
