"""Samples by the million, made inside the database; imported once Django is set up."""

import math
import subprocess
import sys
import time
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from django.db import connection, transaction

from meters.energy.pending import mark_all
from meters.ingest import statements
from meters.ingest.sample import Sample
from meters.metrics import METRICS
from meters.models import Panel, Trend
from tests.services.installation import REPOSITORY, Installation

_ROWS_AT_ONCE = 500_000
_LIVE_SAMPLES = 2_000_000
_FIRST_US = 1_767_225_600_000_000


class Filled:
    """Panels with a sample every `interval_s` seconds: a daily and a weekly course, noise, an hour
    missing every ten days."""

    def __init__(self, panels: int, start: datetime, end: datetime, interval_s: float) -> None:
        self.names = [f"bench{number}" for number in range(panels)]
        self._start, self._end, self._interval_s = start, end, interval_s
        self._panels = [
            Panel.objects.create(name=name, rated_power_kva=100, **_measured(end))
            for name in self.names
        ]

    def fill(self, *, shifted: bool) -> None:
        """With `shifted`, once more, halfway between the samples that stand."""
        count = int((self._end - self._start).total_seconds() / self._interval_s)
        first = self._start + timedelta(seconds=self._interval_s / 2 if shifted else 0)
        for panel in self._panels:
            for low in range(0, count, _ROWS_AT_ONCE):
                self._insert(panel, first, low, min(low + _ROWS_AT_ONCE, count) - 1)

    def _insert(self, panel: Panel, first: datetime, low: int, high: int) -> None:
        day, phase = 86_400 / self._interval_s, panel.pk
        course = f"(1 + 0.5*SIN(6.2832*seq/{day} + {phase}) + 0.2*SIN(6.2832*seq/{7 * day}))"
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {Trend._meta.db_table} "
                "(panel_id, timestamp, voltage, ampere, power, energy_cost) "
                f"SELECT {panel.pk}, %s + INTERVAL ROUND(seq * {self._interval_s * 1e6}) MICROSECOND, "
                f"ROUND(231 - 4*{course} + 3*RAND(), 2), ROUND(150*{course} + 10*RAND(), 2), "
                f"ROUND(33000*{course} + 2000*RAND(), 1), ROUND(41e6*{course}) "
                f"FROM seq_{low}_to_{high} WHERE MOD(seq, {round(10 * day)}) > {round(day / 24)}",
                [first],
            )

    def size(self) -> str:
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE TABLE {Trend._meta.db_table}")
            cursor.fetchall()
            cursor.execute(f"SELECT COUNT(*) FROM {Trend._meta.db_table}")
            rows = cursor.fetchone()[0]
        return f"{rows:,} samples, {size_bytes() / rows:.1f} bytes each on disk"

    def roll(self, installation: Installation) -> None:
        for panel in self._panels:
            mark_all(panel)
        workers = [
            subprocess.Popen(
                [sys.executable, "manage.py", "rollup"],
                cwd=REPOSITORY,
                env=installation.env,
                stdout=subprocess.DEVNULL,
            )
            for _ in range(2)
        ]
        if sum([abs(worker.wait()) for worker in workers]):
            sys.exit("rolling up failed")

    def naive(self, days: int) -> float:
        """Milliseconds of the chart of power over so many days, 500 points, by GROUP BY."""
        taken = []
        for panel in self._panels[:5]:
            start = self._end - timedelta(days=days + 1)
            started_s = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT FLOOR(UNIX_TIMESTAMP(timestamp) / {days * 86_400 / 500}) AS point, "
                    f"AVG(power), MIN(power), MAX(power) FROM {Trend._meta.db_table} "
                    "WHERE panel_id = %s AND timestamp >= %s AND timestamp < %s GROUP BY point",
                    [panel.pk, start, start + timedelta(days=days)],
                )
                cursor.fetchall()
            taken.append((time.perf_counter() - started_s) * 1000)
        return median(taken)


def size_bytes() -> int:
    """The size of the samples' file: InnoDB keeps the table and its only index in it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FILE_SIZE FROM information_schema.INNODB_SYS_TABLESPACES WHERE NAME = "
            "CONCAT(DATABASE(), '/', %s)",
            [Trend._meta.db_table],
        )
        return int(cursor.fetchone()[0])


def live_size() -> str:
    """Bytes of a sample when readings of all panels come in turn, as the ingest writes them."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {Trend._meta.db_table}")
    panels = {panel.name: panel.pk for panel in Panel.objects.all()}
    for first in range(0, _LIVE_SAMPLES, 500):
        write(panels, first, [_FIRST_US + (first + at) * 125_000 for at in range(500)])
    rows = _LIVE_SAMPLES
    return f"{rows:,} samples written as they arrive: {size_bytes() / rows:.1f} bytes each on disk"


def write(panels: dict[str, int], turn: int, moments: list[int]) -> None:
    """A batch of samples at these moments, as the ingest's store writes it; of the panels in turn,
    `turn` counts all samples so far."""
    names = list(panels)
    samples = []
    for at, moment_us in enumerate(moments, start=turn):
        sample = Sample(names[at % len(names)], moment_us, fresh=True)
        course = math.sin(moment_us / 1e10)
        sample.values = {
            "voltage": round(230 + 3 * course, 2),
            "ampere": round(100 + 50 * course, 2),
            "power": round(23_000 + 11_000 * course, 1),
            "energy_cost": 28_000_000.0,
        }
        samples.append(sample)
    with transaction.atomic(), connection.cursor() as cursor:
        statements.write_trends(cursor, panels, samples)
        statements.advance_panels(cursor, panels, samples)
        statements.mark_ranges(cursor, panels, samples)


def _measured(at: datetime) -> dict[str, Any]:
    return {
        name: value for metric in METRICS for name, value in ((metric, 1.0), (f"{metric}_at", at))
    }
