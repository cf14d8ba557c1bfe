from datetime import UTC, datetime

import pytest
from django.db import OperationalError

from meters.ingest.heartbeat import INTERVAL_S, Counters, Heartbeat
from meters.ingest.store import DatabaseAwayError
from meters.models import IngestWorker
from meters.mqtt.broker import Broker
from meters.mqtt.link import ConnectionSettings, ConnectionStatus
from tests.clock import Clock
from tests.ingest.messages import message

pytestmark = pytest.mark.django_db
CONNECTED = ConnectionStatus(connected=True, since_s=1_768_449_600.5, protocol="5")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def heartbeat(clock: Clock) -> Heartbeat:
    broker = Broker.from_url("mqtt://pelbiot:secret@broker.example.com")
    settings = ConnectionSettings(broker, "ingest", ["panel/+/volt"], share_group="g")
    return Heartbeat(settings, clock)


def test_it_tells_how_the_ingest_goes(heartbeat: Heartbeat) -> None:
    heartbeat.counters = Counters(10, stored=5, duplicate=1, rejected=2, in_memory=2)
    heartbeat.saw(message("panel/trafo1/volt", b"\xff1"))
    heartbeat.failed("nothing listens")
    heartbeat.beat(CONNECTED)
    row = IngestWorker.objects.get()
    assert (row.client_id, row.broker) == ("ingest", "mqtt://broker.example.com:1883")
    assert (row.connected, row.protocol) == (True, "5")
    assert row.connected_since == datetime(2026, 1, 15, 4, 0, 0, 500_000, tzinfo=UTC)
    assert row.subscriptions == ["$share/g/panel/+/volt"]
    assert (row.received, row.stored, row.duplicate, row.rejected, row.in_memory) == (
        10,
        5,
        1,
        2,
        2,
    )
    assert (row.last_error, row.error_count) == ("nothing listens", 3)
    assert row.last_message == {
        "topic": "panel/trafo1/volt",
        "value": "\\xff1",
        "timestamp": "2026-01-15T04:00:00.123456Z",
    }
    assert row.is_fresh


def test_it_is_due_every_two_seconds_and_sooner_when_something_changed(
    heartbeat: Heartbeat, clock: Clock
) -> None:
    due = [heartbeat.due]
    heartbeat.beat(CONNECTED)
    clock.now_s += INTERVAL_S - 0.1
    due.append(heartbeat.due)
    heartbeat.hurry()
    due.append(heartbeat.due)
    heartbeat.beat(ConnectionStatus())
    assert not IngestWorker.objects.get().connected
    clock.now_s += INTERVAL_S
    due.append(heartbeat.due)
    assert due == [True, False, True, True]


def test_the_rate_is_that_of_the_last_ten_seconds(heartbeat: Heartbeat, clock: Clock) -> None:
    for second in range(0, 60, 2):
        heartbeat.counters.received += 100 if second < 30 else 20
        heartbeat.beat(CONNECTED)
        clock.now_s += 2
    assert IngestWorker.objects.get().message_rate == pytest.approx(10)


def test_the_first_beat_claims_no_rate(heartbeat: Heartbeat) -> None:
    heartbeat.counters.received = 1000
    heartbeat.beat(CONNECTED)
    assert IngestWorker.objects.get().message_rate == 0


def test_a_database_that_is_away_costs_a_beat_and_is_told(
    heartbeat: Heartbeat, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**kwargs: object) -> None:
        raise OperationalError("Server has gone away")

    monkeypatch.setattr("meters.ingest.heartbeat.connection.close", lambda: None)
    with monkeypatch.context() as during, pytest.raises(DatabaseAwayError, match="gone away"):
        during.setattr(IngestWorker.objects, "filter", away)
        heartbeat.beat(CONNECTED)
    assert not heartbeat.due
    clock.now_s += INTERVAL_S
    heartbeat.beat(CONNECTED)
    assert IngestWorker.objects.get().connected


def test_two_ingests_have_a_row_each(heartbeat: Heartbeat) -> None:
    other = Heartbeat(ConnectionSettings(heartbeat.settings.broker, "INGEST", []))
    heartbeat.beat(CONNECTED)
    other.beat(CONNECTED)
    assert IngestWorker.objects.count() == 2
