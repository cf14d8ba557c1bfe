"""The database and the disk: how large, how full, from when to when."""

import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Max, Min, OuterRef, Subquery
from django.utils.translation import gettext

from dashboard import formatting
from dashboard.system.amounts import briefly, count, size
from dashboard.system.facts import GOOD, WARN, Check, Fact, Section
from meters.metrics import MEASURED
from meters.models import Panel, Trend

_LITTLE_SHARE, _LITTLE_BYTES = 0.05, 1_000_000_000
_LISTED = 8


@dataclass(frozen=True, slots=True)
class Table:
    """A table's rows and bytes, as the database estimates them without counting."""

    name: str
    rows: int
    octets: int


def database_section() -> Section:
    started_s = time.monotonic()
    kind = server()
    took = briefly(time.monotonic() - started_s)
    tables, octets = sizes()
    oldest, newest = extent()
    answers = gettext("Answers in {time}").format(time=took)
    facts = [
        Fact(gettext("Server"), kind, answers),
        Fact(gettext("Size"), size(octets), gettext("tables and indexes") if tables else ""),
        Fact(gettext("Samples"), gettext("about {count}").format(count=count(samples(tables)))),
        Fact(gettext("Oldest reading"), _when(oldest)),
        Fact(gettext("Newest reading"), _when(newest)),
    ]
    check = Check("database", gettext("Database"), GOOD, answers, section="database")
    return Section(facts, [check])


def disk_section() -> Section:
    """Of the machine that the web process runs on; the ingest's and the database's may be others."""
    folder = settings.STATE_DIR
    usage = shutil.disk_usage(_first_that_exists([folder, *folder.parents]))
    free = gettext("{free} free of {total}").format(free=size(usage.free), total=size(usage.total))
    little = usage.free < min(_LITTLE_BYTES, _LITTLE_SHARE * usage.total)
    advice = (
        gettext("The disk is nearly full. Readings could soon not be stored.") if little else ""
    )
    text = gettext("{free} free").format(free=size(usage.free))
    check = Check("disk", gettext("Disk"), WARN if little else GOOD, text, advice, "database")
    return Section([Fact(gettext("Disk of the web server"), free, str(folder))], [check])


def server() -> str:
    """The database's kind and version: "MariaDB 11.8.3"."""
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute("SELECT VERSION()")
            version = str(cursor.fetchone()[0])
            kind = "MariaDB" if "mariadb" in version.lower() else "MySQL"
        else:
            cursor.execute("SELECT sqlite_version()")
            kind, version = "SQLite", str(cursor.fetchone()[0])
    return f"{kind} {version.partition('-')[0]}"


def sizes() -> tuple[list[Table], int]:
    """The largest tables where the database tells them apart, and the bytes of all together."""
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute(
                "SELECT table_name, table_rows, data_length + index_length "
                "FROM information_schema.tables WHERE table_schema = DATABASE() "
                "ORDER BY data_length + index_length DESC"
            )
            tables = [
                Table(str(name), int(rows or 0), int(octets or 0))
                for name, rows, octets in cursor.fetchall()
            ]
            return tables, sum(table.octets for table in tables)
        pages = _pragma("page_count")
        return [], pages * _pragma("page_size")


def largest(tables: Iterable[Table]) -> list[Table]:
    return list(tables)[:_LISTED]


def samples(tables: list[Table]) -> int:
    """About how many there are; counting millions would take longer than all the rest."""
    name = Trend._meta.db_table
    for table in tables:
        if table.name == name:
            return table.rows
    # SQLite numbers its rows as they come; the oldest go first.
    with connection.cursor() as cursor:
        cursor.execute("SELECT MAX(rowid), MIN(rowid) FROM meters_trend")
        last, first = cursor.fetchone()
    return last - first + 1 if last is not None else 0


def extent() -> tuple[datetime | None, datetime | None]:
    """The moments of the oldest and the newest reading: one look into the key for each panel."""
    first = Trend.objects.filter(panel=OuterRef("pk")).order_by("timestamp")
    oldest = Panel.objects.annotate(first=Subquery(first.values("timestamp")[:1]))
    asked = {f"{metric}_max": Max(f"{metric}_at") for metric in MEASURED}
    found = oldest.aggregate(oldest=Min("first"), **asked)
    newest = (found[name] for name in asked if found[name] is not None)
    return found["oldest"], max(newest, default=None)


def _pragma(name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return int(cursor.fetchone()[0])


def _first_that_exists(folders: list[Path]) -> Path:
    return next(folder for folder in folders if folder.exists())


def _when(moment: datetime | None) -> str:
    return formatting.full(moment) if moment else formatting.NOT_MEASURED
