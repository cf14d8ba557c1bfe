from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from meters.ingest.checkpoint import Head, Ledger
from meters.ingest.store import Store
from meters.models import DirtyRange, IngestCheckpointPage, Panel, RejectedMessage, Trend
from meters.mqtt.link import Received
from meters.mqtt.timestamps import to_datetime
from tests.ingest.messages import NOW_S, message, new_sampler, new_store, timed
from tests.ingest.storing import readings, save, save_batch

pytestmark = pytest.mark.django_db
MOMENT = "2026-01-15T03:30:45Z"


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
    save([message(payload="99", at_s=NOW_S - 60), timed(98, MOMENT)])
    panel = Panel.objects.get()
    assert (panel.voltage, panel.voltage_at) == (230.0, to_datetime(int(NOW_S * 1e6)))
    assert len(readings()) == 3


def current(store: Store, *messages: Received) -> list[tuple[str, float]]:
    values = store.current(new_sampler().sample(messages).samples)
    return [(value.metric, value.value) for value in values]


def test_the_pages_are_offered_the_newest_of_each_metric_and_nothing_older_than_what_stands() -> (
    None
):
    save([message(payload="230", at_s=NOW_S)])
    store = new_store()
    save([message(payload="99", at_s=NOW_S - 60)], store)
    assert current(store, message(payload="99", at_s=NOW_S - 60)) == []
    later = [message(payload=str(value), at_s=NOW_S + value) for value in (3, 1, 2)]
    assert current(store, *later, message("panel/trafo1/power")) == [
        ("voltage", 3.0),
        ("power", 230.45),
    ]
    assert current(store, later[1]) == []
    assert current(store, message("panel/unknown/volt")) == [("voltage", 230.45)]


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
    many = queries_for(900)
    assert many == few <= 7


def test_the_checkpoint_is_written_with_the_batch_and_read_back() -> None:
    store, ledger = new_store(), Ledger()
    messages = [message() for _ in range(300)]
    for one in messages:
        ledger.take(one)
    store.save(new_sampler().sample(messages), ledger, "a")
    head, pages = store.checkpoint()
    assert head == ledger.head == Head(end=300)
    again = Ledger(head, pages)
    assert [again.take(_again(one)) for one in messages] == [False] * 300
    assert store.last_token() == "a"


def _again(one: Received) -> Received:
    return replace(one, epoch=2, redelivered=True)


def test_of_the_checkpoint_only_the_pages_that_changed_are_written() -> None:
    store, ledger = new_store(), Ledger()
    for number in range(3):
        for _ in range(256):
            ledger.take(message())
        IngestCheckpointPage.objects.all().delete()
        store.save(new_sampler().sample([message()]), ledger, f"batch {number}")
        assert list(IngestCheckpointPage.objects.values_list("slot", flat=True)) == [number]


def test_a_settled_ledger_is_written_without_a_batch_and_leaves_the_token() -> None:
    store, ledger = new_store(), Ledger()
    one = message()
    ledger.take(one)
    store.save(new_sampler().sample([one]), ledger, "a")
    ledger.settle(1)
    store.settle(ledger)
    assert store.checkpoint()[0].settled == 1
    assert store.last_token() == "a"


def test_two_clients_have_a_checkpoint_each() -> None:
    ledger = Ledger()
    ledger.take(message())
    new_store().settle(ledger)
    assert Store("other", auto_register=True, max_panels=1, rejected_keep=100).checkpoint() == (
        Head(),
        [],
    )


def test_a_sample_that_carries_only_the_energy_register_is_stored_and_becomes_current() -> None:
    save([message("panel/trafo1/energy", "48213.7")])
    assert readings() == [{"energy_register": 48213.7}]
    panel = Panel.objects.get(name="trafo1")
    assert panel.energy_register == 48213.7
    assert panel.energy_register_at == panel.last_reading_at
    assert panel.voltage is None
    assert DirtyRange.objects.filter(panel=panel).exists()


def test_the_register_shares_the_row_of_what_is_published_with_it() -> None:
    save([message("panel/trafo1/volt", "230"), message("panel/trafo1/energy", "48213.7")])
    assert readings() == [{"voltage": 230.0, "energy_register": 48213.7}]


def test_an_older_register_reading_does_not_move_the_current_value_back() -> None:
    topic = "panel/trafo1/energy"
    save([timed(2, "2026-01-15T02:00:00Z", topic)])
    late = new_sampler().sample([timed(1, "2026-01-15T01:00:00Z", topic)])
    store = new_store()  # which knows the panel from the database only
    save_batch(late, store)
    assert store.current(late.samples) == []
    assert Panel.objects.get(name="trafo1").energy_register == 2
