"""All panels as the page's scripts read them: rows of an array, because there may be hundreds."""

from dataclasses import asdict
from typing import Any

from dashboard.formatting import epoch_ms
from dashboard.overview.panels import Overseen, Site
from dashboard.overview.sparklines import metric_of
from meters.condition import Limits
from meters.live import iso
from meters.metrics import METRICS

_DIGITS = 4  # more than is shown of an energy


def compact(site: Site) -> dict[str, Any]:
    """`panels` as people count, each with the values of `columns`; moments are milliseconds since
    1970, `limits` is a place in the list of that name (many panels share theirs)."""
    limits: dict[Limits, int] = {}
    rows = [_row(each, limits.setdefault(each.limits, len(limits))) for each in site.panels]
    return {
        "now": iso(site.now),
        "day_s": round(site.day_s),
        "columns": COLUMNS,
        "limits": [asdict(each) for each in limits],
        "panels": rows,
    }


COLUMNS = [
    "name",
    "title",
    "location",
    "at",
    *(name for metric in METRICS for name in (metric, f"{metric}_at")),
    "energy_wh",
    "known_s",
    "cost",
    "unpriced_wh",
    "currency",
    "drawn",
    "limits",
]


def _row(each: Overseen, limits: int) -> list[Any]:
    panel, today, at = each.panel, each.today, each.panel.last_reading_at
    row: list[Any] = [
        panel.name,
        panel.display_name,
        panel.location,
        epoch_ms(at) if at else 0,
    ]
    for _, value, moment in panel.current():
        row += [value, epoch_ms(moment) if moment else 0]
    return [
        *row,
        _rounded(today.energy_wh),
        round(today.known_s),
        None if today.cost is None else float(today.cost),
        _rounded(today.unpriced_wh),
        each.currency,
        metric_of(panel),
        limits,
    ]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
