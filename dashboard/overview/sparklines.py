"""The newest points of many panels at once, and the small line that is drawn of them."""

from collections.abc import Sequence
from itertools import pairwise

from django.db import connection

from dashboard.points import CHART_POINTS, Point
from meters.energy.sql import micros, read_micros
from meters.metrics import METRICS
from meters.models import Panel, Trend
from meters.models.bulk import quoted

MOST_PANELS = 60
WIDTH, HEIGHT = 120, 32
# Metrics may stand in rows of their own. A bound, for a panel may have millions of samples.
_SAMPLES = CHART_POINTS * 5
_ROOM = 2  # for the line's own width, above and below
_QUIET_SPAN = 0.02
_GAP = 5
Points = dict[str, list[Point]]


def metric_of(panel: Panel) -> str:
    """What is drawn: the power; of a panel that has never measured any, the voltage."""
    return "power" if panel.power_at is not None else "voltage"


def points_of(panels: Sequence[Panel]) -> Points:
    """[ms since 1970, value], oldest first, by the panel's name. One query for all: of each panel
    the end of its stretch of the key (panel, timestamp) is read, whatever else is stored."""
    found: Points = {panel.name: [] for panel in panels}
    if not panels:
        return found
    names = {panel.pk: panel.name for panel in panels}
    decimals = {panel.pk: METRICS[metric_of(panel)].decimals for panel in panels}
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(_newest(metric_of(panel)) for panel in panels),
            [panel.pk for panel in panels],
        )
        for key, at_us, value in read_micros(cursor.fetchall(), [1]):
            found[names[key]].append((at_us // 1000, round(value, decimals[key])))
    for points in found.values():
        points.sort()
    return found


def _newest(metric: str) -> str:
    """The statement of one panel; names of tables and columns come from the models."""
    table, value = quoted(Trend._meta.db_table), quoted(metric)
    return (
        f"SELECT * FROM (SELECT panel_id, {micros('timestamp')} AS moment, measured FROM ("  # noqa: S608
        f"SELECT panel_id, {quoted('timestamp')}, {value} AS measured FROM {table}"
        f" WHERE panel_id = %s ORDER BY {quoted('timestamp')} DESC LIMIT {_SAMPLES}) AS newest"
        f" WHERE measured IS NOT NULL ORDER BY {quoted('timestamp')} DESC LIMIT {CHART_POINTS}"
        ") AS one_panel"
    )


def path(points: Sequence[Point]) -> str:
    """The line as an SVG path over WIDTH and HEIGHT: time from left to right. Where readings stopped
    for much longer than usual, it stops too; the gap is no wider than it takes to see it, or an hour
    of silence would leave nothing of the line. static/js/overview/sparkline.js draws the same."""
    if len(points) < 2:
        return ""
    values = [value for _, value in points]
    low, high = min(values), max(values)
    span = max(high - low, _QUIET_SPAN * max(abs(low), abs(high)), 1e-3)
    bottom = (low + high - span) / 2
    pauses = [after - before for (before, _), (after, _) in pairwise(points)]
    longest = _GAP * sorted(pauses)[len(pauses) // 2]
    width = sum(min(pause, longest) for pause in pauses) or 1
    steps: list[str] = []
    x = 0
    for pause, (_, value) in zip([0, *pauses], points, strict=True):
        x += min(pause, longest)
        y = HEIGHT - _ROOM - (value - bottom) / span * (HEIGHT - 2 * _ROOM)
        joined = steps and pause <= longest
        at = f"{x / width * WIDTH:.1f} {y:.1f}"
        steps.append(f"L{at}" if joined else f"M{at}h0")
    return "".join(steps)
