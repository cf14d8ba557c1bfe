"""Which panels an overview's address asks for, and in which order.

An address somebody mistyped still shows something: what can't be read counts as not given.
static/js/overview/selection.js understands the same.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from dashboard.overview.panels import Overseen
from meters.condition import WORST_FIRST

SORTS = ("state", "name", "loading", "power", "energy", "age")
VIEWS = ("cards", "rows")
_LONGEST_TEXT = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """`state` and `location` empty: of every one; `view` empty: as the reader chose last. What is
    left out of an address is the default."""

    q: str = ""
    location: str = ""
    state: str = ""
    sort: str = "state"
    view: str = ""

    def address(self, **changed: str) -> str:
        """The query string, with `changed` in place; without what is the default anyway."""
        wanted, bare = replace(self, **changed), Asked()
        kept = {
            name: getattr(wanted, name)
            for name in self.__slots__
            if getattr(wanted, name) != getattr(bare, name)
        }
        return f"?{urlencode(kept)}" if kept else "?"


def asked_of(query: Mapping[str, str]) -> Asked:
    return Asked(
        q=query.get("q", "").strip()[:_LONGEST_TEXT],
        location=query.get("location", "").strip(),
        state=_one_of(query.get("state"), WORST_FIRST, ""),
        sort=_one_of(query.get("sort"), SORTS, "state"),
        view=_one_of(query.get("view"), VIEWS, ""),
    )


def view_of(asked: Asked, remembered: str | None) -> str:
    """Cards or rows: as the address says, else as this browser was told last."""
    return asked.view or _one_of(remembered, VIEWS, "cards")


def matching(panels: Iterable[Overseen], asked: Asked) -> list[Overseen]:
    """Those that match text and location, of every state: what the states are counted over."""
    words = asked.q.casefold().split()
    return [
        each
        for each in panels
        if (not asked.location or each.panel.location.strip() == asked.location)
        and all(word in _searched(each) for word in words)
    ]


def chosen(panels: Iterable[Overseen], asked: Asked) -> list[Overseen]:
    """Those of the state that is asked for, in the order that is asked for; else as they come."""
    of_state = (each for each in panels if asked.state in ("", each.state))
    key = _KEYS[asked.sort]
    return sorted(of_state, key=key) if key else list(of_state)


def locations(panels: Iterable[Overseen]) -> list[str]:
    return sorted({each.panel.location.strip() for each in panels} - {""}, key=str.casefold)


def _one_of(value: str | None, known: Iterable[str], default: str) -> str:
    return value if value is not None and value in known else default


def _searched(each: Overseen) -> str:
    panel = each.panel
    return f"{panel.name}\n{panel.display_name}\n{panel.location}".casefold()


def _highest(of: Callable[[Overseen], float | None]) -> Callable[[Overseen], Any]:
    """The highest first; what is not known comes last."""

    def key(each: Overseen) -> tuple[bool, float]:
        value = of(each)
        return (value is None, -(value or 0.0))

    return key


def _silence(each: Overseen) -> tuple[bool, float]:
    """The longest without a reading first; those that never had one last."""
    at = each.panel.last_reading_at
    return (at is None, at.timestamp() if at else 0.0)


_KEYS: dict[str, Callable[[Overseen], Any] | None] = {
    "state": lambda each: WORST_FIRST.index(each.state),
    "name": None,
    "loading": _highest(lambda each: each.loading),
    "power": _highest(lambda each: each.panel.power),
    "energy": _highest(lambda each: each.today.energy_wh),
    "age": _silence,
}
