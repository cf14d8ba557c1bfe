"""What a section of the system page shows: facts, or a sentence about why there are none."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext

logger = logging.getLogger(__name__)

# As `.state` in base.css draws them: a disc, a triangle, a square, a ring.
Health = Literal["normal", "warning", "error", "none"]
GOOD: Health = "normal"
WARN: Health = "warning"
BAD: Health = "error"
QUIET: Health = "none"


@dataclass(frozen=True, slots=True)
class Fact:
    """A line: label, value, a quieter note. `code`: to be read letter by letter."""

    label: str
    value: str
    note: str = ""
    code: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be well. `text` says how it is, `advice` what to do where it isn't, and
    `section` is the part of the page that tells more."""

    key: str
    label: str
    health: Health
    text: str
    advice: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that stands alone: what fails here leaves the others as they are."""

    facts: list[Fact] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    problem: str = ""


def attempt(name: str, look: Callable[[], Section]) -> Section:
    """The section; where the database gives no answer, a sentence in its place."""
    try:
        return look()
    except (DatabaseError, InterfaceError) as error:
        logger.warning("the system page can't tell about %s: %s", name, error)
        sentence = gettext(
            "The database gave no answer to this. The log of the web process says why."
        )
        return Section(problem=sentence)
