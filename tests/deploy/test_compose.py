"""docker-compose.yml, as far as it can be checked without a container engine."""

import re
from pathlib import Path

import pytest

from tests.services import compose

REPOSITORY = Path(__file__).resolve().parents[2]
ONE_SHOT = {"migrate"}
PELBIOT = {"migrate", "web", "ingest", "worker"}
REQUIRED_VARIABLES = (
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "MARIADB_PASSWORD",
    "MQTT_PASSWORD",
    "METER_PASSWORD",
)
# Those whose line in .env.example is the default itself, for this file as for a plain installation.
PLAIN_DEFAULTS = {
    "TIME_ZONE",
    "LANGUAGE_CODE",
    "LOG_LEVEL",
    "BEHIND_TLS_PROXY",
    "MQTT_QOS",
    "MQTT_SHARE_GROUP",
    "MQTT_TOPIC_VOLT",
    "MQTT_TOPIC_AMPERE",
    "MQTT_TOPIC_POWER",
    "MQTT_TOPIC_ENERGY_COST",
    "MQTT_TOPIC_ENERGY_REGISTER",
    "MQTT_AUTO_REGISTER",
    "MQTT_MAX_PANELS",
    "MQTT_REJECTED_KEEP",
    "RAW_RETENTION_DAYS",
    "MINUTE_RETENTION_DAYS",
    "HOUR_RETENTION_DAYS",
    "SPOOL_MAX_MB",
}
SECRET = re.compile(r"(PASSWORD|SECRET_KEY|TOKEN)$")
NOT_PASSED_ON = {
    "DEBUG": "shows settings: not for an installation",
    "ENV_FILE": "names a file on the machine, which the container doesn't see",
    "MQTT_TLS_CA_FILE": "the broker is reached inside the project's network, without TLS",
    "SPOOL_PATH": "the default lies in STATE_DIR, which is a volume",
}
REQUIRED = re.compile(r"\$\{\w+:\?must be set to [^}]{10,}\}")


def test_it_has_the_services_of_an_installation() -> None:
    assert set(compose.services()) == PELBIOT | {"mosquitto", "mariadb", "redis"}


@pytest.mark.parametrize(
    ("service", "line"),
    [
        ("web", "daphne -b 0.0.0.0 -p 8000 pelbiot.asgi:application"),
        ("ingest", "python manage.py mqtt_ingest"),
        ("worker", "python manage.py worker"),
    ],
)
def test_the_three_processes_are_started_as_everywhere_else(service: str, line: str) -> None:
    assert compose.services()[service]["command"] == line


def test_every_service_tells_how_it_is_or_runs_once() -> None:
    for name, definition in compose.services().items():
        if name in ONE_SHOT:
            assert definition["restart"] == "no"
        else:
            assert definition["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
            assert definition["restart"] == "unless-stopped"


def test_every_image_is_pinned_to_a_release() -> None:
    for name in set(compose.services()) - PELBIOT:
        assert re.fullmatch(r"[a-z-]+:\d+\.\d+\.\d+(-[a-z]+)?", compose.services()[name]["image"])


def test_no_secret_stands_in_the_file() -> None:
    for service, name, value in compose.environments():
        if SECRET.search(name) and name != "MARIADB_RANDOM_ROOT_PASSWORD":
            assert REQUIRED.fullmatch(value), f"{service}: {name}"
        for password in re.findall(r"://[^:/]+:(.+)@", value):
            assert REQUIRED.fullmatch(password), f"{service}: {name}"


def test_a_missing_secret_is_refused_with_a_sentence() -> None:
    with pytest.raises(KeyError, match="SECRET_KEY must be set to a long random text"):
        compose.environment("web", {})


def test_every_variable_is_explained_here_or_is_a_setting_of_pelbiot() -> None:
    assert compose.variables() <= compose.documented_variables() | settings_of_pelbiot()


def test_every_documented_variable_is_used() -> None:
    assert compose.documented_variables() <= compose.variables()


def test_pelbiot_is_given_settings_it_knows() -> None:
    given = {name for service, name, _ in compose.environments() if service in PELBIOT}
    assert given <= settings_of_pelbiot()


def test_every_setting_is_passed_on_or_left_out_for_a_reason() -> None:
    for service in PELBIOT:
        given = set(compose.services()[service]["environment"])
        assert settings_of_pelbiot() - given == set(NOT_PASSED_ON), service


def test_what_is_passed_on_has_the_defaults_of_the_settings() -> None:
    given = compose.environment("ingest", dict.fromkeys(REQUIRED_VARIABLES, "x"))
    example = {name: value for name, value in examples() if name in PLAIN_DEFAULTS}
    assert example.keys() == PLAIN_DEFAULTS
    assert {name: given[name] for name in example} == example


def test_only_the_pages_and_the_broker_are_published() -> None:
    published = {name for name, made in compose.services().items() if made.get("ports")}
    assert published == {"web", "mosquitto"}


def test_database_and_redis_stand_in_a_network_without_a_way_out() -> None:
    assert compose.services()["mariadb"]["networks"] == ["inside"]
    assert compose.services()["redis"]["networks"] == ["inside"]


def test_the_named_files_and_dependencies_exist() -> None:
    for definition in compose.services().values():
        for volume in definition.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (REPOSITORY / source).exists()
        assert set(definition.get("depends_on", {})) <= set(compose.services())


def settings_of_pelbiot() -> set[str]:
    """The variables .env.example explains, commented out or not."""
    return {name for name, _ in examples()}


def examples() -> list[tuple[str, str]]:
    example = (REPOSITORY / ".env.example").read_text()
    return re.findall(r"^#?[ ]*([A-Z][A-Z_]+)=(.*)$", example, re.MULTILINE)
