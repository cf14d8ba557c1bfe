"""What holds on which days: versions of a tariff, tariffs of a panel. Pure; days are the site's."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Span(Generic[T]):
    """Something that holds from `first` until `until`, which is the first day it no longer does
    (date.max: for ever)."""

    first: date
    until: date
    holds: T


@dataclass(frozen=True, slots=True)
class Difference:
    """From `first` until `until` (excluded) something else holds than before. `rewrites`: before,
    too, something held."""

    first: date
    until: date
    rewrites: bool


def spans(items: Iterable[tuple[date, date, T]]) -> list[Span[T]]:
    """In time order: each item until its end, or until the next one begins if that is earlier."""
    ordered = sorted(items, key=lambda item: item[0])
    begins = [first for first, _, _ in ordered[1:]] + [date.max]
    found = (
        Span(first, min(until, following), holds)
        for (first, until, holds), following in zip(ordered, begins, strict=False)
    )
    return [span for span in found if span.first < span.until]


def differences(before: Sequence[Span[T]], after: Sequence[Span[T]]) -> Iterator[Difference]:
    """In time order, where what holds is not equal."""
    edges = sorted({edge for span in (*before, *after) for edge in (span.first, span.until)})
    for first, until in zip(edges, edges[1:], strict=False):
        old, new = _at(before, first), _at(after, first)
        if old != new:
            yield Difference(first, until, rewrites=old is not None)


def _at(timeline: Sequence[Span[T]], day: date) -> T | None:
    return next((span.holds for span in timeline if span.first <= day < span.until), None)
