"""The real ingest process and real brokers: getting there, being let in, staying connected."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.certificates import Authority
from tests.services.clients import MqttClient
from tests.services.embedded import EmbeddedBroker
from tests.services.fixtures import Services
from tests.services.ingest import ingesting
from tests.services.installation import Installation
from tests.services.mariadb import MariaDB
from tests.services.mosquitto import PASSWORDS, Mosquitto, credentials
from tests.services.ports import HOST, free_port
from tests.services.waiting import eventually

DYNAMIC_SECURITY = "usr/lib/*/mosquitto_dynamic_security.so"


def publish(broker: Mosquitto, panel: str, *voltages: float) -> None:
    with MqttClient(broker.meter_url) as meter:
        meter.publish_all((f"panel/{panel}/volt", str(voltage)) for voltage in voltages)


@pytest.mark.parametrize("listener", ["tcp", "websocket"])
def test_it_logs_in_with_the_password_in_the_address(
    installation: Installation, mariadb: MariaDB, mosquitto: Mosquitto, listener: str
) -> None:
    url = mosquitto.url if listener == "tcp" else mosquitto.ws_url
    with ingesting(installation, mariadb, MQTT_BROKER_URL=url) as ingest:
        ingest.is_connected()
        publish(mosquitto, f"over-{listener}", 230.45)
        ingest.stores(f"over-{listener}", 230.45)
        assert ingest.row()["protocol"] == "5"
        assert PASSWORDS["pelbiot"] not in ingest.log()


def test_it_logs_in_with_the_password_of_the_environment(
    installation: Installation, mariadb: MariaDB, mosquitto: Mosquitto
) -> None:
    with ingesting(
        installation,
        mariadb,
        MQTT_BROKER_URL=f"mqtt://{HOST}:{mosquitto.port}",
        MQTT_USERNAME="pelbiot",
        MQTT_PASSWORD=PASSWORDS["pelbiot"],
    ) as ingest:
        ingest.is_connected()
        publish(mosquitto, "environment", 230)
        ingest.stores("environment", 230)


def test_a_wrong_password_is_said_in_the_log_and_on_the_status(
    installation: Installation, mariadb: MariaDB, mosquitto: Mosquitto
) -> None:
    url = f"mqtt://pelbiot:hush-hush@{HOST}:{mosquitto.port}"
    with ingesting(installation, mariadb, MQTT_BROKER_URL=url) as ingest:
        ingest.says("the broker refuses this user (MQTT_USERNAME, MQTT_PASSWORD")
        eventually(lambda: "MQTT_PASSWORD" in ingest.row().get("last_error", ""), 10, "the status")
        assert not ingest.row()["connected"]
        assert "hush-hush" not in ingest.log()


def test_a_refused_subscription_is_said_in_the_log_and_on_the_status(
    installation: Installation, mariadb: MariaDB, tmp_path: Path
) -> None:
    plugins = list(Path("/").glob(DYNAMIC_SECURITY))
    if not plugins:
        pytest.skip("This Mosquitto has no plugin that refuses subscriptions.")
    rights = tmp_path / "rights.json"
    rights.write_text('{"defaultACLAccess": {"subscribe": false, "publishClientReceive": true}}')
    broker = Mosquitto(
        tmp_path / "broker", f"plugin {plugins[0]}\nplugin_opt_config_file {rights}\n"
    )
    # Mosquitto's own access list grants every subscription, and then delivers nothing.
    text = broker.configuration.read_text().replace("\nacl_file ", "\n# acl_file ")
    broker.configuration.write_text(text)
    broker.start()
    try:
        with ingesting(installation, mariadb, MQTT_BROKER_URL=broker.url) as ingest:
            ingest.says("the broker refuses the subscription to panel/+/volt (Not authorized)")
            ingest.says("check the rights of user pelbiot")
            eventually(lambda: "rights" in ingest.row().get("last_error", ""), 10, "the status")
            assert ingest.row()["connected"]
    finally:
        broker.stop()


class TlsBroker:
    """Mosquitto with a TLS listener each for tcp, websockets, and a certificate for another host."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.authority = Authority(folder)
        self.ports = {"mqtts": free_port(), "wss": free_port(), "other": free_port()}
        self.broker = services.mosquitto(
            self.authority.listener(self.ports["mqtts"], HOST)
            + self.authority.listener(self.ports["wss"], HOST, websocket=True)
            + self.authority.listener(self.ports["other"], "broker.example.com")
        )

    def url(self, scheme: str, listener: str) -> str:
        path = "/mqtt" if scheme == "wss" else ""
        return f"{scheme}://{credentials('pelbiot')}@{HOST}:{self.ports[listener]}{path}"


@pytest.fixture(scope="module")
def tls(module_services: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsBroker]:
    yield TlsBroker(module_services, tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("scheme", ["mqtts", "wss"])
def test_a_certificate_of_an_authority_of_ones_own_is_accepted_when_the_authority_is_named(
    installation: Installation, mariadb: MariaDB, tls: TlsBroker, scheme: str
) -> None:
    with ingesting(
        installation,
        mariadb,
        MQTT_BROKER_URL=tls.url(scheme, scheme),
        MQTT_TLS_CA_FILE=str(tls.authority.file),
    ) as ingest:
        ingest.is_connected()
        publish(tls.broker, f"over-{scheme}", 230)
        ingest.stores(f"over-{scheme}", 230)


@pytest.mark.parametrize("scheme", ["mqtts", "wss"])
def test_a_certificate_of_an_unknown_authority_is_refused(
    installation: Installation, mariadb: MariaDB, tls: TlsBroker, scheme: str
) -> None:
    with ingesting(installation, mariadb, MQTT_BROKER_URL=tls.url(scheme, scheme)) as ingest:
        ingest.says("can't be verified (unable to get local issuer certificate)")
        ingest.says("name its authority in MQTT_TLS_CA_FILE")
        assert "connected to" not in ingest.log()


def test_a_certificate_for_another_host_is_refused(
    installation: Installation, mariadb: MariaDB, tls: TlsBroker
) -> None:
    with ingesting(
        installation,
        mariadb,
        MQTT_BROKER_URL=tls.url("mqtts", "other"),
        MQTT_TLS_CA_FILE=str(tls.authority.file),
    ) as ingest:
        ingest.says("use the host name it was issued for in MQTT_BROKER_URL")
        assert "connected to" not in ingest.log()


def test_plain_mqtt_on_a_tls_port_is_given_a_hint_and_not_hammered(
    installation: Installation, mariadb: MariaDB, tls: TlsBroker
) -> None:
    with ingesting(installation, mariadb, MQTT_BROKER_URL=tls.url("mqtt", "mqtts")) as ingest:
        ingest.says("or TLS on that port?")
        eventually(lambda: ingest.log().count("on that port?") >= 3, 15, "three attempts")
        assert ingest.log().count("trying MQTT") <= 6


def test_a_broker_that_is_away_at_the_start_is_waited_for(
    installation: Installation, mariadb: MariaDB, services: Services
) -> None:
    broker = services.mosquitto()
    broker.stop()
    with ingesting(installation, mariadb, MQTT_BROKER_URL=broker.url) as ingest:
        ingest.says("nothing listens at")
        eventually(
            lambda: "nothing listens" in ingest.row().get("last_error", ""), 10, "the status"
        )
        broker.start()
        ingest.is_connected()
        publish(broker, "late", 230)
        ingest.stores("late", 230)


def test_a_broker_that_only_knows_mqtt_3_1_1_is_spoken_to_in_it(
    installation: Installation, mariadb: MariaDB, tmp_path: Path
) -> None:
    broker = EmbeddedBroker(tmp_path)
    broker.start()
    try:
        with ingesting(installation, mariadb, MQTT_BROKER_URL=broker.url) as ingest:
            ingest.is_connected()
            assert ingest.row()["protocol"] == "3.1.1"
            assert "WARNING" not in ingest.log()
            ingest.installation.manage(
                "mqtt_simulate", "--panels", "1", "--count", "1", "--interval", "0.1"
            )
            eventually(lambda: ingest.row()["stored"] == 4, 15, "storing four readings")
    finally:
        broker.stop()
