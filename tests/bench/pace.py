"""What rolling up costs while readings come in; imported once Django is set up."""

import time
from datetime import timedelta

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from meters.energy.tables import MODELS
from meters.models import DirtyRange, Panel, RollupState, Trend, VoltageTenMinutes
from tests.bench.measuring import cpu_seconds, table
from tests.bench.samples import write
from tests.services.installation import Installation

_TICK_S = 0.2
_MINUTE = timedelta(minutes=1)


def report(
    installation: Installation, database: int, wanted: tuple[int, ...], rate: int, seconds: int
) -> str:
    """`database`: the database server's process."""
    rows = []
    for count in wanted:
        alone, _, _ = _run(installation, database, count, rate, seconds, worker=False)
        beside, used, behind_s = _run(installation, database, count, rate, seconds, worker=True)
        rows.append(
            [
                f"{count:,}",
                f"{rate:,}",
                f"{used:.0%}",
                f"{alone:.0%}",
                f"{beside:.0%}",
                f"{behind_s:.0f} s",
            ]
        )
    head = [
        "panels",
        "readings/s",
        "worker's CPU",
        "database's without",
        "with it",
        "behind at the end",
    ]
    return "\n" + table(head, rows) + "\n"


def _run(
    installation: Installation, database: int, count: int, rate: int, seconds: int, *, worker: bool
) -> tuple[float, float, float]:
    """Readings of so many panels at `rate` a second (four to a sample) for so long; (CPU of the
    database, of the worker, in cores; how long ago the oldest minute ended that is not done yet)."""
    panels = _panels(count)
    process = installation.start_worker() if worker else None
    time.sleep(3)  # it has started
    pids = [database, *([process.pid] if process else [])]
    before, started_s = [cpu_seconds(pid) for pid in pids], time.monotonic()
    _write_for(panels, rate, seconds)
    took_s = time.monotonic() - started_s
    used = [(cpu_seconds(pid) - cpu_s) / took_s for pid, cpu_s in zip(pids, before, strict=True)]
    behind_s = _behind_s() if worker else 0.0
    if process:
        process.stop()
    return used[0], used[1] if process else 0.0, behind_s


def _behind_s() -> float:
    """The running minute is never done: its readings still come in."""
    over = DirtyRange.objects.filter(minute__lt=timezone.now() - _MINUTE).order_by("minute")
    oldest = over.values_list("minute", flat=True).first()
    return (timezone.now() - oldest - _MINUTE).total_seconds() if oldest else 0.0


def _write_for(panels: dict[str, int], rate: int, seconds: int) -> None:
    at_once, started_s = int(rate / 4 * _TICK_S), time.monotonic()
    for tick in range(int(seconds / _TICK_S)):
        first_us = int((time.time() - _TICK_S) * 1_000_000)
        moments = [first_us + at * 4_000_000 // rate for at in range(at_once)]
        for low in range(0, at_once, 500):
            write(panels, tick * at_once + low, moments[low : low + 500])
        time.sleep(max(0.0, started_s + (tick + 1) * _TICK_S - time.monotonic()))


def _panels(count: int) -> dict[str, int]:
    tables: list[type[Model]] = [Trend, DirtyRange, RollupState, VoltageTenMinutes]
    with connection.cursor() as cursor:
        for model in (*tables, *MODELS.values()):
            cursor.execute(f"TRUNCATE {model._meta.db_table}")
    Panel.objects.all()._raw_delete(using="default")
    Panel.objects.bulk_create(
        Panel(name=f"pace{number}", rated_power_kva=100) for number in range(count)
    )
    return dict(Panel.objects.values_list("name", "pk"))
