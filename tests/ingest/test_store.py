from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from meters.ingest import store as store_module
from meters.ingest.sample import Batch
from meters.ingest.store import DatabaseAwayError, Outcome, Store
from meters.models import Panel, RejectedMessage, Trend
from meters.mqtt.link import Received
from meters.mqtt.timestamps import to_datetime
from tests.ingest.messages import NOW_S, message, new_sampler, new_store, timed

pytestmark = pytest.mark.django_db
# Where the connection is closed and opened again, which the usual test's transaction can't survive.
reconnecting = pytest.mark.django_db(transaction=True)
MOMENT = "2026-01-15T03:30:45Z"


def save(messages: Iterable[Received], store: Store | None = None) -> Outcome:
    return save_batch(new_sampler().sample(messages), store)


def save_batch(batch: Batch, store: Store | None = None) -> Outcome:
    outcome = Outcome()
    (store or new_store()).save(batch, outcome)
    return outcome


def readings(panel: str = "trafo1") -> list[dict[str, Any]]:
    """The panel's rows, oldest first, without what was not measured."""
    rows = Trend.objects.filter(panel__name=panel).order_by("timestamp")
    metrics = ("voltage", "ampere", "power", "energy_cost")
    return [
        {name: value for name in metrics if (value := getattr(row, name)) is not None}
        for row in rows
    ]


def test_a_reading_becomes_a_row_and_its_panels_current_value() -> None:
    outcome = save([message(payload="230.45")])
    assert (outcome.stored, outcome.rejected) == (1, 0)
    row = Trend.objects.get()
    panel = Panel.objects.get(name="trafo1")
    assert row.panel_id == panel.pk
    assert row.timestamp == datetime(2026, 1, 15, 4, 0, 0, 123456, tzinfo=UTC)
    assert (row.voltage, row.ampere) == (230.45, None)
    assert (panel.voltage, panel.voltage_at) == (230.45, row.timestamp)
    assert panel.ampere_at is None
    assert [(value.panel, value.metric, value.value) for value in outcome.current] == [
        ("trafo1", "voltage", 230.45)
    ]


def test_a_later_metric_of_a_moment_keeps_what_stands() -> None:
    sampler = new_sampler()
    for one in (
        timed(230, MOMENT),
        timed(2300, MOMENT, "panel/trafo1/power"),
        timed(10, MOMENT, "panel/trafo1/ampere"),
    ):
        save_batch(sampler.sample([one]))
    assert readings() == [{"voltage": 230.0, "ampere": 10.0, "power": 2300.0}]


def test_metrics_of_one_batch_that_differ_row_by_row_erase_nothing() -> None:
    later = "2026-01-15T03:30:46Z"
    save([timed(1, MOMENT), timed(2, later, "panel/trafo1/power")])
    save([timed(3, MOMENT, "panel/trafo1/power"), timed(4, later)])
    assert readings() == [{"voltage": 1.0, "power": 3.0}, {"voltage": 4.0, "power": 2.0}]


def test_the_same_moment_of_the_meter_is_one_row_however_often_it_comes() -> None:
    for value in (230, 231, 231):
        save([timed(value, MOMENT)])
    assert readings() == [{"voltage": 231.0}]


def test_current_values_never_go_backwards() -> None:
    save([message(payload="230", at_s=NOW_S)])
    outcome = save([message(payload="99", at_s=NOW_S - 60), timed(98, MOMENT)])
    panel = Panel.objects.get()
    assert (panel.voltage, panel.voltage_at) == (230.0, to_datetime(int(NOW_S * 1e6)))
    assert outcome.current == []
    assert len(readings()) == 3


def test_current_values_go_by_time_and_not_by_arrival() -> None:
    save([message(payload="230", at_s=NOW_S), message(payload="99", at_s=NOW_S - 60)])
    assert Panel.objects.get().voltage == 230.0


def test_what_people_wrote_about_a_panel_stays() -> None:
    Panel.objects.create(name="trafo1", display_name="Transformer 1", active=False)
    save([message()])
    panel = Panel.objects.get()
    assert (panel.display_name, panel.active, panel.voltage) == ("Transformer 1", False, 230.45)


def test_names_are_told_apart_to_the_byte() -> None:
    save([message("panel/a/volt"), message("panel/A/volt"), message("panel/a./volt")])
    assert set(Panel.objects.values_list("name", flat=True)) == {"a", "A", "a."}
    assert Trend.objects.count() == 3


def test_an_unknown_panel_is_rejected_where_panels_are_registered_by_hand() -> None:
    Panel.objects.create(name="known")
    outcome = save(
        [message("panel/known/volt"), message("panel/other/volt")], new_store(auto_register=False)
    )
    assert (outcome.stored, outcome.rejected) == (1, 1)
    assert "MQTT_AUTO_REGISTER" in RejectedMessage.objects.get().reason
    assert not Panel.objects.filter(name="other").exists()


def test_the_number_of_panels_is_bounded() -> None:
    store = new_store(max_panels=3)
    Panel.objects.create(name="known")
    outcome = save([message(f"panel/p{number}/volt") for number in range(5)], store)
    assert Panel.objects.count() == 3
    assert (outcome.stored, outcome.rejected) == (2, 3)
    assert "MQTT_MAX_PANELS" in RejectedMessage.objects.all()[0].reason
    assert save([message("panel/known/volt")], store).stored == 1


def test_a_rejected_message_keeps_its_topic_a_slice_of_its_payload_and_the_reason() -> None:
    outcome = save([message(f"panel/{'x' * 300}/volt", b"\xff\x00" + b"1" * 10_000)])
    row = RejectedMessage.objects.get()
    assert outcome.rejected == 1
    assert len(row.topic) == RejectedMessage.TOPIC_KEPT
    assert row.payload.startswith("\\xff\x00111")
    assert len(row.payload) < 4 * RejectedMessage.PAYLOAD_KEPT
    assert row.payload_bytes == 10_002
    assert "name" in row.reason
    assert row.received_at == to_datetime(int(NOW_S * 1e6))


@pytest.mark.parametrize("payload", ["é 漢字 🔌", "\x1b[31m", "a'; DROP TABLE x; --", "😀" * 200])
def test_any_text_can_be_recorded_as_rejected(payload: str) -> None:
    assert save([message(f"panel/{payload}/volt", payload)]).rejected == 1
    assert RejectedMessage.objects.get().payload_bytes == len(payload.encode())


def test_the_table_of_rejected_messages_is_bounded() -> None:
    store = new_store(rejected_keep=100)
    for _ in range(3):
        save([message(payload="?") for _ in range(600)], store)
    assert RejectedMessage.objects.count() <= 100 + 1000


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


def queries_for(samples: int) -> int:
    messages = [
        message(f"panel/p{number % 5}/volt", at_s=NOW_S + 60 + number) for number in range(samples)
    ]
    with CaptureQueriesContext(connection) as captured:
        save(messages)
    Trend.objects.all().delete()
    return len(captured)


def test_the_number_of_queries_does_not_grow_with_the_number_of_samples() -> None:
    save([message(f"panel/p{number}/volt") for number in range(5)])
    few = queries_for(10)
    many = queries_for(150)  # Django gives SQLite up to 166 of these rows in one statement
    assert many == few <= 6


def test_an_empty_batch_asks_nothing_of_the_database() -> None:
    with CaptureQueriesContext(connection) as captured:
        assert save([]) == Outcome()
    assert len(captured) == 0
