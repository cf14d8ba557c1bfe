"""The engine with a connection, an audience and a stop flag that write down what happens."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from meters.ingest import store as store_module
from meters.ingest.engine import Engine
from meters.ingest.heartbeat import Heartbeat
from meters.ingest.receive import Inbox
from meters.ingest.store import CurrentValue, DatabaseAwayError, Store
from meters.live import StateEvent
from meters.models import IngestWorker, RejectedMessage, Trend
from meters.mqtt.broker import Broker
from meters.mqtt.connection import NetworkThreadDiedError
from meters.mqtt.link import ConnectionSettings, ConnectionStatus, Received
from tests.ingest.messages import message, new_sampler, new_store

pytestmark = pytest.mark.django_db
# `run` closes the database at its end, which the usual test's transaction would not survive.
to_the_end = pytest.mark.django_db(transaction=True)
SETTINGS = ConnectionSettings(Broker.from_url("mqtt://broker"), "ingest", ["panel/+/volt"])


@dataclass
class StubConnection:
    journal: list[Any]
    status: ConnectionStatus = field(default_factory=lambda: ConnectionStatus(connected=True))
    epoch: int = 1
    died: bool = False

    def start(self) -> None:
        self.journal.append("start")

    def stop(self) -> None:
        self.journal.append("stop")
        self.status = replace(self.status, connected=False)

    def tick(self) -> None:
        if self.died:
            raise NetworkThreadDiedError

    def acknowledge(self, one: Received) -> bool:
        if one.epoch != self.epoch:
            return False
        self.journal.append(("acknowledged", one.packet_id, Trend.objects.count()))
        return True


@dataclass
class StubAudience:
    journal: list[Any]

    def offer(self, values: list[CurrentValue]) -> None:
        self.journal.append(("offered", [value.value for value in values]))

    def announce(self, event: StateEvent) -> None:
        self.journal.append(event)


class StubStop:
    """Waits take no time; `when` decides after so many waits, or between two steps."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.when: Callable[[], bool] = lambda: False

    def is_set(self) -> bool:
        return self.when()

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return self.when()


class Bench:
    def __init__(self) -> None:
        self.journal: list[Any] = []
        self.inbox = Inbox()
        self.stop = StubStop()
        self.connection = StubConnection(self.journal)
        self.heartbeat = Heartbeat(SETTINGS)
        self.engine = Engine(
            inbox=self.inbox,
            sampler=new_sampler(),
            store=new_store(),
            connection=self.connection,
            audience=StubAudience(self.journal),
            heartbeat=self.heartbeat,
            stop=self.stop,
        )

    def receive(self, *messages: Received) -> None:
        for one in messages:
            self.inbox.put(one)

    def step(self) -> bool:
        return self.engine.step(idle_s=0)

    @property
    def acknowledged(self) -> list[int]:
        return [entry[1] for entry in self.journal if entry[0] == "acknowledged"]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def break_database(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Every save fails from now on; returns how the database comes back."""
    save = Store.save

    def away(self: Store, *args: Any) -> None:
        raise DatabaseAwayError("Server has gone away")

    monkeypatch.setattr(Store, "save", away)
    return lambda: monkeypatch.setattr(Store, "save", save)


def test_messages_are_acknowledged_after_the_commit_and_in_the_order_of_arrival(
    bench: Bench,
) -> None:
    messages = [message(payload=payload) for payload in ("230", "?", "231")]
    messages.insert(2, message(retained=True))
    bench.receive(*messages)
    assert bench.step()
    assert bench.journal == [
        *(("acknowledged", one.packet_id, 2) for one in messages),
        ("offered", [230.0, 231.0]),
    ]


def test_nothing_is_acknowledged_before_the_commit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_during_save: list[list[int]] = []
    write = store_module._write_trends

    def spy(*args: Any) -> None:
        seen_during_save.append(bench.acknowledged)
        write(*args)

    monkeypatch.setattr(store_module, "_write_trends", spy)
    bench.receive(message())
    bench.step()
    assert seen_during_save == [[]]
    assert len(bench.acknowledged) == 1


def test_order_is_kept_across_batches(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meters.ingest.engine.MAX_BATCH", 2)
    messages = [message(payload=str(value)) for value in range(5)]
    bench.receive(*messages)
    while bench.step():
        pass
    assert bench.acknowledged == [one.packet_id for one in messages]


def test_a_message_of_an_older_connection_is_stored_and_left_to_come_again(bench: Bench) -> None:
    bench.receive(message(epoch=0), message(epoch=1))
    bench.step()
    assert len(bench.acknowledged) == 1
    assert Trend.objects.count() == 2


def test_an_outage_is_waited_for_with_growing_pauses_and_then_everything_is_stored(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_back = break_database(monkeypatch)

    def back_after_ten_waits() -> bool:
        if len(bench.stop.waits) == 10:
            come_back()
        return False

    bench.stop.when = back_after_ten_waits
    bench.receive(message(), message("panel/trafo1/power"))
    bench.step()
    assert bench.stop.waits[5] > 5 * bench.stop.waits[0]
    assert max(bench.stop.waits) <= 5
    assert len(bench.acknowledged) == 2
    assert "gone away" in bench.heartbeat.error
    assert bench.heartbeat.counters.stored == 2


@to_the_end
def test_stopping_during_an_outage_leaves_the_batch_to_the_broker(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_database(monkeypatch)
    bench.stop.when = lambda: len(bench.stop.waits) == 2
    bench.receive(message(), message())
    bench.engine.run()
    assert bench.acknowledged == []
    assert bench.journal == ["start", "stop"]
    assert bench.heartbeat.counters.in_memory == 2


@to_the_end
def test_a_stop_finishes_the_batch_in_hand_before_it_says_good_bye(bench: Bench) -> None:
    bench.stop.when = lambda: bench.inbox.received > 0 and len(bench.inbox) == 0
    bench.receive(message())
    bench.engine.run()
    assert [entry if isinstance(entry, str) else entry[0] for entry in bench.journal] == [
        "start",
        "acknowledged",
        "offered",
        "stop",
    ]
    row = IngestWorker.objects.get()
    assert (row.connected, row.stored) == (False, 1)


@to_the_end
def test_what_arrives_after_a_stop_is_not_taken_in(bench: Bench) -> None:
    bench.stop.when = lambda: True
    bench.engine.run()
    bench.receive(message())
    assert len(bench.inbox) == 0


def test_every_outcome_is_accounted_for_at_every_step(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meters.ingest.engine.MAX_BATCH", 3)
    bench.receive(
        message(),
        message(retained=True),
        message(payload="?"),
        message("other/topic"),
        message("panel/trafo1/power"),
        message(payload="NaN", retained=True),
        message(payload="231"),
    )
    counters = bench.heartbeat.counters
    while bench.step():
        assert counters.in_memory == len(bench.inbox)
    assert (counters.stored, counters.duplicate, counters.rejected) == (3, 2, 2)
    assert counters.received == 7
    assert RejectedMessage.objects.count() == 2


@to_the_end
def test_a_dead_network_thread_ends_the_engine_also_during_an_outage(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_database(monkeypatch)
    bench.receive(message())

    def die() -> bool:
        bench.connection.died = bool(bench.stop.waits)
        return False

    bench.stop.when = die
    with pytest.raises(NetworkThreadDiedError):
        bench.engine.run()
    assert bench.journal == ["start", "stop"]


def test_an_idle_step_does_nothing_but_beat(bench: Bench) -> None:
    assert not bench.step()
    assert bench.journal == []
    assert IngestWorker.objects.get().received == 0


def test_the_pages_hear_of_the_connection_at_once(bench: Bench) -> None:
    bench.engine.status_changed(ConnectionStatus(connected=True, since_s=1_768_449_600.0))
    bench.engine.status_changed(ConnectionStatus(error="nothing listens at mqtt://broker"))
    bench.engine.status_changed(ConnectionStatus(connected=True, error="the subscription"))
    assert bench.journal == [
        {
            "event": "mqtt-connected",
            "broker": "mqtt://broker:1883",
            "since": "2026-01-15T04:00:00Z",
        },
        {
            "event": "mqtt-disconnected",
            "broker": "mqtt://broker:1883",
            "message": "nothing listens at mqtt://broker",
        },
        {"event": "mqtt-error", "broker": "mqtt://broker:1883", "message": "the subscription"},
    ]
    bench.step()
    row = IngestWorker.objects.get()
    assert (row.last_error, row.error_count) == ("the subscription", 2)
