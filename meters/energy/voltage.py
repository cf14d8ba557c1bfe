"""The ten-minute means of the voltage, by which EN 50160 judges."""

from collections.abc import Iterable, Mapping, Sequence

from meters.energy import tables
from meters.energy.bucket import Bucket, Statistics
from meters.energy.calendar import TEN_MINUTES_US
from meters.energy.sql import Span
from meters.models import VoltageTenMinutes


def replace_ten_minutes(spans: Sequence[Span], minutes: Mapping[int, Iterable[Bucket]]) -> None:
    """Have the spans, which consist of whole ten minutes, follow from these minutes."""
    blocks: dict[tuple[int, int], Statistics] = {}
    for panel, some in minutes.items():
        for minute in some:
            voltage = minute.metrics["voltage"]
            if voltage.count or voltage.covered_s:
                start = minute.start - minute.start % TEN_MINUTES_US
                blocks.setdefault((panel, start), Statistics()).add(voltage)
    rows = {key: (block.mean, block.covered_s) for key, block in blocks.items()}
    tables.replace_rows(VoltageTenMinutes, ("mean", "covered_s"), spans, rows)
