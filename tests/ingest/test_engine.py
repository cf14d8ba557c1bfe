"""The engine with a connection, an audience and a stop flag that write down what happens."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from meters.ingest import statements
from meters.ingest.engine import Engine
from meters.ingest.heartbeat import Heartbeat
from meters.ingest.keep import Keeper, Patience
from meters.ingest.panels import CurrentValue
from meters.ingest.receive import Inbox
from meters.ingest.spool import Spool, SpoolError
from meters.ingest.store import DatabaseAwayError, Outcome, Store
from meters.live import StateEvent
from meters.models import IngestWorker, RejectedMessage, Trend
from meters.mqtt.broker import Broker
from meters.mqtt.connection import Barrier, NetworkThreadDiedError
from meters.mqtt.link import ConnectionSettings, ConnectionStatus, Received
from tests.ingest.messages import NOW_S, message, new_sampler, new_store
from tests.ingest.storing import readings

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
    hears: bool = True  # has the broker taken in what was sent?
    has_more: bool = False
    looks: bool = True  # at the database, when it acknowledges

    def start(self) -> None:
        self.journal.append("start")

    def stop(self) -> bool:
        self.journal.append("stop")
        self.status = replace(self.status, connected=False)
        return self.hears

    def tick(self) -> None:
        if self.died:
            raise NetworkThreadDiedError

    def acknowledge(self, messages: Sequence[Received]) -> int:
        stored = Trend.objects.count() if self.looks else 0
        current = [one for one in messages if one.epoch == self.epoch]
        self.journal += [("acknowledged", one.packet_id, stored) for one in current]
        return len(messages) - len(current)

    def barrier(self) -> Barrier | None:
        return Barrier(self.epoch, 1)

    def passed(self, barrier: Barrier) -> bool | None:
        return self.hears

    def exhausted(self, barrier: Barrier) -> bool:
        return not self.has_more


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
    def __init__(self, spool: Path) -> None:
        self.journal: list[Any] = []
        self.inbox = Inbox()
        self.stop = StubStop()
        self.connection = StubConnection(self.journal)
        self.heartbeat = Heartbeat(SETTINGS)
        self.engine = Engine(
            inbox=self.inbox,
            sampler=new_sampler(),
            keeper=Keeper(new_store(), Spool(spool, max_mb=1), new_sampler(), self.heartbeat),
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
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "spool.sqlite3")
    yield bench
    bench.engine.keeper.spool.close()


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The database takes nothing until `undo`."""

    def away(self: Store, *args: Any) -> None:
        raise DatabaseAwayError("Server has gone away")

    monkeypatch.setattr(Heartbeat, "due", False)
    monkeypatch.setattr(Patience, "failed", _at_once)
    with pytest.MonkeyPatch.context() as during:
        for name in ("save", "settle", "checkpoint", "last_token"):
            during.setattr(Store, name, away)
        yield during


def _at_once(self: Patience, took_s: float) -> None:
    self.waiting = True


def voltages() -> list[float]:
    return [row["voltage"] for row in readings()]


def test_messages_are_acknowledged_after_the_commit_and_in_the_order_of_arrival(
    bench: Bench,
) -> None:
    messages = [message(payload=payload) for payload in ("230", "?", "231")]
    messages.insert(2, message(retained=True))
    bench.receive(*messages)
    assert bench.step()
    assert bench.journal == [
        *(("acknowledged", one.packet_id, 2) for one in messages),
        ("offered", [231.0]),
    ]


def test_nothing_is_acknowledged_before_the_commit(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen_during_save: list[list[int]] = []
    write = statements.write_trends

    def spy(*args: Any) -> None:
        seen_during_save.append(bench.acknowledged)
        write(*args)

    monkeypatch.setattr(statements, "write_trends", spy)
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


def test_during_an_outage_readings_are_acknowledged_from_the_spool_and_still_shown(
    bench: Bench, outage: pytest.MonkeyPatch
) -> None:
    bench.connection.looks = False
    bench.receive(message(payload="230"), message(payload="?"), message(payload="231"))
    assert bench.step()
    assert len(bench.acknowledged) == 3
    assert bench.journal[-1] == ("offered", [231.0])
    assert bench.heartbeat.counters.spooled == 3
    assert "gone away" in bench.heartbeat.error
    outage.undo()
    assert not Trend.objects.exists()


def test_when_the_database_is_back_all_is_stored_once_and_in_order(
    bench: Bench, outage: pytest.MonkeyPatch
) -> None:
    for value in range(5):
        bench.receive(message(payload=str(value), at_s=NOW_S + value))
        bench.step()
    outage.undo()
    bench.receive(message(payload="5", at_s=NOW_S + 5))
    while bench.step():
        assert bench.heartbeat.counters.in_memory == 0
    assert voltages() == [0, 1, 2, 3, 4, 5]
    assert bench.heartbeat.counters.stored == 6
    assert bench.heartbeat.counters.spooled == 0
    bench.receive(message(payload="6", at_s=NOW_S + 6))
    bench.step()
    assert voltages()[-1] == 6


def test_while_the_spool_holds_readings_new_ones_queue_up_behind_them(
    bench: Bench, outage: pytest.MonkeyPatch
) -> None:
    bench.receive(message(payload="1"))
    bench.step()
    outage.undo()
    kept: list[int] = []
    append = Spool.append
    outage.setattr(
        Spool,
        "append",
        lambda *args: (kept.append(len(args[2])), append(*args)),  # type: ignore[func-returns-value]
    )
    bench.receive(message(payload="2"))
    bench.step()
    assert kept == [1]


def test_a_commit_that_came_through_before_the_outage_is_not_drained_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Store.save

    def unanswered(self: Store, *args: Any) -> Outcome:
        save(self, *args)
        raise DatabaseAwayError("Lost connection to server during query")

    with monkeypatch.context() as during:
        during.setattr(Store, "save", unanswered)
        during.setattr(Patience, "failed", _at_once)
        bench.receive(message(payload="230"), message(payload="?"))
        bench.step()
    while bench.step():
        pass
    assert voltages() == [230]
    assert RejectedMessage.objects.count() == 1
    assert bench.heartbeat.counters.in_memory == 0


def test_what_an_earlier_process_drained_without_noticing_is_not_drained_again(
    bench: Bench, outage: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in range(3):
        bench.receive(message(payload=str(value), at_s=NOW_S + value))
        bench.step()
    outage.undo()

    def killed(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during, pytest.raises(KeyboardInterrupt):
        during.setattr(Spool, "remove", killed)
        bench.step()
    assert voltages() == [0, 1, 2]
    bench.engine.keeper.spool.close()
    successor = Bench(bench.engine.keeper.spool.path)
    successor.engine.resume()
    while successor.step():
        pass
    assert voltages() == [0, 1, 2]
    assert successor.heartbeat.counters.received == successor.heartbeat.counters.stored == 3
    successor.engine.keeper.spool.close()


def test_a_drained_batch_that_cannot_be_removed_is_not_drained_again(
    bench: Bench, outage: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.receive(message(payload="1"))
    bench.step()
    outage.undo()
    with monkeypatch.context() as during:
        during.setattr(Spool, "remove", _full)
        bench.step()
    while bench.step():
        pass
    assert voltages() == [1]
    assert bench.heartbeat.counters.in_memory == bench.heartbeat.counters.spooled == 0


def test_readings_keep_their_moments_however_often_draining_fails(
    bench: Bench, outage: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in range(3):
        bench.receive(message(payload=str(value), at_s=NOW_S + value / 5))
        bench.step()
    outage.undo()
    with monkeypatch.context() as during:
        during.setattr(Store, "save", _away)
        for _ in range(3):
            bench.step()
    while bench.step():
        pass
    moments = Trend.objects.order_by("timestamp").values_list("timestamp", flat=True)
    assert [round(moment.timestamp() - NOW_S, 3) for moment in moments] == [0, 0.2, 0.4]


def test_a_database_that_answers_and_stores_nothing_is_not_back(
    bench: Bench, outage: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.receive(message())
    bench.step()
    outage.undo()
    with monkeypatch.context() as during:
        during.setattr(Store, "save", _away)
        for _ in range(3):
            bench.step()
            assert bench.engine.keeper.patience.waiting
    bench.step()
    assert not bench.engine.keeper.patience.waiting


def test_each_outage_is_told_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Heartbeat, "due", False)
    monkeypatch.setattr(Patience, "failed", _at_once)
    for _ in range(2):
        with monkeypatch.context() as during:
            during.setattr(Store, "save", _away)
            during.setattr(Store, "last_token", _away)
            for _ in range(3):
                bench.receive(message())
                bench.step()
        while bench.step():
            pass
    told = [one.message for one in caplog.records if one.levelname == "WARNING"]
    assert len(told) == bench.heartbeat.errors == 2
    assert all("they go to the spool: Server has gone away" in sentence for sentence in told)


def test_what_was_in_doubt_is_counted_as_what_it_became(
    bench: Bench, outage: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.receive(message(payload="230"), message(payload="?"))
    bench.step()
    outage.undo()
    with monkeypatch.context() as during:
        during.setattr(Spool, "remove", _full)
        bench.step()
    while bench.step():
        pass
    counters = bench.heartbeat.counters
    assert (counters.stored, counters.rejected) == (1, 1)


def test_nothing_settles_while_a_batch_is_held(
    bench: Bench, outage: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Spool, "append", _full)
    bench.receive(message())
    for _ in range(3):
        bench.step()
    assert not bench.engine.ledger.settled, "it was never acknowledged"


def test_an_idle_ingest_says_that_the_database_is_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as during:
        during.setattr(Heartbeat, "beat", _away)
        bench.step()
    assert "they go to the spool: Server has gone away" in bench.heartbeat.error


def test_with_no_room_anywhere_nothing_is_acknowledged_and_nothing_lost(
    bench: Bench, outage: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as during:
        during.setattr(Spool, "append", _full)
        bench.receive(message(payload="1"), message(payload="2"))
        assert not bench.step()
        bench.receive(message(payload="3"))
        assert not bench.step()
        assert bench.acknowledged == []
        assert "is full" in bench.heartbeat.error
        assert len(bench.inbox) == 1
        assert bench.heartbeat.counters.in_memory == 3
    outage.undo()
    bench.step()
    bench.step()
    assert voltages() == [1, 2, 3]
    assert len(bench.acknowledged) == 3


def _full(*args: Any) -> None:
    raise SpoolError("the spool is full (SPOOL_MAX_MB=1, or the disk is)")


def test_a_batch_that_is_held_is_not_in_the_checkpoint_that_others_are_kept_with(
    bench: Bench, outage: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.receive(message(payload="1"))
    bench.step()
    held = message(payload="2", at_s=NOW_S + 1)
    with monkeypatch.context() as during:
        during.setattr(Spool, "append", _full)
        bench.receive(held)
        bench.step()
        outage.undo()
        bench.step()
    assert voltages() == [1]
    bench.engine.keeper.spool.close()
    successor = Bench(bench.engine.keeper.spool.path)
    successor.connection.epoch = 2
    successor.engine.resume()
    successor.receive(replace(held, epoch=2, redelivered=True))
    successor.step()
    assert voltages() == [1, 2], "a reading that was kept nowhere was taken for a duplicate"
    successor.engine.keeper.spool.close()


@to_the_end
def test_stopping_while_a_batch_is_held_leaves_it_to_the_broker(
    bench: Bench, outage: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage.undo()
    monkeypatch.setattr(Store, "save", _away)
    monkeypatch.setattr(Spool, "append", _full)
    bench.stop.when = lambda: len(bench.stop.waits) == 2
    bench.receive(message(), message())
    bench.engine.run()
    assert bench.acknowledged == []
    assert bench.journal == ["start", "stop"]
    assert bench.heartbeat.counters.in_memory == 2
    assert Store.checkpoint(bench.engine.keeper.store)[0].end == 0


def _away(*args: Any) -> None:
    raise DatabaseAwayError("Server has gone away")


def test_at_the_start_the_checkpoint_is_waited_for(
    bench: Bench, outage: pytest.MonkeyPatch
) -> None:
    bench.stop.when = lambda: len(bench.stop.waits) > 3
    outage.setattr(Patience, "due", property(lambda self: not self.waiting))
    assert not bench.engine.resume()
    assert bench.journal == []
    assert "gone away" in bench.heartbeat.error


def test_what_comes_again_after_a_restart_is_acknowledged_and_not_stored_again(
    bench: Bench,
) -> None:
    first = [message(payload=str(value), at_s=NOW_S + value) for value in range(4)]
    bench.receive(*first)
    bench.step()
    bench.engine.keeper.spool.close()
    successor = Bench(bench.engine.keeper.spool.path)
    successor.connection.epoch = 7
    successor.engine.resume()
    again = [replace(one, epoch=7, redelivered=True) for one in first[2:]]
    successor.receive(*again, message(payload="9", at_s=NOW_S + 9, epoch=7))
    successor.step()
    assert voltages() == [0, 1, 2, 3, 9]
    assert len(successor.acknowledged) == 3
    counters = successor.heartbeat.counters
    assert (counters.stored, counters.duplicate) == (1, 2)
    successor.engine.keeper.spool.close()


def test_what_the_broker_has_taken_in_is_settled_when_there_is_nothing_else_to_do(
    bench: Bench,
) -> None:
    bench.engine.resume()
    bench.receive(message())
    bench.step()
    assert bench.engine.keeper.store.checkpoint()[0].settled == 0
    bench.connection.hears = False
    bench.step()
    assert bench.engine.keeper.store.checkpoint()[0].settled == 0
    bench.connection.hears = True
    bench.step()
    assert bench.engine.keeper.store.checkpoint()[0].settled == 1


@pytest.mark.parametrize(("has_more", "recognised"), [(False, 20), (True, 21)])
def test_what_waited_in_a_queue_that_the_broker_restores_is_not_stored_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, has_more: bool, recognised: int
) -> None:
    """Ids 2 to 21 came at once: some may have been queued. 22 came after the queue was empty."""
    monkeypatch.setattr("meters.ingest.acknowledge.ASK_EVERY_S", 0)
    bench.connection.has_more = has_more
    several = [message(packet_id=one, payload=str(one), at_s=NOW_S + one) for one in range(1, 23)]
    bench.engine.resume()
    for some in (several[:1], several[1:21], several[21:]):
        bench.receive(*some)
        while bench.step():
            pass
        bench.step()  # the broker has taken in the acknowledgements, and had nothing more
    bench.connection.epoch = 2
    bench.receive(*(replace(one, epoch=2) for one in several[1:]))
    bench.step()
    assert bench.heartbeat.counters.duplicate == recognised
    assert bench.acknowledged == [*range(1, 23), *range(2, 23)]


@to_the_end
def test_where_the_ingest_breaks_the_checkpoint_has_nothing_that_is_not_stored(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(messages: Sequence[Received]) -> None:
        raise MemoryError

    monkeypatch.setattr(bench.engine.sampler, "sample", out_of_memory)
    bench.receive(message())
    with pytest.raises(MemoryError):
        bench.engine.run()
    assert bench.journal == ["start", "stop"]
    assert bench.engine.keeper.store.checkpoint()[0].end == 0


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
    assert bench.engine.ledger.settled, "the broker has taken in everything"


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
        found = (counters.stored, counters.duplicate, counters.rejected, counters.in_memory)
        assert counters.received == sum(found)
    assert (counters.stored, counters.duplicate, counters.rejected) == (3, 2, 2)
    assert counters.received == 7
    assert RejectedMessage.objects.count() == 2


@to_the_end
def test_a_dead_network_thread_ends_the_engine_also_while_a_batch_is_held(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "save", _away)
    monkeypatch.setattr(Spool, "append", _full)
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
