"""The newest samples of a panel as a table prints them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dashboard import formatting, quantities
from meters.metrics import METRICS

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SampleRow:
    time: str
    values: list[str]


def sample_rows(samples: Sequence[Sequence[float | None]], now: datetime) -> list[SampleRow]:
    """Out of [ms since 1970, the value of each metric]."""
    return [
        SampleRow(
            formatting.near(_EPOCH + timedelta(milliseconds=at or 0), now),
            [quantities.measured(name, value) for name, value in zip(METRICS, values, strict=True)],
        )
        for at, *values in samples
    ]
