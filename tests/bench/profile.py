"""Where the ingest's CPU time goes, thread by thread.

    python -m tests.bench.profile --rate 4000 --count 40000 --top 25

Runs `mqtt_ingest` under a sampling profiler (tests.bench.sampled) while readings come in, and prints
microseconds a reading: "own" in the function itself and in what it calls in C, "all" with what it
calls in Python. Looking costs up to half as much CPU again: go by the shares.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.bench.measuring import Pelbiot, measure, table
from tests.bench.servers import command_line, machine, stage
from tests.load.publish import Plan
from tests.services.installation import REPOSITORY, Installation, PelbiotProcess
from tests.services.waiting import eventually

REPORT = "profile.json"


class SampledIngest(PelbiotProcess):
    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        report = str(folder / REPORT)
        arguments = ["-m", "tests.bench.sampled", report, "mqtt_ingest"]
        super().__init__(folder, "mqtt_ingest", arguments, env)


class SampledPelbiot(Pelbiot):
    """Sampled from the end of the warm-up until the last reading is stored."""

    report: Path

    def start(self, plan: Plan) -> None:
        super().start(plan)
        self._signal(signal.SIGUSR1)

    def stop(self) -> None:
        if self.pids():
            self._signal(signal.SIGUSR2)
            eventually(self.report.exists, 10, "writing the profile")
        super().stop()

    def _signal(self, number: int) -> None:
        for pid in self.pids():
            os.kill(pid, number)

    def _launch(self, installation: Installation) -> PelbiotProcess:
        process = SampledIngest(installation.folder, installation.env)
        installation.processes.append(process)
        self.report = installation.folder / REPORT
        process.start()
        return process


def options() -> argparse.Namespace:
    parser = command_line(__doc__)
    add = parser.add_argument
    add("--rate", type=int, default=4_000, help="readings offered a second; 0: no limit")
    add("--count", type=int, default=40_000)
    add("--panels", type=int, default=10)
    add("--pages", type=int, default=1, help="open pages that the live values are pushed to")
    add("--database", choices=("mariadb", "sqlite"), default="mariadb")
    add("--top", type=int, default=25, help="so many functions a thread")
    return parser.parse_args()


def where(file: str, line: int, name: str) -> str:
    """A function as a person looks for it."""
    path = Path(file)
    if path.is_relative_to(REPOSITORY) and ".venv" not in path.parts:
        return f"{path.relative_to(REPOSITORY)}:{line} {name}"
    if "site-packages" in path.parts:
        start = path.parts.index("site-packages") + 1
        return f"{'/'.join(path.parts[start:])}:{line} {name}"
    return f"{path.name}:{line} {name}"


def functions(thread: dict[str, Any], count: int, top: int) -> list[list[str]]:
    """The dearest functions by their own time, then those with the most below them."""
    own = {tuple(place): seconds for place, seconds in thread["own"]}
    total = {tuple(place): seconds for place, seconds in thread["total"]}
    chosen = sorted(own, key=lambda place: -own[place])[:top]
    chosen += [
        place
        for place in sorted(total, key=lambda place: -total[place])[: 2 * top]
        if place not in chosen and place[0].startswith(str(REPOSITORY / "meters"))
    ]
    return [
        [
            where(*place),
            f"{own.get(place, 0) / count * 1e6:.1f}",
            f"{total[place] / count * 1e6:.1f}",
        ]
        for place in chosen
    ]


def show(profile: dict[str, Any], count: int, top: int) -> None:
    for thread in sorted(profile["threads"], key=lambda thread: -thread["cpu_s"]):
        per_reading = thread["cpu_s"] / count * 1e6
        print(f"\nThread {thread['name']}: {per_reading:.1f} us a reading\n")
        if thread["name"] != "sampler":
            print(table(["function", "own us", "all us"], functions(thread, count, top)))


def main() -> None:
    wanted = options()
    print(machine(), flush=True)
    plan = Plan(count=wanted.count, rate=wanted.rate, panels=wanted.panels)
    with stage() as on:
        installation = on.installation(wanted.database)
        on.open_pages(installation, wanted.pages)
        pelbiot = SampledPelbiot("PELBIOT", on, installation)
        run = measure(on, pelbiot, plan)
        if not pelbiot.report.exists():
            sys.exit("the ingest has left no profile")
        profile = json.loads(pelbiot.report.read_text())
    print(f"{run.rows} of {plan.count} readings stored, {run.rate:.0f}/s, {run.cpu_us:.1f} us each")
    show(profile, wanted.count, wanted.top)


if __name__ == "__main__":
    main()
