"""The store when the database refuses a row, when places are taken, and when it goes away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError, connections

from meters.ingest import statements
from meters.ingest.checkpoint import Head, Ledger
from meters.ingest.store import DatabaseAwayError, Outcome
from meters.models import IngestCheckpoint, Panel, RejectedMessage, Trend
from tests.ingest.messages import NOW_S, message, new_sampler, new_store
from tests.ingest.storing import readings, save

# Where the connection is closed and opened again, which the usual test's transaction can't survive.
reconnecting = pytest.mark.django_db(transaction=True)
pytestmark = reconnecting
WRITE = statements.write_trends


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr("meters.ingest.store.time.sleep", pauses.append)
    return pauses


def on_writing(monkeypatch: pytest.MonkeyPatch, before: Callable[[Any], None]) -> None:
    """Have `before` called with the samples of each attempt to write some."""

    def write(cursor: Any, panels: Any, samples: Any) -> None:
        before(samples)
        WRITE(cursor, panels, samples)

    monkeypatch.setattr(statements, "write_trends", write)


def poison(monkeypatch: pytest.MonkeyPatch, *values: float) -> None:
    """The database refuses samples of these voltages."""

    def refuse(samples: Any) -> None:
        if any(sample.values.get("voltage") in values for sample in samples):
            raise DataError("Out of range value for column 'voltage'")

    on_writing(monkeypatch, refuse)


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception, times: int) -> list[int]:
    """Writing fails so many times; returns a list that grows with each attempt."""
    attempts: list[int] = []

    def fail(samples: Any) -> None:
        attempts.append(len(samples))
        if len(attempts) <= times:
            raise error

    on_writing(monkeypatch, fail)
    return attempts


def test_a_row_the_database_refuses_is_isolated_and_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poison(monkeypatch, 13, 204)
    values = [200, 201, 13, 203, 204, 205]
    outcome = save([message(payload=str(value)) for value in values] + [message(payload="?")])
    assert (outcome.stored, outcome.rejected) == (4, 3)
    assert [row["voltage"] for row in readings()] == [200, 201, 203, 205]
    refused = RejectedMessage.objects.get(payload="13")
    assert "Out of range" in refused.reason
    assert Panel.objects.get().voltage == 205


def test_what_was_refused_is_not_in_the_batch_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, 13)
    batch, store = (
        new_sampler().sample([message(payload="200"), message(payload="13")]),
        new_store(),
    )
    store.save(batch, None, "a")
    assert [value.value for value in store.current(batch.samples)] == [200]


def test_a_batch_of_nothing_but_refused_rows_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, 13)
    assert save([message(payload="13") for _ in range(5)]) == Outcome(0, 5)


def test_an_outage_in_the_middle_of_halving_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse_then_break(samples: Any) -> None:
        voltages = [sample.values["voltage"] for sample in samples]
        if 13 in voltages:
            raise DataError("Out of range value for column 'voltage'")
        if 203 in voltages and len(voltages) == 1:
            raise OperationalError(2006, "Server has gone away")

    batch = new_sampler().sample([message(payload=str(value)) for value in (200, 13, 13, 203)])
    store = new_store()
    on_writing(monkeypatch, refuse_then_break)
    with pytest.raises(DatabaseAwayError):
        store.save(batch, None, "a")
    assert not Trend.objects.exists()
    assert not RejectedMessage.objects.exists()
    poison(monkeypatch, 13)
    assert store.save(batch, None, "a") == Outcome(2, 2)
    assert [row["voltage"] for row in readings()] == [200, 203]
    assert RejectedMessage.objects.count() == 2


def test_a_moment_that_is_taken_gives_way_and_both_readings_stay() -> None:
    save([message(payload="230")])
    outcome = save([message(payload="231")])
    assert outcome.stored == 1
    assert readings() == [{"voltage": 230.0}, {"voltage": 231.0}]
    first, second = Trend.objects.order_by("timestamp")
    assert second.timestamp - first.timestamp == timedelta(microseconds=1)


def test_equal_readings_of_one_microsecond_are_two_readings() -> None:
    save([message(payload="230")])
    save([message(payload="230")])
    assert readings() == [{"voltage": 230.0}, {"voltage": 230.0}]


def test_several_that_collide_all_find_a_place() -> None:
    save([message(payload=str(value), at_s=NOW_S + value / 1e6) for value in range(5)])
    save([message(payload=str(100 + value), at_s=NOW_S + value / 1e6) for value in range(5)])
    assert sorted(row["voltage"] for row in readings()) == [0, 1, 2, 3, 4, 100, 101, 102, 103, 104]


@contextmanager
def broken_commits(monkeypatch: pytest.MonkeyPatch, times: int = 1) -> Iterator[list[int]]:
    """The first commits come through, but their answers get lost."""
    database = connections["default"]
    lost: list[int] = []
    commit = database.commit

    def commit_unanswered() -> None:
        commit()
        if len(lost) < times:
            lost.append(1)
            raise OperationalError(2013, "Lost connection to server during query")

    with monkeypatch.context() as during:
        during.setattr(database, "commit", commit_unanswered)
        yield lost


def test_a_commit_that_came_through_unanswered_is_found_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = new_sampler().sample([message(), message(payload="?")])
    with broken_commits(monkeypatch) as lost:
        assert new_store().save(batch, None, "a") == Outcome(1, 1)
    assert lost
    assert Trend.objects.count() == RejectedMessage.objects.count() == 1


def test_it_is_found_also_by_a_later_call(monkeypatch: pytest.MonkeyPatch) -> None:
    batch, store = new_sampler().sample([message(), message(payload="?")]), new_store()
    with broken_commits(monkeypatch, times=2), pytest.raises(DatabaseAwayError):
        store.save(batch, None, "a")
    assert store.save(batch, None, "a") == Outcome(1, 1)
    assert Trend.objects.count() == RejectedMessage.objects.count() == 1
    assert store.last_token() == "a"
    assert store.outcome("a") == Outcome(1, 1)
    assert store.outcome("another") is None


def test_a_connection_that_broke_is_replaced_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = failing(monkeypatch, OperationalError(2006, "Server has gone away"), times=1)
    assert save([message()]) == Outcome(1, 0)
    assert len(attempts) == 2


@pytest.mark.parametrize("code", [1213, 1205])
def test_a_deadlock_or_a_lock_is_tried_again_after_random_growing_pauses(
    monkeypatch: pytest.MonkeyPatch, no_pauses: list[float], code: int
) -> None:
    attempts = failing(monkeypatch, OperationalError(code, "try restarting transaction"), times=4)
    assert save([message()]) == Outcome(1, 0)
    assert len(attempts) == 5
    assert len(set(no_pauses)) == 4


def test_a_lock_that_stays_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = failing(monkeypatch, OperationalError(1213, "Deadlock found"), times=1000)
    with pytest.raises(DatabaseAwayError, match="Deadlock"):
        save([message()])
    assert len(attempts) < 20


@pytest.mark.parametrize("code", [1290, 1021, 2003, 1040, 1146])
def test_what_is_not_known_as_bad_data_is_an_outage_and_rejects_nothing(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    failing(monkeypatch, OperationalError(code, "The server is running with --read-only"), 1000)
    with pytest.raises(DatabaseAwayError, match="read-only"):
        save([message(), message(payload="?")])
    assert not Panel.objects.exists()
    assert not RejectedMessage.objects.exists()
    assert not IngestCheckpoint.objects.exists()


@pytest.mark.parametrize(
    "error",
    [
        IntegrityError(1364, "Field 'tariff_id' doesn't have a default value"),
        IntegrityError(1048, "Column 'tariff_id' cannot be null"),
        IntegrityError("NOT NULL constraint failed: meters_panel.tariff_id"),
    ],
)
def test_tables_that_are_newer_than_the_ingest_are_an_outage(
    monkeypatch: pytest.MonkeyPatch, error: IntegrityError
) -> None:
    failing(monkeypatch, error, times=1000)
    with pytest.raises(DatabaseAwayError, match="tariff_id"):
        save([message()])
    assert not RejectedMessage.objects.exists()


def test_after_an_outage_everything_is_stored_and_the_checkpoint_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, ledger = new_store(), Ledger()
    messages = [message(), message(payload="?")]
    for one in messages:
        ledger.take(one)
    batch = new_sampler().sample(messages)
    failing(monkeypatch, OperationalError(2006, "Server has gone away"), times=2)
    with pytest.raises(DatabaseAwayError, match="gone away"):
        store.save(batch, ledger, "a")
    assert store.checkpoint() == (Head(), [])
    assert store.save(batch, ledger, "a") == Outcome(1, 1)
    assert store.checkpoint()[0].end == 2
    assert len(store.checkpoint()[1]) == 1


def test_a_dead_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr("meters.ingest.store.connection.close", lambda: closed.append(True))
    failing(monkeypatch, OperationalError(2006, "Server has gone away"), times=2)
    with pytest.raises(DatabaseAwayError):
        save([message()])
    assert closed, "a dead connection would fail for ever"


def test_trimming_that_fails_is_not_tried_with_every_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    trimmed: list[int] = []

    def fail(keep: int) -> int:
        trimmed.append(keep)
        raise OperationalError(1146, "Table doesn't exist")

    monkeypatch.setattr(RejectedMessage.objects, "trim", fail)
    store = new_store()
    save([message(payload="?") for _ in range(1000)], store)
    before = len(trimmed)
    assert before
    save([message(at_s=NOW_S + 1)], store)
    assert len(trimmed) == before
