"""Playing a recording into the broker, at its own pace, faster, or as fast as it goes."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from meters.energy.trapezoid import EnergyResult, energy_wh
from meters.management.stopping import Stop
from meters.mqtt.topics import TopicSpace
from meters.recorded.recording import BadRow, Row

_BAD_ROWS_KEPT = 20


class Destination(Protocol):
    @property
    def published(self) -> int: ...
    @property
    def confirmed(self) -> int: ...
    def publish(self, topic: str, payload: str) -> bool: ...


@dataclass
class Summary:
    """How far a replay came. `next_row` is where another one would go on."""

    rows: int = 0
    readings: int = 0
    skipped: int = 0
    bad_rows: list[BadRow] = field(default_factory=list)
    power: list[tuple[datetime, float]] = field(default_factory=list)
    next_row: int = 1
    _under_way: deque[tuple[int, int]] = field(default_factory=deque)

    def energy(self) -> EnergyResult:
        """The energy of the played rows' power, by the trapezoid."""
        return energy_wh(sorted(self.power))

    def sent(self, row: int, published: int, confirmed: int) -> None:
        self._under_way.append((row, published))
        self.settle(confirmed)

    def settle(self, confirmed: int) -> None:
        """Move `next_row` past the rows whose messages are all confirmed."""
        while self._under_way and self._under_way[0][1] <= confirmed:
            self.next_row = self._under_way.popleft()[0] + 1


@dataclass
class Replay:
    """Publishes rows as JSON with their times on the topics of `panel`.

    `speed` is times real time, None as fast as the broker takes them.
    """

    panel: str
    topics: TopicSpace
    destination: Destination
    stop: Stop
    speed: float | None = None
    clock: Callable[[], float] = time.monotonic

    def run(
        self,
        rows: Iterable[Row | BadRow],
        on_row: Callable[[], None] = lambda: None,
    ) -> Summary:
        """Play until the rows end or `stop` is set; a row is finished or counts as not played."""
        summary = Summary()
        start: tuple[float, datetime] | None = None
        for row in rows:
            if isinstance(row, BadRow):
                self._skip(summary, row)
            else:
                start = start or (self.clock(), row.moment)
                if not (self._wait(row, *start) and self._publish(row, summary)):
                    break
            on_row()
            if self.stop.is_set():
                break
        return summary

    def _wait(self, row: Row, started_s: float, first: datetime) -> bool:
        if self.speed is not None:
            due_s = started_s + (row.moment - first).total_seconds() / self.speed
            self.stop.wait(due_s - self.clock())
        return not self.stop.is_set()

    def _publish(self, row: Row, summary: Summary) -> bool:
        timestamp = row.moment.isoformat()
        for metric, value in row.values.items():
            payload = json.dumps({"value": value, "timestamp": timestamp})
            if not self.destination.publish(self.topics.topic(self.panel, metric), payload):
                return False
        summary.rows += 1
        summary.readings += len(row.values)
        if "power" in row.values:
            summary.power.append((row.moment, row.values["power"]))
        summary.sent(row.number, self.destination.published, self.destination.confirmed)
        return True

    def _skip(self, summary: Summary, row: BadRow) -> None:
        summary.skipped += 1
        if len(summary.bad_rows) < _BAD_ROWS_KEPT:
            summary.bad_rows.append(row)
        summary.sent(row.number, self.destination.published, self.destination.confirmed)
