"""Watches a MariaDB for committed readings, and notes when each was first seen.

    python -m tests.bench.watch DATABASE_URL COUNT PANELS --report FILE

Looks for reading 0, then 1, ... of a plan every 2 ms on a connection of its own; what a commit has
made visible together is noted together. Ends when all have been seen, or at SIGTERM. The report has
the moments (null: never seen) and the median and 99th percentile of the time between two looks,
which is the resolution of the moments.
"""

import argparse
import json
import signal
import sys
import time
from pathlib import Path

from tests.bench.measuring import COLUMNS, Readings
from tests.load.publish import METRIC_TOPICS, Plan

EVERY_S = 0.002


class Watcher:
    def __init__(self, readings: Readings, plan: Plan) -> None:
        self.seen: list[float | None] = [None] * plan.count
        self.gaps: list[float] = []
        self._readings = readings
        self._panels = [
            readings.panel_id(plan.topic(panel * plan.topics).split("/")[1])
            for panel in range(plan.panels)
        ]
        self._next = 0
        self._looked = time.monotonic()

    def run(self) -> None:
        while self._next < len(self.seen):
            if not self._look():
                time.sleep(max(0.0, self._looked + EVERY_S - time.monotonic()))

    def _look(self) -> bool:
        """Whether the next reading, and perhaps more of its panel, can be seen now."""
        panel, metric = divmod(self._next, len(METRIC_TOPICS))
        panel_id = self._panels[panel % len(self._panels)]
        assert panel_id is not None, "the panels must be registered before"
        rows = self._readings.newest(panel_id)
        now = time.monotonic()
        self.gaps.append(now - self._looked)
        self._looked = now
        values = {int(value) for row in rows for value in row if value is not None}
        for number in values:
            if number < len(self.seen) and self.seen[number] is None:
                self.seen[number] = now
        stands = {int(row[metric]) for row in rows if row[metric] is not None}
        later = any(self._next < number < len(self.seen) for number in stands)
        if self.seen[self._next] is None and not later:
            return False
        self._next += 1
        return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database_url")
    parser.add_argument("count", type=int)
    parser.add_argument("panels", type=int)
    parser.add_argument("--report", type=Path, required=True)
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    assert len(COLUMNS) == len(METRIC_TOPICS)
    plan = Plan(count=wanted.count, panels=wanted.panels)
    watcher = Watcher(Readings(wanted.database_url), plan)
    print("ready", flush=True)
    try:
        watcher.run()
    finally:
        report = {"seen": watcher.seen, "gaps": watcher.gaps}
        wanted.report.write_text(json.dumps(report))


if __name__ == "__main__":
    main()
