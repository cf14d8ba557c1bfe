"""What somebody reads, or has read to them, on a page."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

# Their text is shown to nobody, or is the same in every language.
UNSEEN = {"script", "style", "code", "pre"}
SPOKEN_ATTRIBUTES = {"aria-label", "aria-description", "title", "alt", "placeholder"}
WITH_COMMA = re.compile(r"-?\d[\d.]*,\d[\d.,]*")
VOID = {"input", "meta", "link", "br", "img", "hr", "use", "path", "wbr", "circle", "rect", "col"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.embedded: list[str] = []
        self.commas: list[str] = []
        self._within: list[tuple[str, bool]] = []
        self._json = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self._json = given.get("type") == "application/json" and given.get("id") == "page"
        # What is marked as being in a language of its own is not the page's.
        foreign = tag != "html" and "lang" in given
        hidden = tag in UNSEEN or foreign or (bool(self._within) and self._within[-1][1])
        if tag not in VOID:
            self._within.append((tag, hidden))
        spoken = SPOKEN_ATTRIBUTES | {"content", "data-label"}
        for name, value in attributes:
            if name not in spoken and WITH_COMMA.fullmatch(value or ""):
                self.commas.append(f"{tag} {name}={value}")
        if hidden:
            return
        self.texts += [given[name] or "" for name in SPOKEN_ATTRIBUTES & given.keys()]
        if tag == "meta" and given.get("name") == "description":
            self.texts.append(given.get("content") or "")
        if tag == "input" and given.get("type") in ("submit", "button"):
            self.texts.append(given.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop()[0] != tag:
            pass
        self._json = False

    def handle_data(self, data: str) -> None:
        if self._json:
            self.embedded.append(data)
        elif not self._within or not self._within[-1][1]:
            self.texts.append(data)


def texts(html: str) -> set[str]:
    """The page's texts and spoken attributes, and the sentences it has for its scripts."""
    reader = _Reader()
    reader.feed(html)
    found = [*reader.texts, *_strings(json.loads("".join(reader.embedded) or "{}"))]
    return {re.sub(r"\s+", " ", text).strip() for text in found} - {""}


def numbers_with_commas(html: str) -> list[str]:
    """Attributes that hold a number as people write it: scripts and browsers can't read it."""
    reader = _Reader()
    reader.feed(html)
    return reader.commas


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)
