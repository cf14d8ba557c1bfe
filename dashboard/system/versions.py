"""What runs here, by version: the first thing asked in any report of a fault."""

import platform
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from django.conf import settings
from django.utils.translation import gettext

from dashboard.system.facts import Fact

_PACKAGES = {
    "Django": "django",
    "Channels": "channels",
    "channels-redis": "channels-redis",
    "daphne": "daphne",
    "paho-mqtt": "paho-mqtt",
    "mysqlclient": "mysqlclient",
    "Django REST framework": "djangorestframework",
}


@cache
def _versions() -> list[tuple[str, str | None]]:
    found: list[tuple[str, str | None]] = [
        ("PELBIOT", _of_the_project()),
        ("Python", platform.python_version()),
    ]
    for name, package in _PACKAGES.items():
        try:
            found.append((name, version(package)))
        except PackageNotFoundError:
            found.append((name, None))
    folders = (settings.BASE_DIR / "static/vendor/uplot").glob("[0-9]*")
    return [*found, *(("uPlot", folder.name) for folder in folders)]


def version_facts() -> list[Fact]:
    return [Fact(name, number or gettext("not installed")) for name, number in _versions()]


def _of_the_project() -> str | None:
    file = settings.BASE_DIR / "pyproject.toml"
    if not file.is_file():
        return None
    return str(tomllib.loads(file.read_text())["project"]["version"])
