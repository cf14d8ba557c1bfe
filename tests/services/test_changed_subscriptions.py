"""A broker keeps subscriptions with the session: what was changed in the settings must end there."""

from tests.services.clients import MqttClient
from tests.services.ingest import ingesting
from tests.services.installation import Installation
from tests.services.mariadb import MariaDB
from tests.services.mosquitto import Mosquitto


def run(installation: Installation, mariadb: MariaDB, client_id: str, **env: str) -> None:
    """An ingest that connected once, and has written down what it subscribed to."""
    with ingesting(installation, mariadb, MQTT_CLIENT_ID=client_id, **env) as before:
        before.is_connected()


def publish(broker: Mosquitto, topic: str, *values: float) -> None:
    with MqttClient(broker.meter_url) as meter:
        meter.publish_all((topic, str(value)) for value in values)


def test_switching_on_a_share_group_does_not_store_every_reading_twice(
    installation: Installation, mariadb: MariaDB, mosquitto: Mosquitto
) -> None:
    run(installation, mariadb, "sharing")
    with ingesting(
        installation, mariadb, MQTT_CLIENT_ID="sharing", MQTT_SHARE_GROUP="group"
    ) as ingest:
        ingest.is_connected()
        publish(mosquitto, "panel/shared/volt", 1, 2, 3)
        ingest.stores("shared", 1, 2, 3)
        ingest.has_acknowledged(3)


def test_a_filter_that_was_changed_no_longer_brings_its_old_topics(
    installation: Installation, mariadb: MariaDB, mosquitto: Mosquitto
) -> None:
    run(installation, mariadb, "changing")
    with ingesting(
        installation, mariadb, MQTT_CLIENT_ID="changing", MQTT_TOPIC_VOLT="panel/+/voltage"
    ) as ingest:
        ingest.is_connected()
        publish(mosquitto, "panel/changed/volt", 1)
        publish(mosquitto, "panel/changed/voltage", 2)
        ingest.stores("changed", 2)
        ingest.has_acknowledged(1)
        assert ingest.reasons("changed") == {}
