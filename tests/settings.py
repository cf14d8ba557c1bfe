"""The settings under test: embedded defaults in a folder of their own, whatever the developer's
environment and `.env` say. `PELBIOT_TEST_DATABASE_URL` runs the same tests on another database."""

import os
import tempfile

OURS = {
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_URL",
    "REDIS_URL",
    "STATE_DIR",
    "TIME_ZONE",
    "LANGUAGE_CODE",
    "LOG_LEVEL",
    "BEHIND_TLS_PROXY",
}
for name in list(os.environ):
    if name.startswith(("MQTT_", "SPOOL_")) or name.endswith("_RETENTION_DAYS") or name in OURS:
        del os.environ[name]
os.environ["ENV_FILE"] = os.devnull
os.environ["SECRET_KEY"] = "only-for-tests"
os.environ["DATABASE_URL"] = os.environ.get("PELBIOT_TEST_DATABASE_URL", "")
_state = tempfile.TemporaryDirectory(prefix="pelbiot-tests-")
os.environ["STATE_DIR"] = _state.name

from pelbiot.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick, for tests only
WHITENOISE_AUTOREFRESH = True  # without scanning the static files for each test's client
