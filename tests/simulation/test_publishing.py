import json
from datetime import datetime

from meters.mqtt.topics import TopicSpace
from meters.simulation.loads import EveningPeak
from meters.simulation.panel import Kind, SimulatedPanel, Supply
from meters.simulation.publishing import (
    Publication,
    Simulation,
    run_rounds,
    small_transformers,
)

TOPICS = TopicSpace(
    {
        "voltage": "panel/+/volt",
        "ampere": "panel/+/ampere",
        "power": "panel/+/power",
        "energy_cost": "panel/+/energy_cost",
    }
)


class Broker:
    """Takes `room` messages, then wants no more."""

    def __init__(self, room: int = 10_000) -> None:
        self.room = room
        self.messages: list[tuple[str, str]] = []

    def publish(self, topic: str, payload: str) -> bool:
        if len(self.messages) >= self.room:
            return False
        self.messages.append((topic, payload))
        return True


class Time:
    """A clock that only waiting moves, and that stops the simulation at `ends_s`."""

    def __init__(self, ends_s: float = float("inf")) -> None:
        self.now_s, self.ends_s = 1_768_435_200.0, 1_768_435_200.0 + ends_s
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def is_set(self) -> bool:
        return self.now_s >= self.ends_s

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.now_s += max(0.0, seconds)
        return self.is_set()


def simulation(*panels: str, timestamps: bool = False) -> Simulation:
    return Simulation(
        small_transformers(panels, "s"), TOPICS, time_zone="Asia/Jakarta", timestamps=timestamps
    )


def test_a_round_is_the_four_topics_of_each_panel() -> None:
    broker, time = Broker(), Time()
    assert run_rounds(simulation("t1", "t2"), broker, time, interval_s=2, count=1, clock=time) == 1
    assert [topic for topic, _ in broker.messages] == [
        f"panel/{panel}/{metric}"
        for panel in ("t1", "t2")
        for metric in ("volt", "ampere", "power", "energy_cost")
    ]
    assert time.waits == [], "it waited for a round that never comes"


def test_it_keeps_the_pace_from_the_start() -> None:
    time = Time()

    def slow(publication: Publication) -> None:
        time.now_s += 0.1

    run_rounds(
        simulation("t1"), Broker(), time, interval_s=2, count=3, clock=time, on_published=slow
    )
    assert [round(wait, 3) for wait in time.waits] == [1.6, 1.6]


def test_a_rate_spreads_the_messages_of_a_round_evenly() -> None:
    time, moments = Time(), []

    def note(publication: Publication) -> None:
        moments.append(round(time.now_s - 1_768_435_200.0, 3))

    run_rounds(
        simulation("t1"),
        Broker(),
        time,
        interval_s=2,
        count=2,
        spread=True,
        clock=time,
        on_published=note,
    )
    assert moments == [0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5]


def test_it_stops_when_told_to() -> None:
    time = Time(ends_s=5)
    assert run_rounds(simulation("t1"), Broker(), time, interval_s=2, clock=time) == 3


def test_a_round_that_could_not_be_finished_does_not_count() -> None:
    time = Time()
    assert run_rounds(simulation("t1"), Broker(room=6), time, interval_s=2, clock=time) == 1


def test_with_timestamps_the_payload_carries_value_and_time_with_offset() -> None:
    broker, time = Broker(), Time()
    run_rounds(simulation("t1", timestamps=True), broker, time, interval_s=2, count=1, clock=time)
    payload = json.loads(broker.messages[0][1])
    assert 215 <= payload["value"] <= 245
    assert datetime.fromisoformat(payload["timestamp"]).timestamp() == 1_768_435_200.0
    assert payload["timestamp"].endswith("+07:00")


def test_a_panel_whose_link_is_down_publishes_nothing() -> None:
    kind = Kind(EveningPeak(10, 1, 0), Supply(230, 10), silent_s=90, link_s=300)
    panels = {"far": SimulatedPanel("s", kind), "near": SimulatedPanel("s")}
    sim = Simulation(panels, TOPICS, time_zone="Asia/Jakarta")
    heard = {
        after_s: {publication.topic.split("/")[1] for publication in sim.round(after_s)}
        for after_s in (300 * 10, 300 * 10 + 89, 300 * 10 + 90, 300 * 11 - 1, 300 * 11)
    }
    assert list(heard.values()) == [{"near"}, {"near"}, {"far", "near"}, {"far", "near"}, {"near"}]
