"""The image's recipe, as far as it can be checked without a container engine."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text().replace("\\\n", " ")
# Part of the product, whether or not they hold Python.
FOLDERS_OF_THE_PRODUCT = {"templates", "static", "locale"}


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name}\s+(.+)$", DOCKERFILE, re.MULTILINE)


def copied() -> list[str]:
    """The paths the image takes from this repository."""
    lines = [line for line in instructions("COPY") if not line.startswith("--from")]
    return [source.rstrip("/") for line in lines for source in line.split()[:-1]]


def test_everything_it_copies_exists() -> None:
    assert copied()
    for source in copied():
        assert (REPOSITORY / source).exists(), source


def test_it_copies_every_part_of_the_product() -> None:
    """A new app or folder that the image lacks would be noticed in production only."""
    packages = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")} - {"tests"}
    folders = {name for name in FOLDERS_OF_THE_PRODUCT if (REPOSITORY / name).is_dir()}
    assert packages | folders <= set(copied())


def test_the_builder_is_sent_what_it_copies_and_no_more() -> None:
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied())


def test_it_runs_the_web_process_as_nobody_special() -> None:
    assert instructions("CMD") == [
        '["daphne", "-b", "0.0.0.0", "-p", "8000", "pelbiot.asgi:application"]'
    ]
    assert instructions("USER") == ["pelbiot"]
    assert instructions("EXPOSE") == ["8000"]
    assert 'CMD ["python", "deploy/healthcheck.py"]' in instructions("HEALTHCHECK")[0]


def test_no_setting_but_the_state_folder_is_baked_in() -> None:
    assert not instructions("ARG")
    names = set(re.findall(r"([A-Z_]+)=", " ".join(instructions("ENV"))))
    assert names == {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "STATE_DIR"}


def test_the_packages_are_installed_by_their_hashes() -> None:
    assert "--require-hashes -r /build/requirements.txt" in DOCKERFILE
    assert "mysqlclient==" in (REPOSITORY / "requirements.txt").read_text()
