"""How long a reading takes: from its publish to the database's commit, and to a page.

    python -m tests.bench.latency --rate 500 --seconds 30

Both are seen from outside: the commit by a process that looks into MariaDB every 2 ms, the page by
a logged-in websocket client of daphne. See docs/performance.md.
"""

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from tests.bench.measuring import Pelbiot, publish_all, table
from tests.bench.servers import Helper, Stage, command_line, machine, page, stage
from tests.load.publish import Plan
from tests.services.installation import Installation

GOALS_MS = {"committed": (25, 100), "on the page": (130, 300)}  # p50, p99
LAST_ONES_S = 2.0


def options() -> argparse.Namespace:
    parser = command_line(__doc__)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--panels", type=int, default=100)
    return parser.parse_args()


def percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def row(what: str, milliseconds: Sequence[float], sent: int) -> list[str]:
    goal_50, goal_99 = GOALS_MS[what]
    measured = f"{len(milliseconds)} of {sent}"
    if len(milliseconds) < 2:
        return [f"publish to {what}", measured, *["-"] * 6]
    p50, p99 = percentile(milliseconds, 50), percentile(milliseconds, 99)
    met = "yes" if p50 < goal_50 and p99 < goal_99 else "NO"
    times = [f"{p50:.1f}", f"{p99:.1f}", f"{max(milliseconds):.1f}"]
    return [f"publish to {what}", measured, *times, f"< {goal_50}", f"< {goal_99}", met]


def milliseconds(
    sent_at: Sequence[float], seen_at: Iterable[tuple[int, float | None]]
) -> list[float]:
    return [
        (seen - sent_at[number]) * 1000
        for number, seen in seen_at
        if seen is not None and number < len(sent_at)
    ]


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def measure(on: Stage, installation: Installation, plan: Plan) -> None:
    web = installation.start_web()
    pelbiot = Pelbiot("PELBIOT", on, installation)
    reader = page(web, on.new_folder("page"))
    url = installation.env["DATABASE_URL"]
    counts = str(plan.count), str(plan.panels)
    watcher = Helper(on.new_folder("watch"), "tests.bench.watch", url, *counts)
    try:
        pelbiot.start(plan)
        on.start(reader)
        on.start(watcher)
        time.sleep(1.0)
        sent_at = publish_all(on, plan).sent_at
        time.sleep(LAST_ONES_S)
        watcher.stop()
        reader.stop()
    finally:
        pelbiot.stop()
    watched, arrived = read(watcher.report), read(reader.report)
    pairs = ((int(value), moment) for value, moment in arrived.items())
    rows = [
        row("committed", milliseconds(sent_at, enumerate(watched["seen"])), plan.count),
        row("on the page", milliseconds(sent_at, pairs), plan.count),
    ]
    print(f"\n{plan.count} readings, {plan.panels} panels, {plan.rate:.0f}/s, milliseconds:\n")
    print(table(["", "readings", "p50", "p99", "max", "goal p50", "goal p99", "met"], rows))
    late = [by * 1000 for by in watched["late_by"]]
    if len(late) > 1:
        print(
            f"\nA commit may have been up to {median(late):.1f} ms earlier than it was seen (the"
            f" median; p99 {percentile(late, 99):.1f} ms)."
        )


def main() -> None:
    wanted = options()
    print(machine(), flush=True)
    with stage() as on:
        count = int(wanted.rate * wanted.seconds)
        plan = Plan(count=count, rate=wanted.rate, panels=wanted.panels, note_times=True)
        measure(on, on.installation("mariadb"), plan)


if __name__ == "__main__":
    main()
