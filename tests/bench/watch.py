"""Watches a MariaDB for committed readings, and notes when each was first seen.

    python -m tests.bench.watch DATABASE_URL COUNT PANELS --report FILE

Looks for reading 0, then 1, ... of a plan every 2 ms on a connection of its own; what a commit has
made visible together is noted one right after the other. Ends when all have been seen, or at SIGTERM.
The report has the moments (null: never seen), and by how much each may be late at most: the time since
the last look that was in vain.
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
        self.late_by: list[float] = []
        self._readings = readings
        self._panels = [
            readings.panel_id(plan.topic(panel * plan.topics).split("/")[1])
            for panel in range(plan.panels)
        ]
        self._next = 0
        self._looked_in_vain = time.monotonic()

    def run(self) -> None:
        while self._next < len(self.seen):
            if self._look():
                self._next += 1
            else:
                time.sleep(max(0.0, self._looked_in_vain + EVERY_S - time.monotonic()))

    def _look(self) -> bool:
        """Whether the next reading, and perhaps more of its panel, can be seen now."""
        panel, metric = divmod(self._next, len(METRIC_TOPICS))
        panel_id = self._panels[panel % len(self._panels)]
        assert panel_id is not None, "the panels must be registered before"
        began = time.monotonic()
        rows = self._readings.newest(panel_id)
        now = time.monotonic()
        for row in rows:
            for value in row:
                self._note(value, now)
        if self.seen[self._next] is not None:
            return True
        if any(self._next < (row[metric] or 0) < len(self.seen) for row in rows):
            return True  # a later one of its kind stands there: this one will not come any more
        self._looked_in_vain = began
        return False

    def _note(self, value: float | None, now: float) -> None:
        if value is None or value >= len(self.seen) or self.seen[int(value)] is not None:
            return
        self.seen[int(value)] = now
        self.late_by.append(now - self._looked_in_vain)


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
        report = {"seen": watcher.seen, "late_by": watcher.late_by}
        wanted.report.write_text(json.dumps(report))


if __name__ == "__main__":
    main()
