"""Text that came over the wire, shown so that nothing in it is unseen: control characters, marks that
turn the direction of writing, characters without a shape."""

import unicodedata
from dataclasses import dataclass

# Written as the ingest writes bytes that are no text; Unicode's pictures of them (␛) lack in most fonts.
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text as it is, or, with `control`, a character that is told by its number."""

    text: str
    control: bool


def visible(text: str) -> list[Piece]:
    """The text in pieces. A line's end is told and ends the line."""
    pieces: list[Piece] = []
    run = ""
    for character in text:
        shown = _shown(character)
        if shown is None:
            run += character
            continue
        if run:
            pieces.append(Piece(run, control=False))
        pieces.append(Piece(shown, control=True))
        run = "\n" if character == "\n" else ""
    return [*pieces, Piece(run, control=False)] if run else pieces


def _shown(character: str) -> str | None:
    """What stands for a character that can't be seen; None for one that can."""
    if character in _NAMED:
        return _NAMED[character]
    if unicodedata.category(character) not in _UNSEEN:
        return None
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
