"""What more ingest workers bring, and what more panels cost, at the same total rate.

    python -m tests.bench.scale                      both tables
    python -m tests.bench.scale --workers 1 2 4 --panels --rate 8000

CPU is that of all workers together. Each run starts with panels that are registered already.
"""

import argparse
from collections.abc import Callable, Sequence
from statistics import median

from tests.bench.measuring import Pelbiot, Run, measure, table
from tests.bench.servers import Stage, command_line, machine, stage
from tests.load.publish import Plan
from tests.services.installation import Installation

WORKERS = (1, 2, 4)
PANELS = (10, 100, 1_000, 10_000)
PANELS_OF_WORKERS = 100


def options() -> argparse.Namespace:
    parser = command_line(__doc__)
    add = parser.add_argument
    add("--rate", type=int, default=4_000, help="readings offered a second; 0: no limit")
    add("--count", type=int, default=40_000, help="readings of one run (4 a panel)")
    add("--workers", type=int, nargs="*", default=WORKERS)
    add("--panels", type=int, nargs="*", default=PANELS)
    add("--rounds", type=int, default=3)
    add("--pages", type=int, default=0, help="open pages that the live values are pushed to")
    return parser.parse_args()


def row(case: str, runs: Sequence[Run]) -> list[str]:
    def middle(of: Callable[[Run], float]) -> float:
        return median(map(of, runs))

    worst = max(runs, key=lambda run: (run.count - run.found, run.doubled))
    return [
        case,
        f"{middle(lambda run: run.offered):.0f}",
        f"{middle(lambda run: run.rate):.0f}",
        f"{middle(lambda run: run.cpu_us):.1f}",
        f"{middle(lambda run: run.peak_mib):.0f}",
        f"{middle(lambda run: run.behind_s):.2f}",
        worst.rows,
    ]


def compare(
    on: Stage, rounds: int, cases: dict[str, tuple[Pelbiot, Plan]], first_column: str
) -> None:
    """Runs the cases in turn, and prints their medians."""
    runs: dict[str, list[Run]] = {case: [] for case in cases}
    for _ in range(rounds):
        for case, (pelbiot, plan) in cases.items():
            runs[case].append(measure(on, pelbiot, plan))
    head = [first_column, "offered/s", "stored/s", "CPU us", "peak MiB", "behind s", "rows"]
    print("\n" + table(head, [row(case, of) for case, of in runs.items()]), flush=True)


def workers(
    on: Stage, installation: Installation, wanted: argparse.Namespace
) -> dict[str, tuple[Pelbiot, Plan]]:
    plan = Plan(count=wanted.count, rate=wanted.rate, panels=PANELS_OF_WORKERS)
    return {
        str(number): (Pelbiot(str(number), on, installation, workers=number), plan)
        for number in wanted.workers
    }


def panels(
    on: Stage, installation: Installation, wanted: argparse.Namespace
) -> dict[str, tuple[Pelbiot, Plan]]:
    pelbiot = Pelbiot("PELBIOT", on, installation)
    return {
        f"{number:,}": (pelbiot, Plan(count=wanted.count, rate=wanted.rate, panels=number))
        for number in wanted.panels
    }


def main() -> None:
    wanted = options()
    print(machine(), flush=True)
    with stage() as on:
        installation = on.installation("mariadb")
        on.open_pages(installation, wanted.pages)
        for first_column, cases in (("workers", workers), ("panels", panels)):
            chosen = cases(on, installation, wanted)
            if chosen:
                compare(on, wanted.rounds, chosen, first_column)


if __name__ == "__main__":
    main()
