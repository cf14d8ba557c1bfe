"""How fast history is: each chart's call at 10 million samples and at twice as many, beside the same
chart by GROUP BY over the samples; the rows' size on disk; what rolling up costs.

    python -m tests.bench.history                        all of it: three quarters of an hour on 2 cores
    python -m tests.bench.history --samples 1000000      a tenth
    python -m tests.bench.history --only pace            only what rolling up costs beside the ingest
    python -m tests.bench.history --only size            only what a sample takes on disk

Server time is that of the whole request, from the session's look-up to the gzipped answer, in
process. Each call is asked for other panels and other days in turn, so that no answer is a repetition.
"""

import argparse
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any

from tests.bench.measuring import table
from tests.bench.servers import command_line, machine, stage

PANELS = 8
DAYS = 371
END = datetime(2026, 11, 1, tzinfo=UTC)
RANGES = {"day": 1, "month": 31, "year": 365}
CALLS = {
    "trends": {"points": "500"},
    "trends of power": {"points": "500", "metrics": "power"},
    "energy by hour": {"by": "hour"},
    "energy by day": {"by": "day"},
    "energy by month": {"by": "month"},
    "statistics": {},
    "demand": {},
    "load-duration": {},
    "voltage-compliance": {},
}
PACE = (8, 100, 2_500)
READINGS_A_SECOND = 10_000


def options() -> argparse.Namespace:
    parser = command_line(__doc__)
    add = parser.add_argument
    add("--samples", type=int, default=10_000_000, help="of all panels together")
    add("--rounds", type=int, default=60, help="requests of each call and range")
    add("--only", choices=["history", "pace", "size"], help="one of the parts")
    add("--pace-s", type=int, default=90, help="how long readings come in, in each pace run")
    return parser.parse_args()


def main() -> None:
    wanted = options()
    print(f"{machine()}\n", flush=True)
    with stage() as on:
        installation = on.installation("mariadb")
        os.environ.update(installation.env)
        os.environ["DJANGO_SETTINGS_MODULE"] = "pelbiot.settings"
        import django

        django.setup()
        from tests.bench import pace, samples

        if wanted.only in (None, "history"):
            history(wanted, installation, samples)
        if wanted.only == "size":
            print(filled(wanted, samples).size(), flush=True)
        if wanted.only in (None, "size"):
            print(samples.live_size(), flush=True)
        if wanted.only in (None, "pace"):
            print(
                pace.report(installation, on.database_pid, PACE, READINGS_A_SECOND, wanted.pace_s),
                flush=True,
            )


def history(wanted: argparse.Namespace, installation: Any, samples: Any) -> None:
    panels = filled(wanted, samples)
    print(panels.size(), flush=True)
    timed: list[Timed] = []
    for twice in (False, True):
        if twice:
            panels.fill(shifted=True)
        with told("rolled up, by two processes"):
            panels.roll(installation)
        timed.append(measure(panels.names, wanted.rounds))
        naive = {name: panels.naive(days) for name, days in RANGES.items()}
        print(report(timed[0], timed[-1], naive), flush=True)


def filled(wanted: argparse.Namespace, samples: Any) -> Any:
    interval_s = DAYS * 86_400 * PANELS / wanted.samples
    panels = samples.Filled(PANELS, END - timedelta(days=DAYS), END, interval_s)
    with told(f"{wanted.samples:,} samples"):
        panels.fill(shifted=False)
    return panels


@contextmanager
def told(what: str) -> Iterator[None]:
    started_s = time.monotonic()
    yield
    print(f"{what}: {time.monotonic() - started_s:.0f} s", flush=True)


def measure(panels: Sequence[str], rounds: int) -> "Timed":
    """Milliseconds of each request, by (call, range)."""
    get = client()
    chance = random.Random(1)
    taken: Timed = {}
    for number in range(rounds + 3):  # the first three warm up
        for call, parameters in CALLS.items():
            for name, days in RANGES.items():
                panel = panels[number % len(panels)]
                back = timedelta(days=chance.randrange(0, max(1, DAYS - days - 1)))
                end = (END - back).replace(hour=17, minute=0)
                query = parameters | {
                    "from": (end - timedelta(days=days)).isoformat(),
                    "to": end.isoformat(),
                }
                started_s = time.perf_counter()
                get(f"/api/panels/{panel}/{call.split()[0]}", query)
                if number >= 3:
                    milliseconds = (time.perf_counter() - started_s) * 1000
                    taken.setdefault((call, name), []).append(milliseconds)
    return taken


def client() -> Callable[[str, dict[str, str]], Any]:
    from django.contrib.auth import get_user_model
    from django.test import Client

    from pelbiot.memory import keep_what_stands

    keep_what_stands()  # as the web process does
    user = get_user_model().objects.get()
    browser = Client(headers={"accept-encoding": "gzip"}, SERVER_NAME="localhost")
    browser.force_login(user)

    def get(path: str, query: dict[str, str]) -> Any:
        answer = browser.get(path, query)
        if answer.status_code != 200:
            sys.exit(f"{path} {query}: {answer.status_code} {answer.content[:300]!r}")
        return answer

    return get


Timed = dict[tuple[str, str], list[float]]


def report(once: Timed, twice: Timed, naive: dict[str, float]) -> str:
    """`naive`: the chart of power by GROUP BY, as things stand now."""
    rows = []
    for (call, name), first in once.items():
        second = twice[call, name]
        rows.append(
            [
                f"{call}, {name}",
                f"{median(first):.1f}",
                f"{p99(first):.1f}",
                f"{median(second):.1f}",
                f"{p99(second):.1f}",
                f"{median(second) / median(first):.2f}",
                f"{min(second) / min(first):.2f}",  # tells the same where other programs run
                f"{naive[name]:.0f}" if call == "trends of power" else "",
            ]
        )
    head = ["call", "ms p50", "p99", "twice: p50", "p99", "ratio", "of the fastest", "GROUP BY now"]
    return "\n" + table(head, rows) + "\n"


def p99(values: Sequence[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[98]


if __name__ == "__main__":
    main()
