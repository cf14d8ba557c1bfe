import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from meters.mqtt.topics import TopicSpace
from meters.recorded.recording import BadRow, Row
from meters.recorded.replay import Replay

TOPICS = TopicSpace({"voltage": "panel/+/volt", "power": "panel/+/power"})
START = datetime(2026, 1, 15, tzinfo=UTC)


class Broker:
    """Confirms everything but the newest `lag` messages, and takes `room` of them."""

    def __init__(self, lag: int = 0, room: int = 1000) -> None:
        self.lag, self.room = lag, room
        self.messages: list[tuple[str, str]] = []

    @property
    def published(self) -> int:
        return len(self.messages)

    @property
    def confirmed(self) -> int:
        return max(0, self.published - self.lag)

    def publish(self, topic: str, payload: str) -> bool:
        if self.published >= self.room:
            return False
        self.messages.append((topic, payload))
        return True


class Time:
    def __init__(self) -> None:
        self.now_s, self.stopped = 100.0, False

    def __call__(self) -> float:
        return self.now_s

    def is_set(self) -> bool:
        return self.stopped

    def wait(self, seconds: float) -> bool:
        self.now_s += max(0.0, seconds)
        return self.stopped


def rows(count: int) -> Iterator[Row | BadRow]:
    for number in range(1, count + 1):
        moment = START + timedelta(minutes=number)
        yield Row(number, moment, {"voltage": 230.0, "power": 600.0})


def test_each_reading_is_published_with_the_time_of_its_row() -> None:
    broker, time = Broker(), Time()
    summary = Replay("house", TOPICS, broker, time, clock=time).run(rows(2))
    assert [topic for topic, _ in broker.messages] == ["panel/house/volt", "panel/house/power"] * 2
    assert json.loads(broker.messages[1][1]) == {
        "value": 600.0,
        "timestamp": "2026-01-15T00:01:00+00:00",
    }
    assert (summary.rows, summary.readings, summary.next_row) == (2, 4, 3)
    assert summary.energy().energy_wh == 10.0


def test_it_keeps_the_recordings_pace_times_the_speed() -> None:
    broker, time = Broker(), Time()
    Replay("house", TOPICS, broker, time, speed=60, clock=time).run(rows(5))
    assert time.now_s == 104.0


def test_without_a_speed_it_never_waits() -> None:
    broker, time = Broker(), Time()
    Replay("house", TOPICS, broker, time, clock=time).run(rows(5))
    assert time.now_s == 100.0


def test_bad_rows_are_counted_and_passed_over() -> None:
    broker, time = Broker(), Time()
    mixed = [*rows(1), BadRow(2, 3, "why"), Row(3, START, {"voltage": 1.0})]
    summary = Replay("house", TOPICS, broker, time, clock=time).run(mixed)
    assert (summary.rows, summary.skipped, summary.next_row) == (2, 1, 4)


def test_what_was_not_confirmed_is_played_again() -> None:
    broker, time = Broker(lag=3), Time()
    summary = Replay("house", TOPICS, broker, time, clock=time).run(rows(5))
    assert summary.next_row == 4, "row 4 has an unconfirmed reading"
    summary.settle(10)
    assert summary.next_row == 6


def test_an_interrupted_row_counts_as_not_played() -> None:
    broker, time = Broker(room=3), Time()
    summary = Replay("house", TOPICS, broker, time, clock=time).run(rows(5))
    assert (summary.rows, summary.next_row) == (1, 2)
