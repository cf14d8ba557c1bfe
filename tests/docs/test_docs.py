"""Docs and code say the same: a setting, command, path or link that only one of them knows fails."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import Resolver404, resolve

from meters.api.urls import urlpatterns
from tests.services.installation import REPOSITORY
from tests.services.processes import bare_environment

README = REPOSITORY / "README.md"
CONFIGURATION = REPOSITORY / "docs/configuration.md"
EXAMPLE = REPOSITORY / ".env.example"
PAGES = [
    README,
    REPOSITORY / "CHANGELOG.md",
    REPOSITORY / "deploy/README.md",
    *sorted((REPOSITORY / "docs").glob("*.md")),
]
COMMANDS = sorted(
    path.stem
    for path in REPOSITORY.glob("*/management/commands/*.py")
    if not path.stem.startswith("_")
)


def settings_read() -> set[str]:
    """The variables that the settings read: `env.kind("NAME", ...)`, `os.environ.get(...)`."""
    trees = [
        ast.parse((REPOSITORY / "pelbiot" / name).read_text())
        for name in ("settings.py", "environment.py")
    ]
    return {
        call.args[0].value
        for tree in trees
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value) in ("env", "os.environ")
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def settings_in_the_table() -> list[str]:
    return re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", CONFIGURATION.read_text(), re.MULTILINE)


def settings_in_the_example() -> list[str]:
    return re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE)


@pytest.mark.parametrize("listed", [settings_in_the_table, settings_in_the_example])
def test_every_setting_is_documented_once_and_nothing_else_is(listed: object) -> None:
    assert callable(listed)
    names = listed()
    assert len(settings_read()) > 20
    assert sorted(names) == sorted(settings_read())


def test_every_line_of_the_example_is_one_that_the_program_accepts(tmp_path: Path) -> None:
    lines = EXAMPLE.read_text().splitlines()
    everything = [re.sub(r"^# (?=[A-Z][A-Z0-9_]+=)", "", line) for line in lines]
    (tmp_path / "env").write_text("\n".join(everything))
    # Its folder is only an example: what the environment says wins.
    env = {"ENV_FILE": str(tmp_path / "env"), "STATE_DIR": str(tmp_path)}
    outcome = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=REPOSITORY,
        env=bare_environment() | env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_named_in_the_docs(command: str) -> None:
    text = "".join(page.read_text() for page in PAGES)
    assert re.search(rf"\b{command}\b", text)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_test_file(command: str) -> None:
    assert list((REPOSITORY / "tests").rglob(f"test_{command}.py"))


def test_the_docs_name_no_command_that_does_not_exist() -> None:
    django = {"migrate", "createsuperuser", "check", "shell", "help", "changepassword"}
    text = "".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"manage\.py ([a-z_]+)", text))
    assert named <= django | set(COMMANDS)


def links(page: Path) -> Iterator[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text):
        link = "".join(target)
        if not re.match(r"[a-z]+:", link):
            yield link


def anchors(page: Path) -> set[str]:
    """The headings as the usual Markdown renderers name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_every_link_leads_to_a_file_and_a_heading_that_exist(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_mosquitto_settings_on_the_delivery_page_are_the_shipped_ones() -> None:
    section = (REPOSITORY / "docs/delivery.md").read_text().partition("### Mosquitto")[2]
    block = section.split("```")[1].split("\n")
    written = [line for line in block if line.strip()]
    shipped = (REPOSITORY / "deploy/mosquitto/mosquitto.conf").read_text().splitlines()
    assert len(written) > 5
    assert [line for line in written if line not in shipped] == []


def test_every_address_in_the_readme_exists() -> None:
    addresses = set(re.findall(r"(?<![\w.])(/(?:api|healthz|readyz)[\w/.-]*)", README.read_text()))
    assert len(addresses) > 8
    for address in addresses - {"/api/", "/api/mqtt/"}:
        path = address.rstrip("/") if address.startswith("/api/") else address
        try:
            resolve(path)
        except Resolver404:
            pytest.fail(f"{address} is in README.md and not in the URL configuration")


def test_every_rest_path_is_in_the_readme() -> None:
    text = README.read_text()
    for pattern in urlpatterns:
        path = str(pattern.pattern).partition("<")[0]
        assert f"/api/{path}" in text, path


def test_the_changelog_has_a_dated_entry_for_this_version() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    heading = rf"^## {re.escape(project['version'])} - \d{{4}}-\d\d-\d\d$"
    assert re.search(heading, (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
