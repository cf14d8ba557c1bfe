"""The samples that a stretch of history is computed from, and how far a change of some reaches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from meters.energy.calendar import HOUR_US, MINUTE_US
from meters.energy.minutes import Row, Rules
from meters.energy.sql import Span, micros, read_micros
from meters.metrics import MEASURED, METRICS, REGISTER
from meters.models import Panel, Trend
from meters.models.bulk import quoted, written_time
from meters.mqtt.timestamps import OLDEST_US, to_datetime, to_microseconds

_NEAR = 8  # samples looked at beside a stretch before each metric is searched for on its own
_DAY_US = 24 * HOUR_US  # as long before a cut pruning keeps the register's last reading
_PARTS_AT_ONCE = 200  # SQLite takes 500 selects in one
_NEVER_US = to_microseconds(datetime(9999, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Subject:
    """A panel as its rollups see it: its rules, which metrics it has ever measured, when its
    register was last read (microseconds since 1970; None: it has none), and from when on its
    readings are all there (None: always)."""

    panel: int
    rules: Rules
    measured: frozenset[str]
    register_at: int | None
    raw_from: int | None = None

    @classmethod
    def of(cls, panel: Panel, raw_from: int | None = None) -> "Subject":
        rated_va = panel.rated_power_kva * 1000 if panel.rated_power_kva else None
        return cls(
            panel.pk,
            Rules(
                max_gap_us=round(panel.max_gap_s * 1_000_000),
                phases=panel.phases,
                rated_va=rated_va,
                register_limit_kwh=panel.energy_register_limit_kwh,
            ),
            frozenset(name for name in METRICS if getattr(panel, f"{name}_at") is not None),
            to_microseconds(panel.energy_register_at) if panel.energy_register_at else None,
            raw_from,
        )


@dataclass(slots=True)
class Stretch:
    """Minutes of a panel, [start, end), that are to be computed; microseconds since 1970."""

    subject: Subject
    start: int
    end: int

    @property
    def span(self) -> Span:
        return Span(self.subject.panel, self.start, self.end)


def widen(stretch: Stretch, before: Sequence[Row], after: Sequence[Row]) -> None:
    """Let the stretch reach as far as a change in it does: to the readings beside it, with which
    the changed ones are joined by lines, and with a register to its readings on either side.

    `before` and `after` are the samples beside it (`beside`)."""
    start = min([stretch.start, *_nearest_of_each(reversed(before))])
    end = max([stretch.end, *(moment + 1 for moment in _nearest_of_each(after))])
    reached = with_register(Stretch(stretch.subject, start, end))
    stretch.start = reached.start - reached.start % MINUTE_US
    stretch.end = reached.end + -reached.end % MINUTE_US


def _nearest_of_each(rows: Iterable[Row]) -> set[int]:
    """The moments of each metric's first reading among the rows."""
    nearest: dict[int, int] = {}
    for row in rows:
        for column in range(1, len(METRICS) + 1):
            if row[column] is not None:
                nearest.setdefault(column, row.moment)
    return set(nearest.values())


def with_register(stretch: Stretch) -> Stretch:
    """The stretch as far as to the register's readings beside it, where the panel has one.

    After its last reading there is no step to reach over: else a register that fell silent would
    have all power since then read again each time some comes in. So whoever takes the last readings
    away marks from the one before them on.
    """
    last = stretch.subject.register_at
    if last is None or stretch.start > last:
        return stretch
    start, end = stretch.start, stretch.end
    before = _nearest(stretch, REGISTER.name, "before", None)
    after = _nearest(stretch, REGISTER.name, "after", None) if end <= last else None
    return Stretch(
        stretch.subject,
        before.moment if before else start,
        after.moment + 1 if after else end,
    )


def in_register_step(stretch: Stretch) -> bool:
    """Whether the stretch begins between two readings of the register."""
    begin = Stretch(stretch.subject, stretch.start, stretch.start)
    reached = with_register(begin)
    return reached.start < begin.start and reached.end > begin.end


def samples(stretches: Sequence[Stretch]) -> list[list[Row]]:
    """What `meters.energy.minutes.minutes_of` needs for each stretch."""
    reached = [with_register(stretch) for stretch in stretches]
    inside = _select([(place, each, "inside") for place, each in enumerate(reached)])
    found = []
    for place, (before, after) in enumerate(beside(reached)):
        rows = [*before, *inside.get((place, "inside"), []), *after]
        found.append(_believable(rows, reached[place].subject.raw_from))
    return found


def _believable(rows: list[Row], raw_from: int | None) -> list[Row]:
    """Without what the register says where other readings of it have been pruned: a step between
    those that came late would count what the pruned ones have counted already."""
    if raw_from is None:
        return rows
    return [
        row._replace(energy_register=None) if row.moment < raw_from - _DAY_US else row
        for row in rows
    ]


def row_after(stretch: Stretch, rows: int) -> int | None:
    """The moment of the sample that has so many others before it in the stretch; None where there
    are fewer."""
    samples = Trend.objects.filter(panel=stretch.subject.panel).order_by("timestamp")
    later = samples.filter(timestamp__gte=to_datetime(stretch.start))
    moment = later.values_list("timestamp", flat=True)[rows : rows + 1].first()
    return to_microseconds(moment) if moment else None


def rows_up_to(stretch: Stretch, limit: int) -> list[Row] | None:
    """The samples in the stretch, ascending in time; None where there are more than `limit`."""
    statement, parameters = _part(stretch, "inside", None, None)
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} LIMIT {limit + 1}", parameters)
        rows = [Row(*row[1:]) for row in read_micros(cursor.fetchall(), (1,))]
    return None if len(rows) > limit else rows


def beside(stretches: Sequence[Stretch]) -> list[tuple[list[Row], list[Row]]]:
    """The samples before and after each stretch, ascending in time: of each metric at least the
    nearest within the longest gap."""
    sides = [(place, each, side) for place, each in enumerate(stretches) for side in _SIDES]
    found = _select(sides)
    for place, stretch, side in sides:
        rows = found.setdefault((place, side), [])
        if len(rows) == _NEAR:
            rows += _missing(stretch, side, rows)
            rows.sort()
    return [(found[place, "before"], found[place, "after"]) for place in range(len(stretches))]


_SIDES = ("before", "after")


def _missing(stretch: Stretch, side: str, rows: Sequence[Row]) -> list[Row]:
    """The nearest samples of the metrics that none of the rows has."""
    missing = [
        metric
        for metric in METRICS
        if metric in stretch.subject.measured and all(getattr(row, metric) is None for row in rows)
    ]
    gap_us = stretch.subject.rules.max_gap_us
    found = {_nearest(stretch, metric, side, gap_us) for metric in missing}
    return [row for row in found if row is not None]


def _nearest(stretch: Stretch, metric: str, side: str, gap_us: int | None) -> Row | None:
    """The nearest sample of the metric on that side, no further than the gap where one is given."""
    statement, parameters = _part(stretch, side, gap_us, metric)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = [Row(*row[1:]) for row in read_micros(cursor.fetchall(), (1,))]
    return rows[0] if rows else None


def _select(
    parts: Sequence[tuple[int, Stretch, str]],
) -> dict[tuple[int, str], list[Row]]:
    """The samples of each (place, stretch, side), ascending in time, by place and side."""
    found: dict[tuple[int, str], list[Row]] = {}
    for first in range(0, len(parts), _PARTS_AT_ONCE):
        some = parts[first : first + _PARTS_AT_ONCE]
        statements = [
            _part(stretch, side, stretch.subject.rules.max_gap_us, None, number)
            for number, (_, stretch, side) in enumerate(some)
        ]
        with connection.cursor() as cursor:
            cursor.execute(
                " UNION ALL ".join(text for text, _ in statements),
                [value for _, values in statements for value in values],
            )
            for number, *row in read_micros(cursor.fetchall(), (1,)):
                place, _, side = some[number]
                found.setdefault((place, side), []).append(Row(*row))
    for rows in found.values():
        rows.sort()
    return found


def _part(
    stretch: Stretch, side: str, gap_us: int | None, metric: str | None, number: int = 0
) -> tuple[str, list[Any]]:
    """The statement for the samples inside a stretch, or for the nearest ones on a side of it: the
    nearest one of a metric, or the nearest few."""
    time, limit = quoted("timestamp"), 1 if metric else _NEAR
    start, end, order = stretch.start, stretch.end, f"ORDER BY {time}"
    if side == "before":
        start, end = (OLDEST_US if gap_us is None else start - gap_us), start
        order = f"ORDER BY {time} DESC LIMIT {limit}"
    elif side == "after":
        start, end = end, (_NEVER_US if gap_us is None else end + gap_us + 1)
        order = f"ORDER BY {time} LIMIT {limit}"
    chosen = ", ".join([f"{micros('timestamp')} AS moment", *map(quoted, MEASURED)])
    measured = f"AND {quoted(metric)} IS NOT NULL" if metric else ""
    return (
        f"SELECT * FROM (SELECT {number} AS number, {chosen} FROM {quoted(Trend._meta.db_table)} "  # noqa: S608
        f"WHERE panel_id = %s AND {time} >= %s AND {time} < %s {measured} {order}) AS part",
        [stretch.subject.panel, written_time(start), written_time(end)],
    )
