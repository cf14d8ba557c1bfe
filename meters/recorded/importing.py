"""Reading a recording into the database, batch after batch."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from meters.management.stopping import Ending
from meters.mqtt.timestamps import to_datetime
from meters.recorded.backfill import Backfill, Fate
from meters.recorded.recording import BadRow, Row

# The panel is locked while a batch is written, and the ingest of its readings waits: some 20 ms.
ROWS_AT_ONCE = 500
_ROWS_OF_ONE_TIME = 2000


@dataclass
class Summary:
    """How far an import came. `next_row` is where another one would go on; from `first` to `last`
    (both included) the history changed."""

    fates: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))
    rejected: int = 0
    next_row: int = 1
    first: datetime | None = None
    last: datetime | None = None

    @property
    def written(self) -> int:
        return self.fates[Fate.NEW] + self.fates[Fate.CHANGED]

    @property
    def rows(self) -> int:
        return sum(self.fates.values()) + self.rejected

    def widen(self, moments_us: Collection[int]) -> None:
        if moments_us:
            first, last = to_datetime(min(moments_us)), to_datetime(max(moments_us))
            self.first = min(self.first or first, first)
            self.last = max(self.last or last, last)


def run_import(
    rows: Iterable[Row | BadRow],
    backfill: Backfill,
    stop: Ending,
    *,
    summary: Summary,
    on_rejected: Callable[[BadRow], None],
    on_rows: Callable[[int], None],
) -> None:
    """Write until the rows end or `stop` is set, and keep `summary` up to date: also where an error
    ends it, its batches before stay. `on_rejected` is given each row that is not stored, in the
    order of the file."""
    for batch in _batches(rows, stop):
        good = [row for row in batch if isinstance(row, Row)]
        plan = backfill.write(good)
        for fate in plan.fates:
            summary.fates[fate] += 1
        summary.widen(plan.samples)
        rejected = [row for row in batch if isinstance(row, BadRow)] + plan.refused
        for bad in sorted(rejected, key=lambda row: row.number):
            summary.rejected += 1
            on_rejected(bad)
        summary.next_row = batch[-1].number + 1
        on_rows(len(batch))


def _batches(rows: Iterable[Row | BadRow], stop: Ending) -> Iterator[list[Row | BadRow]]:
    """Rows of one time that follow each other stay together, as far as that is bounded. What was read of a batch when `stop`
    is set is left out."""
    batch: list[Row | BadRow] = []
    last: datetime | None = None
    for row in rows:
        if stop.is_set():
            return
        moment = row.moment if isinstance(row, Row) else None
        together = moment is not None and moment == last and len(batch) < _ROWS_OF_ONE_TIME
        if len(batch) >= ROWS_AT_ONCE and not together:
            yield batch
            batch = []
        batch.append(row)
        last = moment
    if batch and not stop.is_set():
        yield batch
