"""The store when the database refuses a row, when places are taken, and when it goes away."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError

from meters.ingest import store as store_module
from meters.ingest.store import DatabaseAwayError, Outcome, Store
from meters.models import Panel, RejectedMessage, Trend
from tests.ingest.messages import NOW_S, message, new_sampler, new_store
from tests.ingest.storing import readings, save

pytestmark = pytest.mark.django_db
# Where the connection is closed and opened again, which the usual test's transaction can't survive.
reconnecting = pytest.mark.django_db(transaction=True)


def poison(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    """The database refuses a sample of this voltage."""
    write = store_module._write_trends

    def refuse(panels: Any, samples: Any) -> None:
        samples = list(samples)
        if any(sample.values.get("voltage") == value for sample in samples):
            raise DataError("Out of range value for column 'voltage'")
        write(panels, samples)

    monkeypatch.setattr(store_module, "_write_trends", refuse)


def test_a_row_the_database_refuses_is_isolated_and_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poison(monkeypatch, 13)
    values = [200, 201, 13, 203, 204, 205]
    outcome = save([message(payload=str(value)) for value in values] + [message(payload="?")])
    assert (outcome.stored, outcome.rejected) == (5, 2)
    assert [row["voltage"] for row in readings()] == [200, 201, 203, 204, 205]
    refused = RejectedMessage.objects.get(payload="13")
    assert "Out of range" in refused.reason


def test_a_moment_that_is_taken_gives_way_and_both_readings_stay() -> None:
    save([message(payload="230")])
    outcome = save([message(payload="231")])
    assert outcome.stored == 1
    assert readings() == [{"voltage": 230.0}, {"voltage": 231.0}]
    first, second = Trend.objects.order_by("timestamp")
    assert second.timestamp - first.timestamp == timedelta(microseconds=1)


def test_several_that_collide_all_find_a_place() -> None:
    save([message(payload=str(value), at_s=NOW_S + value / 1e6) for value in range(5)])
    save([message(payload=str(100 + value), at_s=NOW_S + value / 1e6) for value in range(5)])
    assert sorted(row["voltage"] for row in readings()) == [0, 1, 2, 3, 4, 100, 101, 102, 103, 104]


@reconnecting
@pytest.mark.parametrize("value", ["230.45", "0.1", "1e-7", "123456.78901234567"])
def test_a_batch_whose_commit_went_unanswered_is_stored_once(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    batch = new_sampler().sample([message(payload=value), message("panel/trafo2/power", "5")])
    store, outcome, write = new_store(), Outcome(), Store._write

    def commit_and_break(self: Store, *args: Any) -> Outcome:
        write(self, *args)
        raise OperationalError("Lost connection to server during query")

    with monkeypatch.context() as during, pytest.raises(DatabaseAwayError):
        during.setattr(Store, "_write", commit_and_break)
        store.save(batch, outcome)
    assert Trend.objects.count() == 2
    assert outcome.stored == 0
    store.save(batch, outcome)
    assert Trend.objects.count() == 2
    assert outcome.stored == 2


def away_at(monkeypatch: pytest.MonkeyPatch, call: int) -> Callable[[], None]:
    """The database goes away at that call of `_write_trends`; returns how it comes back."""
    write, calls = store_module._write_trends, 0

    def break_off(panels: Any, samples: Any) -> None:
        nonlocal calls
        calls += 1
        if calls >= call:
            raise OperationalError("Server has gone away")
        write(panels, samples)

    monkeypatch.setattr(store_module, "_write_trends", break_off)
    return lambda: monkeypatch.setattr(store_module, "_write_trends", write)


@reconnecting
def test_a_database_that_is_away_leaves_nothing_and_takes_everything_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed: list[bool] = []
    monkeypatch.setattr("meters.ingest.store.connection.close", lambda: closed.append(True))
    come_back = away_at(monkeypatch, call=1)
    batch, store, outcome = (
        new_sampler().sample([message(), message(payload="?")]),
        new_store(),
        Outcome(),
    )
    for _ in range(2):
        with pytest.raises(DatabaseAwayError, match="gone away"):
            store.save(batch, outcome)
    assert not Panel.objects.exists()
    assert not RejectedMessage.objects.exists()
    assert outcome == Outcome()
    assert closed == [True, True], "a dead connection would fail for ever"
    come_back()
    store.save(batch, outcome)
    assert (outcome.stored, outcome.rejected) == (1, 1)


@reconnecting
def test_what_a_halved_batch_has_stored_counts_once_when_the_database_goes_away_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = [200, 13, 202, 203]
    batch = new_sampler().sample([message(payload=str(value)) for value in values])
    store, outcome = new_store(), Outcome()
    come_back = away_at(monkeypatch, call=3)  # after 200 and the rejection of 13, before 202
    poison(monkeypatch, 13)
    with pytest.raises(DatabaseAwayError):
        store.save(batch, outcome)
    assert 0 < outcome.stored < 3
    come_back()
    poison(monkeypatch, 13)
    store.save(batch, outcome)
    assert (outcome.stored, outcome.rejected) == (3, 1)
    assert [value.value for value in outcome.current] == [200, 202, 203]
    assert [row["voltage"] for row in readings()] == [200, 202, 203]
    assert RejectedMessage.objects.count() == 1


@reconnecting
def test_a_failing_trim_does_not_lose_count_of_what_was_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batch = new_sampler().sample([message()] + [message(payload="?") for _ in range(1000)])
    store, outcome = new_store(), Outcome()

    def away(*args: Any) -> int:
        raise OperationalError("Server has gone away")

    with monkeypatch.context() as during, pytest.raises(DatabaseAwayError):
        during.setattr("meters.models.ingest.RejectedMessageQuerySet.trim", away)
        store.save(batch, outcome)
    store.save(batch, outcome)
    assert (outcome.stored, outcome.rejected) == (1, 1000)
    assert RejectedMessage.objects.count() == 1000
