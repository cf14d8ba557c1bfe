"""Settings: all from the environment (docs/configuration.md), none of them needed for the embedded default.

Wrong values are refused here, by name, before anything connects.
"""

import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from meters.metrics import MEASURED, METRICS, REGISTER
from meters.mqtt.broker import Broker
from meters.mqtt.topics import TopicSpace
from pelbiot import environment

MOST_DAYS = 36_500  # a hundred years: within what every database's dates take
BASE_DIR = Path(__file__).resolve().parent.parent
env = environment.reader(BASE_DIR / ".env")

# -- The installation ---------------------------------------------------------------------------
DEBUG: bool = env.bool("DEBUG", False)
STATE_DIR = Path(env.str("STATE_DIR", "") or BASE_DIR / "var").absolute()
ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"], subcast=str.strip
)
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [], subcast=str.strip)
BEHIND_TLS_PROXY: bool = env.bool("BEHIND_TLS_PROXY", False)
TIME_ZONE: str = env.str("TIME_ZONE", "Asia/Jakarta", validate=environment.time_zone)
LANGUAGES = [("en", "English"), ("id", "Bahasa Indonesia")]
site_language: str = env.str(
    "LANGUAGE_CODE", "", validate=environment.or_nothing(environment.one_of("en", "id"))
)
LOG_LEVEL: str = env.str(
    "LOG_LEVEL", "INFO", validate=environment.one_of("DEBUG", "INFO", "WARNING", "ERROR")
)
secret_key: str = env.str("SECRET_KEY", "")
database_url: str = env.str("DATABASE_URL", "").strip()
redis_url: str = env.str("REDIS_URL", "").strip()

# -- MQTT ---------------------------------------------------------------------------------------
broker_url: str = env.str(
    "MQTT_BROKER_URL",
    "mqtt://127.0.0.1:1883",
    validate=environment.refuse_with(lambda url: Broker.from_url(url.strip())),
)
MQTT_CLIENT_ID: str = env.str("MQTT_CLIENT_ID", "", validate=environment.client_id)
mqtt_username: str = env.str("MQTT_USERNAME", "")
mqtt_password: str = env.str("MQTT_PASSWORD", "")
mqtt_ca_file: str = env.str("MQTT_TLS_CA_FILE", "", validate=environment.certificates)
MQTT_QOS: int = env.int("MQTT_QOS", 1, validate=environment.one_of(0, 1))
MQTT_KEEPALIVE: int = env.int("MQTT_KEEPALIVE", 60, validate=environment.between(5, 65535))
MQTT_SHARE_GROUP: str = env.str("MQTT_SHARE_GROUP", "", validate=environment.share_group)
MQTT_AUTO_REGISTER: bool = env.bool("MQTT_AUTO_REGISTER", True)
MQTT_MAX_PANELS: int = env.int(
    "MQTT_MAX_PANELS", 10_000, validate=environment.between(1, 1_000_000)
)
MQTT_REJECTED_KEEP: int = env.int(
    "MQTT_REJECTED_KEEP", 10_000, validate=environment.between(100, 10_000_000)
)
SPOOL_PATH = Path(env.str("SPOOL_PATH", "") or STATE_DIR / "spool").absolute()
SPOOL_MAX_MB: int = env.int("SPOOL_MAX_MB", 1024, validate=environment.between(1, 1_000_000))
topic_filters: dict[str, str] = {
    "voltage": env.str("MQTT_TOPIC_VOLT", "panel/+/volt"),
    "ampere": env.str("MQTT_TOPIC_AMPERE", "panel/+/ampere"),
    "power": env.str("MQTT_TOPIC_POWER", "panel/+/power"),
    "energy_cost": env.str("MQTT_TOPIC_ENERGY_COST", "panel/+/energy_cost"),
}
register_filter: str = env.str("MQTT_TOPIC_ENERGY_REGISTER", "").strip()
if register_filter:  # few meters have one: without a filter nothing is subscribed to
    topic_filters[REGISTER.name] = register_filter

# -- How long history is kept -------------------------------------------------------------------
RAW_RETENTION_DAYS: int = env.int(
    "RAW_RETENTION_DAYS", 400, validate=environment.between(0, MOST_DAYS)
)
MINUTE_RETENTION_DAYS: int = env.int(
    "MINUTE_RETENTION_DAYS", 1826, validate=environment.between(0, MOST_DAYS)
)
HOUR_RETENTION_DAYS: int = env.int(
    "HOUR_RETENTION_DAYS", 0, validate=environment.between(0, MOST_DAYS)
)

environment.seal(env)

try:
    MQTT_TOPICS = TopicSpace(topic_filters)
except ValueError as error:
    raise ImproperlyConfigured(
        f"Wrong settings in the environment:\n  MQTT_TOPIC_VOLT, _AMPERE, _POWER, _ENERGY_COST, "
        f"MQTT_TOPIC_ENERGY_REGISTER: {error}"
    ) from None
assert METRICS.keys() <= topic_filters.keys() <= MEASURED.keys()

MQTT_BROKER = Broker.from_url(
    broker_url.strip(),
    username=mqtt_username,
    password=mqtt_password,
    ca_file=mqtt_ca_file,
)
SECRET_KEY: str = secret_key.strip() or environment.own_secret_key(STATE_DIR)
# Stable, so that the broker keeps the session; and this installation's own, because on a shared
# broker two clients of one name throw each other out for ever.
MQTT_CLIENT_ID_IS_SET = bool(MQTT_CLIENT_ID.strip())
MQTT_CLIENT_ID = MQTT_CLIENT_ID.strip() or environment.installation_client_id(SECRET_KEY)

# -- Django -------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "meters",
    "dashboard",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dashboard.languages.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "meters.api.slashes.OptionalSlashMiddleware",
]
ROOT_URLCONF = "pelbiot.urls"
ASGI_APPLICATION = "pelbiot.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = True
LOCALE_PATHS = [BASE_DIR / "locale"]
# Where the site doesn't say, it is for the browser to ask (dashboard/languages.py).
LANGUAGE_CODE_IS_SET = bool(site_language.strip())
LANGUAGE_CODE = site_language.strip() or "en"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60

# -- Database, channel layer --------------------------------------------------------------------
DATABASES = {"default": environment.database(database_url, STATE_DIR)}
CHANNEL_LAYERS = {"default": environment.channel_layer(redis_url)}

# -- Log-in and safety --------------------------------------------------------------------------
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = BEHIND_TLS_PROXY
SESSION_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = False  # the proxy in front does it; the health checks come without TLS
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS_PROXY else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
# Whether all of a domain's other hosts speak TLS only (W005, W021) is for its owner to say, not for
# one application on it; the redirect (W008) is the proxy's, see above.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# -- Static files -------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# The image collects, compresses and fingerprints once at its build; a checkout serves its own files.
COLLECTION = BASE_DIR / "staticfiles"
COLLECTED = (COLLECTION / "staticfiles.json").is_file() or "collectstatic" in sys.argv
STATIC_ROOT = COLLECTION if COLLECTED else None
WHITENOISE_USE_FINDERS = not COLLECTED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# -- REST API -----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": [
        "meters.api.renderers.QuickJSONRenderer",
        "meters.api.renderers.BrowsableRenderer",
    ],
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "PELBIOT",
    "DESCRIPTION": "Live values, readings and the state of the MQTT connection.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# -- Log ----------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "format": "{asctime} {levelname:7} {name}: {message}",
            "datefmt": "%Y-%m-%dT%H:%M:%S%z",
            "style": "{",
        },
    },
    "filters": {"crashes": {"()": "pelbiot.logs.CrashesOnly"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "meters": {"level": LOG_LEVEL},
        "dashboard": {"level": LOG_LEVEL},
        "pelbiot": {"level": LOG_LEVEL},
        # daphne's listening and hot-loop notes are of no use to the person who started it
        "daphne": {"level": "WARNING"},
        # "Not Found" and "Service Unavailable" are answers, and /readyz gives the latter every few
        # seconds while something is away; a request that crashed is logged as ERROR with its trace
        "django.request": {"level": "ERROR", "filters": ["crashes"]},
    },
}
