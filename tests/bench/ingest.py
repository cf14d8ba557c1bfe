"""What the ingest stores per second and what it costs, beside paho-mqtt alone on the same broker.

    python -m tests.bench.ingest                               at several rates, some minutes
    python -m tests.bench.ingest --rate 10000 --seconds 60 --rounds 1 --contestants mariadb

The contestants take turns, each as a fresh process that knows the panels already; the numbers are
the medians of the rounds. See docs/performance.md.
"""

import argparse
from collections.abc import Callable, Iterable
from statistics import median

from tests.bench.measuring import MEMORY_AT_S, Contestant, Paho, Pelbiot, Run, measure, table
from tests.bench.servers import Stage, command_line, machine, stage
from tests.load.publish import Plan

CONTESTANTS = ("paho", "mariadb", "sqlite")
RATES = (4_000, 8_000, 16_000, 32_000, 0)
COUNT_WITHOUT_RATE = 40_000


def options() -> argparse.Namespace:
    parser = command_line(__doc__)
    add = parser.add_argument
    add("--rate", type=int, nargs="+", default=RATES, help="readings offered a second; 0: no limit")
    add("--seconds", type=float, default=4.0, help="how long each rate is offered")
    add("--count", type=int, help="so many readings instead; 40,000 where there is no rate")
    add("--panels", type=int, default=10)
    add("--rounds", type=int, default=3)
    add("--pages", type=int, default=1, help="open pages that the live values are pushed to")
    add("--contestants", nargs="+", choices=CONTESTANTS, default=CONTESTANTS)
    return parser.parse_args()


def contestant(name: str, on: Stage, pages: int) -> Contestant:
    if name == "paho":
        return Paho(on)
    installation = on.installation(name)
    on.open_pages(installation, pages)
    return Pelbiot(f"PELBIOT, {name}", on, installation)


def count_of(wanted: argparse.Namespace, rate: int) -> int:
    return wanted.count or int(rate * wanted.seconds) or COUNT_WITHOUT_RATE


def middle(runs: Iterable[Run], of: Callable[[Run], float]) -> float:
    return median(map(of, runs))


def row(name: str, runs: list[Run], alone: list[Run]) -> list[str]:
    """One line of the table; `alone` are paho's runs at the same rate."""
    rate, cpu_us = middle(runs, lambda run: run.rate), middle(runs, lambda run: run.cpu_us)
    ratio = cpu_ratio = "-"
    if alone:
        ratio = f"{rate / middle(alone, lambda run: run.rate):.2f}"
        cpu_ratio = f"{cpu_us / middle(alone, lambda run: run.cpu_us):.1f}"
    worst = max(runs, key=lambda run: (run.count - run.found, run.doubled))
    return [
        name,
        f"{middle(runs, lambda run: run.offered):.0f}",
        f"{rate:.0f}",
        ratio,
        f"{cpu_us:.1f}",
        cpu_ratio,
        f"{middle(runs, lambda run: run.peak_mib):.0f}",
        f"{middle(runs, lambda run: run.behind_s):.2f}",
        worst.rows,
        *(f"{max(run.memory[at] for run in runs):.0f}" for at in sorted(runs[0].memory)),
    ]


def head(runs: list[Run]) -> list[str]:
    columns = ["offered/s", "stored/s", "ratio", "CPU us", "CPU ratio", "peak MiB", "behind s"]
    memory = [f"MiB at {at} s" for at in MEMORY_AT_S if at in runs[0].memory]
    return ["contestant", *columns, "rows", *memory]


def main() -> None:
    wanted = options()
    print(machine(), flush=True)
    with stage() as on:
        contestants = [contestant(name, on, wanted.pages) for name in wanted.contestants]
        for rate in wanted.rate:
            plan = Plan(count=count_of(wanted, rate), rate=rate, panels=wanted.panels)
            runs: dict[str, list[Run]] = {one.name: [] for one in contestants}
            for _ in range(wanted.rounds):
                for one in contestants:
                    runs[one.name].append(measure(on, one, plan))
            alone = runs.get(Paho.name, [])
            offered = f"{rate}/s" if rate else "as much as goes"
            print(f"\n{plan.count} readings, {plan.panels} panels, {offered}:\n")
            rows = [row(name, of, alone) for name, of in runs.items()]
            print(table(head(runs[contestants[0].name]), rows), flush=True)


if __name__ == "__main__":
    main()
