"""The real ingest process: what arrives, what is rejected, and that nothing is lost or doubled
when ingest or broker are stopped and started as an operator would."""

from collections.abc import Iterator

import pytest

from tests.services.clients import MqttClient
from tests.services.fixtures import Services
from tests.services.ingest import Ingest, ingesting
from tests.services.installation import Installation
from tests.services.mariadb import MariaDB
from tests.services.mosquitto import Mosquitto
from tests.services.waiting import eventually


@pytest.fixture
def ingest(installation: Installation, mariadb: MariaDB) -> Iterator[Ingest]:
    """Connected to the module's broker."""
    with ingesting(installation, mariadb) as running:
        running.is_connected()
        yield running


def publish(broker: Mosquitto, panel: str, *payloads: object) -> None:
    with MqttClient(broker.meter_url) as meter:
        meter.publish_all((f"panel/{panel}/volt", str(payload)) for payload in payloads)


def test_good_payloads_are_stored_and_bad_ones_rejected_and_nothing_stops(
    ingest: Ingest, mosquitto: Mosquitto
) -> None:
    timed = '{"value": 231.2, "timestamp": "2026-01-15T10:30:45+07:00"}'
    publish(mosquitto, "mixed", "230.45", "NaN", "230,5", "", "x" * 10_240, timed, "229")
    ingest.stores("mixed", 231.2, 230.45, 229)
    rows = ingest.mariadb.execute(
        "SELECT timestamp FROM meters_trend WHERE voltage = 231.2", ingest.database
    )
    assert [str(moment) for (moment,) in rows] == ["2026-01-15 03:30:45"]
    reasons = ingest.reasons("mixed")
    assert reasons.keys() == {"NaN", "230,5", "", "x" * 10}
    assert "not a finite number" in reasons["NaN"]
    assert "decimal comma" in reasons["230,5"]
    assert "empty" in reasons[""]
    assert "10240 bytes" in reasons["x" * 10]
    ingest.has_acknowledged(7)
    row = ingest.row()
    assert (row["stored"], row["rejected"], row["duplicate"]) == (3, 4, 0)


def test_four_topics_of_a_meter_become_one_row(ingest: Ingest, mosquitto: Mosquitto) -> None:
    with MqttClient(mosquitto.meter_url) as meter:
        meter.publish_all(
            (f"panel/four/{name}", "1") for name in ("volt", "ampere", "power", "energy_cost")
        )
    eventually(lambda: ingest.row()["stored"] == 4, 10, "storing")
    rows = ingest.mariadb.execute(
        "SELECT t.voltage, t.ampere, t.power, t.energy_cost FROM meters_trend t"
        " JOIN meters_panel p ON p.id = t.panel_id WHERE p.name = 'four'",
        ingest.database,
    )
    assert rows == [(1.0, 1.0, 1.0, 1.0)]


def test_an_energy_register_is_stored_where_it_is_given_a_topic(
    installation: Installation, mariadb: MariaDB, mosquitto: Mosquitto
) -> None:
    with ingesting(installation, mariadb, MQTT_TOPIC_ENERGY_REGISTER="panel/+/energy") as ingest:
        ingest.is_connected()
        with MqttClient(mosquitto.meter_url) as meter:
            meter.publish_all([("panel/reg/energy", "48213.7"), ("panel/reg/energy", "-1")])
        ingest.has_acknowledged(2)
        row = "SELECT energy_register, voltage FROM meters_{} WHERE energy_register IS NOT NULL"
        for table in ("trend", "panel"):
            assert ingest.mariadb.execute(row.format(table), ingest.database) == [(48213.7, None)]
        assert "plausible range of energy_register" in ingest.reasons("reg")["-1"]


def test_a_message_the_broker_has_retained_is_no_new_reading(
    installation: Installation, mariadb: MariaDB, mosquitto: Mosquitto
) -> None:
    with MqttClient(mosquitto.meter_url) as meter:
        meter.publish("panel/kept/volt", "111", retain=True)
        with ingesting(installation, mariadb) as ingest:
            ingest.is_connected()
            meter.publish("panel/kept/volt", "222", retain=True)  # new at this moment: counts
            ingest.stores("kept", 222)
            ingest.process.stop()
            ingest.start_again()
            meter.publish("panel/kept/volt", "333")
            ingest.stores("kept", 222, 333)
        meter.publish("panel/kept/volt", "", retain=True)


def test_names_that_differ_in_case_are_two_panels(ingest: Ingest, mosquitto: Mosquitto) -> None:
    publish(mosquitto, "case", 1)
    publish(mosquitto, "CASE", 2)
    eventually(lambda: ingest.row()["stored"] == 2, 10, "storing")
    names = ingest.mariadb.execute(
        "SELECT name FROM meters_panel WHERE name LIKE '%case%' COLLATE utf8mb4_general_ci",
        ingest.database,
    )
    assert {str(name) for (name,) in names} == {"case", "CASE"}


def test_sigterm_finishes_the_batch_and_exits_0_and_the_rest_arrives_later_just_once(
    ingest: Ingest, mosquitto: Mosquitto
) -> None:
    values = [float(value) for value in range(5_000)]
    with MqttClient(mosquitto.meter_url) as meter:
        meter.publish_all(("panel/stopped/volt", str(value)) for value in values[:2_500])
        eventually(lambda: ingest.voltages("stopped"), 20, "the first rows")
        meter.publish_all(("panel/stopped/volt", str(value)) for value in values[2_500:])
        assert ingest.process.stop() == 0
    assert "stopped" in ingest.log()
    assert not ingest.row()["connected"]
    ingest.start_again()
    ingest.stores("stopped", *values)


def test_what_is_published_while_the_ingest_is_away_and_the_broker_restarts_arrives_just_once(
    installation: Installation, mariadb: MariaDB, services: Services
) -> None:
    broker = services.mosquitto()
    with ingesting(installation, mariadb, MQTT_BROKER_URL=broker.url) as ingest:
        ingest.is_connected()
        publish(broker, "away", *range(50))
        ingest.stores("away", *range(50))
        assert ingest.process.stop() == 0
        publish(broker, "away", *range(50, 100))
        broker.restart()
        publish(broker, "away", *range(100, 150))
        ingest.start_again()
        ingest.stores("away", *range(150))


def test_a_broker_that_restarts_under_a_running_ingest_loses_and_doubles_nothing(
    installation: Installation, mariadb: MariaDB, services: Services
) -> None:
    broker = services.mosquitto()
    with ingesting(installation, mariadb, MQTT_BROKER_URL=broker.url) as ingest:
        ingest.is_connected()
        publish(broker, "restarted", *range(50))
        ingest.stores("restarted", *range(50))
        for round_ in (1, 2):
            ingest.has_acknowledged(50 * round_)
            broker.restart()
            publish(broker, "restarted", *range(round_ * 50, round_ * 50 + 50))
            ingest.stores("restarted", *range(round_ * 50 + 50))
        assert ingest.row()["protocol"] == "5", "a broker going down was taken for an old one"
        assert "session kept" in ingest.log()


def test_a_second_ingest_of_one_client_id_stands_by_and_takes_over(
    installation: Installation, mariadb: MariaDB, mosquitto: Mosquitto
) -> None:
    name = {"MQTT_CLIENT_ID": "one and only"}
    with ingesting(installation, mariadb, **name) as active:
        active.is_connected()
        with ingesting(installation, mariadb, **name) as standby:
            standby.says("standing by to take over")
            publish(mosquitto, "two", 1)
            active.stores("two", 1)
            active.has_acknowledged(1)
            active.process.kill()
            publish(mosquitto, "two", 2)
            standby.says("connected to")
            standby.stores("two", 1, 2)


def test_one_that_stands_by_ends_at_sigterm_too(
    installation: Installation, mariadb: MariaDB
) -> None:
    name = {"MQTT_CLIENT_ID": "twice"}
    with ingesting(installation, mariadb, **name) as active:
        active.is_connected()
        with ingesting(installation, mariadb, **name) as standby:
            standby.says("standing by")
            assert standby.process.stop() == 0
            assert standby.log().count("standing by") == 1
