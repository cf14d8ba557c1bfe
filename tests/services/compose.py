"""docker-compose.yml as data: what its services run, and with which environment."""

import re
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

PATH: Final = Path(__file__).resolve().parents[2] / "docker-compose.yml"
# ${NAME}, ${NAME:-default} and ${NAME:?sentence}
VARIABLE: Final = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")
DOCUMENTED: Final = re.compile(r"^#   ([A-Z][A-Z_]+) ", re.MULTILINE)


def text() -> str:
    return PATH.read_text()


@cache
def services() -> dict[str, dict[str, Any]]:
    """The services by name, anchors resolved."""
    loaded: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(text())
    return loaded["services"]


def documented_variables() -> set[str]:
    """The variables that the comment at the top of the file explains."""
    return set(DOCUMENTED.findall(text()))


def variables() -> set[str]:
    """The variables the file takes from the environment."""
    return {match["name"] for match in VARIABLE.finditer(text())}


def environments() -> Iterator[tuple[str, str, str]]:
    """(service, variable, value as written) of everything the containers are given."""
    for service, definition in services().items():
        for name, value in definition.get("environment", {}).items():
            yield service, name, str(value)


def command(service: str) -> list[str]:
    """The service's command line, split as the shell would."""
    line = services()[service]["command"]
    return shlex.split(line) if isinstance(line, str) else list(line)


def health_check(service: str) -> list[str]:
    """What the container runs to find out how it is, as a command line."""
    kind, *rest = services()[service]["healthcheck"]["test"]
    words = [part.replace("$$", "$") for part in rest]
    return ["sh", "-c", *words] if kind == "CMD-SHELL" else words


def environment(service: str, given: Mapping[str, str]) -> dict[str, str]:
    """The service's environment with `given` put in as Compose would."""
    written = services()[service]["environment"]
    return {name: expand(str(value), given) for name, value in written.items()}


def expand(value: str, given: Mapping[str, str]) -> str:
    """Replaces ${NAME...}; a required one that is not given raises KeyError with its sentence."""

    def replacement(match: re.Match[str]) -> str:
        if match["name"] in given:
            return given[match["name"]]
        if match["kind"] == "?":
            raise KeyError(f"{match['name']} {match['rest']}")
        return match["rest"] or ""

    return VARIABLE.sub(replacement, value)
