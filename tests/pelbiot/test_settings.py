"""The settings as processes meet them: from the environment, in a process of their own."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services.installation import REPOSITORY
from tests.services.processes import bare_environment


def manage(state: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    base = bare_environment() | {"ENV_FILE": "/dev/null", "STATE_DIR": str(state)}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=REPOSITORY,
        env=base | env,
        capture_output=True,
        text=True,
        timeout=60,
    )


def setting(state: Path, expression: str, **env: str) -> Any:
    code = f"import json; from django.conf import settings as s; print(json.dumps({expression}))"
    outcome = manage(state, "shell", "--no-imports", "-c", code, **env)
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("TIME_ZONE", "Mars/Olympus"),
        ("LANGUAGE_CODE", "tlh"),
        ("LOG_LEVEL", "LOUD"),
        ("DATABASE_URL", "postgres://u@h/d"),
        ("DATABASE_URL", "nonsense"),
        ("REDIS_URL", "http://h"),
        ("MQTT_BROKER_URL", "http://broker"),
        ("MQTT_BROKER_URL", "mqtt://"),
        ("MQTT_BROKER_URL", "mqtt://h:99999"),
        ("MQTT_CLIENT_ID", 129 * "x"),
        ("MQTT_QOS", "2"),
        ("MQTT_KEEPALIVE", "1"),
        ("MQTT_SHARE_GROUP", "a/b"),
        ("MQTT_TLS_CA_FILE", "/no/such/file"),
        ("MQTT_TLS_CA_FILE", __file__),
        ("MQTT_TOPIC_VOLT", "panel/#"),
        ("MQTT_TOPIC_VOLT", "panel/+/ampere"),
        ("MQTT_TOPIC_VOLT", ""),
        ("MQTT_TOPIC_ENERGY_REGISTER", "panel/#"),
        ("MQTT_TOPIC_ENERGY_REGISTER", "panel/+/power"),
        ("MQTT_MAX_PANELS", "0"),
        ("MQTT_PASSWORD_FILE", "/no/such/file"),
        ("ENV_FILE", "/no/such/file"),
    ],
)
def test_a_wrong_value_is_refused_at_the_start_by_name(
    tmp_path: Path, name: str, value: str
) -> None:
    outcome = manage(tmp_path, "check", **{name: value})
    assert outcome.returncode != 0
    assert outcome.stderr.startswith("PELBIOT can't start.")
    assert name in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(
    ("given", "language", "chosen"), [("", "en", False), ("en", "en", True), ("id", "id", True)]
)
def test_an_empty_language_leaves_it_to_the_browser(
    tmp_path: Path, given: str, language: str, chosen: bool
) -> None:
    seen = setting(tmp_path, "[s.LANGUAGE_CODE, s.LANGUAGE_CODE_IS_SET]", LANGUAGE_CODE=given)
    assert seen == [language, chosen]


def test_all_wrong_values_are_named_at_once(tmp_path: Path) -> None:
    outcome = manage(tmp_path, "check", MQTT_QOS="7", TIME_ZONE="x", DEBUG="x")
    assert all(name in outcome.stderr for name in ("MQTT_QOS", "TIME_ZONE", "DEBUG"))


def test_the_energy_register_is_subscribed_to_only_where_it_is_given_a_topic(
    tmp_path: Path,
) -> None:
    contract = ["panel/+/volt", "panel/+/ampere", "panel/+/power", "panel/+/energy_cost"]
    assert setting(tmp_path, "s.MQTT_TOPICS.filters") == contract
    filters = setting(
        tmp_path, "s.MQTT_TOPICS.filters", MQTT_TOPIC_ENERGY_REGISTER=" panel/+/energy "
    )
    assert filters == [*contract, "panel/+/energy"]


def test_a_password_in_the_brokers_address_is_not_repeated_in_the_refusal(tmp_path: Path) -> None:
    outcome = manage(tmp_path, "check", MQTT_BROKER_URL="http://user:geheim@broker")
    assert "MQTT_BROKER_URL" in outcome.stderr
    assert "geheim" not in outcome.stderr


def test_secrets_can_come_from_files_without_the_line_break_at_their_end(tmp_path: Path) -> None:
    for name in ("SECRET_KEY", "MQTT_USERNAME", "MQTT_PASSWORD"):
        (tmp_path / name).write_text(f"of {name}\n")
    files = {
        f"{name}_FILE": str(tmp_path / name)
        for name in ("SECRET_KEY", "MQTT_USERNAME", "MQTT_PASSWORD")
    }
    seen = setting(
        tmp_path, "[s.SECRET_KEY, s.MQTT_BROKER.username, s.MQTT_BROKER.password]", **files
    )
    assert seen == ["of SECRET_KEY", "of MQTT_USERNAME", "of MQTT_PASSWORD"]


def test_without_a_secret_key_one_is_made_once_and_kept_private(tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = setting(state, "s.SECRET_KEY")
    assert len(first) >= 50
    assert setting(state, "s.SECRET_KEY") == first
    assert stat.S_IMODE((state / "secret_key").stat().st_mode) == 0o600
    assert setting(tmp_path / "other", "s.SECRET_KEY") != first


def test_two_installations_have_two_client_ids_and_each_keeps_its_own(tmp_path: Path) -> None:
    one = setting(tmp_path, "s.MQTT_CLIENT_ID", SECRET_KEY="one")
    assert one.startswith("pelbiot-ingest-")
    assert setting(tmp_path, "s.MQTT_CLIENT_ID", SECRET_KEY="one") == one
    assert setting(tmp_path, "s.MQTT_CLIENT_ID", SECRET_KEY="two") != one
    assert setting(tmp_path, "s.MQTT_CLIENT_ID", MQTT_CLIENT_ID=" mine ") == "mine"


def test_nothing_given_means_the_embedded_default(tmp_path: Path) -> None:
    seen = setting(
        tmp_path,
        "[s.DEBUG, s.DATABASES['default']['ENGINE'], s.CHANNEL_LAYERS['default']['BACKEND'],"
        " str(s.MQTT_BROKER), s.TIME_ZONE, s.ALLOWED_HOSTS]",
    )
    assert seen == [
        False,
        "django.db.backends.sqlite3",
        "channels.layers.InMemoryChannelLayer",
        "mqtt://127.0.0.1:1883",
        "Asia/Jakarta",
        ["127.0.0.1", "localhost", "[::1]"],
    ]


def test_mysql_is_strict_in_utc_and_never_waited_for_without_end(tmp_path: Path) -> None:
    options = setting(
        tmp_path,
        "s.DATABASES['default']['OPTIONS']",
        DATABASE_URL="mysql://user:p%40ss@host:3307/name",
    )
    assert "STRICT_ALL_TABLES" in options["init_command"]
    assert "+00:00" in options["init_command"]
    assert options["charset"] == "utf8mb4"
    assert {"connect_timeout", "read_timeout", "write_timeout"} <= options.keys()


def test_blanks_around_the_names_of_a_list_do_not_count(tmp_path: Path) -> None:
    assert setting(tmp_path, "s.ALLOWED_HOSTS", ALLOWED_HOSTS="a.example, b.example") == [
        "a.example",
        "b.example",
    ]


def test_an_empty_state_dir_is_the_default_and_not_the_current_folder(tmp_path: Path) -> None:
    assert setting(tmp_path, "str(s.STATE_DIR)", STATE_DIR="") == str(REPOSITORY / "var")


def test_production_settings_pass_djangos_own_deployment_checks(tmp_path: Path) -> None:
    outcome = manage(
        tmp_path,
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        SECRET_KEY="k" * 30 + "0123456789abcdefghijklmnopqrstuvwxyz",
        ALLOWED_HOSTS="energy.example.com",
        BEHIND_TLS_PROXY="true",
        DATABASE_URL="sqlite://",
    )
    assert outcome.returncode == 0, outcome.stderr
