"""Reading the environment: every wrong variable is named, with what is accepted, before anything starts."""

import contextlib
import os
import re
import secrets
import ssl
import tempfile
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import salted_hmac
from environs import EnvValidationError, FileAwareEnv, ValidationError

SECRETS = (
    "SECRET_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "MQTT_BROKER_URL",
    "MQTT_USERNAME",
    "MQTT_PASSWORD",
)
_CLIENT_ID_LENGTH = 128  # as long as the database's columns


def reader(default_file: Path) -> FileAwareEnv:
    """An environment that collects its errors until `seal`. A file (ENV_FILE, else `default_file`
    where there is one) adds to it; `NAME_FILE` may name a file that holds the value of `NAME`.

    Raises ImproperlyConfigured where one of these files can't be read.
    """
    env_file = Path(os.environ.get("ENV_FILE") or default_file)
    if env_file != default_file and not env_file.exists():
        raise ImproperlyConfigured(f"ENV_FILE: there is no file {str(env_file)!r}.")
    env = FileAwareEnv(eager=False, strip_whitespace=True)
    if env_file.is_file():
        env.read_env(str(env_file), recurse=False)
    for name in SECRETS:
        path = os.environ.get(f"{name}_FILE")
        if path and not os.access(path, os.R_OK):
            raise ImproperlyConfigured(f"{name}_FILE: {path!r} is not a file that can be read.")
    return env


def seal(env: FileAwareEnv) -> None:
    """Raise ImproperlyConfigured with one line for each variable that is wrong."""
    try:
        env.seal()
    except EnvValidationError as error:
        messages = cast(dict[str, list[str]], error.error_messages)
        lines = [
            f"{name}: {' '.join(map(str, reasons))}" for name, reasons in sorted(messages.items())
        ]
        raise ImproperlyConfigured(
            "Wrong settings in the environment:\n  " + "\n  ".join(lines)
        ) from None


def refuse_with(check: Callable[[str], object]) -> Callable[[str], None]:
    """A validator that turns the ValueError of `check` into the sentence the person reads."""

    def validate(value: str) -> None:
        try:
            check(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None

    return validate


def one_of(*accepted: object) -> Callable[[object], None]:
    def validate(value: object) -> None:
        if value not in accepted:
            raise ValidationError(
                f"{value!r} is not accepted: use {', '.join(map(str, accepted))}."
            )

    return validate


def or_nothing(check: Callable[[object], None]) -> Callable[[str], None]:
    """A validator that takes an empty value, too: docker-compose passes unset variables on empty."""

    def validate(value: str) -> None:
        if value.strip():
            check(value.strip())

    return validate


def between(low: int, high: int) -> Callable[[int], None]:
    def validate(value: int) -> None:
        if not low <= value <= high:
            raise ValidationError(f"{value} is not accepted: use {low} to {high}.")

    return validate


def time_zone(value: str) -> None:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValidationError(f"{value!r} is no time zone: use a name like Asia/Jakarta.") from None


def share_group(value: str) -> None:
    if value and not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
        raise ValidationError(f"{value!r} is not accepted: use letters, digits and . _ - only.")


def client_id(value: str) -> None:
    if len(value.strip()) > _CLIENT_ID_LENGTH:
        raise ValidationError(
            f"it has {len(value.strip())} characters: use at most {_CLIENT_ID_LENGTH}."
        )


def certificates(value: str) -> None:
    if value:
        try:
            ssl.create_default_context(cafile=value)
        except OSError as error:
            why = "no PEM certificates" if isinstance(error, ssl.SSLError) else error.strerror
            raise ValidationError(f"{value!r} can't be read: {why}.") from None


def own_secret_key(state_dir: Path) -> str:
    """The key of an installation that was given none: made once, at random, kept beside its data.

    Never a default that others know. Processes on several machines must be given one SECRET_KEY.
    """
    path = state_dir / "secret_key"
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _create_private(path, secrets.token_urlsafe(50))
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"SECRET_KEY is not set, and none can be kept in {path} ({error.strerror}). "
            "Set SECRET_KEY, or STATE_DIR to a folder that can be written."
        ) from None


def _create_private(path: Path, text: str) -> None:
    """Create a file only its owner can read; of two processes that start together, one wins whole."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)


def installation_client_id(secret_key: str) -> str:
    """`pelbiot-ingest-` and eight characters that no other installation has (nor tell the key)."""
    digest = salted_hmac("pelbiot.mqtt.client-id", "ingest", secret=secret_key, algorithm="sha256")
    return f"pelbiot-ingest-{digest.hexdigest()[:8]}"


def database(url: str, state_dir: Path) -> dict[str, Any]:
    """Django's settings of the database behind DATABASE_URL; SQLite in `state_dir` where there is none.

    Raises ImproperlyConfigured for anything but SQLite, MySQL and MariaDB.
    """
    if not url:
        state_dir.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{state_dir / 'pelbiot.sqlite3'}"
    scheme = url.partition(":")[0]
    if scheme not in _DATABASE_OPTIONS:
        raise ImproperlyConfigured(
            f"Wrong settings in the environment:\n  DATABASE_URL: {scheme!r} is not accepted: "
            "use mysql://user:password@host:3306/name or sqlite:////path/to/file."
        )
    try:
        config: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError as error:
        raise ImproperlyConfigured(
            f"Wrong settings in the environment:\n  DATABASE_URL: {error}"
        ) from None
    config["OPTIONS"] = {**_DATABASE_OPTIONS[scheme], **config.get("OPTIONS", {})}
    return config


_MYSQL_OPTIONS: dict[str, Any] = {
    "charset": "utf8mb4",
    # A database that hangs must not hang the ingest: better an error, a retry, and a line in the log.
    "connect_timeout": 5,
    "read_timeout": 30,
    "write_timeout": 30,
    # Strict, so that a value the column can't hold is an error and never silently clipped; UTC, so
    # that no driver or server ever converts a time.
    "init_command": "SET sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone='+00:00'",
    "isolation_level": "read committed",
}
_DATABASE_OPTIONS: dict[str, dict[str, Any]] = {
    "sqlite": {
        # WAL lets pages read while the ingest writes; IMMEDIATE takes the write lock at the start
        # of a transaction, where waiting works: a later upgrade fails at once with "locked".
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    },
    "mysql": _MYSQL_OPTIONS,
}


def channel_layer(url: str) -> dict[str, Any]:
    """Django's settings of the channel layer: Redis behind REDIS_URL, else this process's memory."""
    if not url:
        return {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    if url.partition(":")[0] not in ("redis", "rediss", "unix"):
        raise ImproperlyConfigured(
            "Wrong settings in the environment:\n  REDIS_URL: use redis://host:6379/0 or rediss://."
        )
    # The pub/sub layer: under bursts the list-based one loses a tenth to a third of its messages.
    return {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [url], "prefix": "pelbiot"},
    }
