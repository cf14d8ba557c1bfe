"""The catalogues of sentences: complete, compiled, and with the same placeholders on both sides."""

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.installation import REPOSITORY
from tests.services.processes import bare_environment

LANGUAGES = sorted(path.name for path in (REPOSITORY / "locale").iterdir())
SOURCES = ("dashboard", "meters", "pelbiot", "templates", "locale")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}|</?\w+>|\\x")
# By msgid; with a context "context\x04msgid", of a plural (msgid, form).
Catalogue = dict[str | tuple[str, int], str]

needs_gettext = pytest.mark.skipif(
    not shutil.which("msgfmt") and not os.environ.get("CI"),
    reason="gettext is missing: install Debian's package gettext",
)


def folder(language: str, root: Path = REPOSITORY) -> Path:
    return root / "locale" / language / "LC_MESSAGES"


def read(mo: Path) -> Catalogue:
    with mo.open("rb") as file:
        found: Catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {key: sentence for key, sentence in found.items() if key != ""}


def compiled(po: Path, mo: Path) -> Catalogue:
    subprocess.run(["msgfmt", "--check", "-o", mo, po], check=True, capture_output=True)
    return read(mo)


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_alike_on_both_sides(language: str) -> None:
    for key, sentence in read(folder(language) / "django.mo").items():
        msgid = (key[0] if isinstance(key, tuple) else key).rpartition("\x04")[2]
        wanted, given = set(PLACEHOLDER.findall(msgid)), set(PLACEHOLDER.findall(sentence))
        # A language without plural has one sentence for both, so that it may name more than one's.
        assert wanted == given or (isinstance(key, tuple) and wanted < given), msgid


@needs_gettext
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_that_of_the_text(language: str, tmp_path: Path) -> None:
    text = compiled(folder(language) / "django.po", tmp_path / "django.mo")
    assert read(folder(language) / "django.mo") == text, "run `make messages`"


@needs_gettext
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_the_product_is_translated(language: str, tmp_path: Path) -> None:
    """Extracted anew from a copy: nothing is new, untranslated, fuzzy or left over."""
    for name in SOURCES:
        shutil.copytree(REPOSITORY / name, tmp_path / name)
    shutil.copy(REPOSITORY / "manage.py", tmp_path)
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "--locale", language, "--no-obsolete"],
        cwd=tmp_path,
        env=bare_environment() | {"ENV_FILE": os.devnull, "STATE_DIR": str(tmp_path / "state")},
        check=True,
        capture_output=True,
    )
    po = folder(language, tmp_path) / "django.po"
    whole = tmp_path / "whole.po"  # each sentence as its own translation: all there are
    subprocess.run(["msgen", "-o", whole, po], check=True, capture_output=True)
    subprocess.run(["msgattrib", "--clear-fuzzy", "-o", whole, whole], check=True)
    in_the_product = compiled(whole, tmp_path / "whole.mo").keys()
    translated = read(folder(language) / "django.mo").keys()
    assert {_sentence(key) for key in in_the_product} == {_sentence(key) for key in translated}


def _sentence(key: str | tuple[str, int]) -> str:
    return key[0] if isinstance(key, tuple) else key
