"""A panel's history: the page, and the range that its scripts ask for next."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard import facts, formatting, presentation, quantities, ranges
from dashboard.facts import METRIC_ORDER, Answer
from dashboard.history_texts import text
from dashboard.panel_head import panel_head
from dashboard.panel_texts import all_texts
from dashboard.presentation import StateView
from dashboard.ranges import Range, local_day
from dashboard.viewing import Kept, RangeView, Site, address, chosen_of, chosen_range, range_view
from meters.api import answers
from meters.api.compression import gzip_page
from meters.condition import limits_of
from meters.metrics import METRICS
from meters.models import Panel, Trend

DEFAULT_METRICS = ("power", "voltage")
FIRST_POINTS = 500
DEMAND_POINTS = 800
_FEW_HOURS = timedelta(hours=3)
API = (
    "trends",
    "energy",
    "statistics",
    "demand",
    "load-duration",
    "voltage-compliance",
    "episodes",
)


class HistoryView(TypedDict):
    """What a history page shows: a range, of these metrics, beside the period before it or not."""

    range: RangeView
    metrics: list[str]
    compare: bool


class FirstData(TypedDict):
    """What the API answers for the page's first range, as it would answer the page's scripts."""

    trends: Answer
    energy: Answer
    statistics: Answer
    demand: Answer


@gzip_page
@never_cache
@require_safe
@login_required
def history(request: HttpRequest, name: str) -> HttpResponse:
    panel = get_object_or_404(Panel.objects.shown(), name=name)
    span, kept, view = history_view(request, panel)
    first = first_data(panel, span, view)
    context = _context(panel, view, kept) | _figures(panel, first)
    return render(request, "dashboard/history/history.html", context)


@never_cache
@require_safe
@login_required
def history_range(request: HttpRequest, name: str) -> HttpResponse:
    """The same for the page's scripts: which moments an address stands for, and what lies around."""
    panel = get_object_or_404(Panel.objects.shown(), name=name)
    return JsonResponse(history_view(request, panel)[2])


def history_view(request: HttpRequest, panel: Panel) -> tuple[Range, Kept, HistoryView]:
    asked = request.GET
    metrics = chosen_of(asked.getlist("metrics"), METRIC_ORDER, DEFAULT_METRICS)
    compare = asked.get("compare") == "1"
    site = site_now(_kept(metrics, compare))
    span = chosen_range(asked.dict(), _first_look(panel, site), site.zone)
    view: HistoryView = {
        "range": range_view(span, site),
        "metrics": metrics,
        "compare": compare,
    }
    return span, site.kept, view


def first_data(panel: Panel, span: Range, view: HistoryView) -> FirstData:
    """What the page's scripts would ask first: so they need not."""
    asked = answers.Asked(panel, span.start, span.end)
    return {
        "trends": answers.trends(asked, view["metrics"], FIRST_POINTS),
        "energy": answers.energy(asked, view["range"]["by"]),
        "statistics": answers.statistics(asked),
        "demand": answers.demand(asked, DEMAND_POINTS),
    }


def site_now(kept: Kept = ()) -> Site:
    return Site(ZoneInfo(settings.TIME_ZONE), timezone.now(), kept)


def page_context() -> dict[str, Any]:
    """What the scripts of every page about a range of time need."""
    now = timezone.now()
    return {
        "now_ms": formatting.epoch_ms(now),
        "time_zone": settings.TIME_ZONE,
        "zone_label": formatting.zone_label(now),
        "page": {
            "texts": all_texts(),
            "decimals": {metric.name: metric.decimals for metric in METRICS.values()},
            "units": quantities.units(),
            "labels": {metric.name: gettext(metric.label) for metric in METRICS.values()},
        },
    }


def _context(panel: Panel, view: HistoryView, kept: Kept) -> dict[str, Any]:
    now = timezone.now()
    return page_context() | {
        "here": "panels",
        "panel": presentation.panel_view(panel, now),
        "head": panel_head(panel, "panel-history", view["range"]["query"], keeps=True),
        "view": view,
        "metrics": [presentation.metric_view(name, None, None, now, []) for name in METRIC_ORDER],
        "addresses": {name: reverse(f"panel-{name}", args=[panel.name]) for name in API},
        "kept": kept,
        "range_fields": address(view["range"]),
        "newest": _newest(panel, kept),
        "limits": asdict(limits_of(panel)),
        "empty": "" if newest_reading_at(panel) else "panel",
    }


def _figures(panel: Panel, first: FirstData) -> dict[str, Any]:
    """What stands in the page before any script runs."""
    statistics, energy, demand = first["statistics"], first["energy"], first["demand"]
    return {
        "first": first,
        "notice": notice(panel, energy),
        "facts": facts.period_facts(statistics, energy, demand),
        "load_facts": facts.load_facts(statistics),
        "statistics_rows": facts.statistics_rows(statistics),
        "energy_rows": facts.energy_rows(energy),
        "energy_summary": facts.energy_summary(energy),
    }


def notice(panel: Panel, energy: Answer) -> StateView:
    """The one thing to know about the period as a whole: how much of it was measured."""
    if newest_reading_at(panel) is None:
        return StateView("none", text("nothing_yet"))
    return facts.coverage_notice(energy)


def _newest(panel: Panel, kept: Kept) -> dict[str, str] | None:
    """The day of the newest reading: where to go from a period without any."""
    newest, site = newest_reading_at(panel), site_now(kept)
    if newest is None:
        return None
    day = ranges.calendar("day", local_day(newest, site.zone), site.zone)
    seen = range_view(day, site)
    return {"query": seen["query"], "title": seen["title"]}


def _kept(metrics: list[str], compare: bool) -> Kept:
    """Only what differs from what a bare address shows."""
    chosen = (("metrics", ",".join(metrics)),) if tuple(metrics) != DEFAULT_METRICS else ()
    return (*chosen, ("compare", "1")) if compare else chosen


def newest_reading_at(panel: Panel) -> datetime | None:
    """None: there are no readings at all. Imported ones don't touch the panel's current values."""
    if panel.last_reading_at:
        return panel.last_reading_at
    newest = Trend.objects.filter(panel=panel).order_by("-timestamp")
    return newest.values_list("timestamp", flat=True).first()


def _first_look(panel: Panel, site: Site) -> Range:
    """The day of the newest reading; as long as all readings are of some hours, those: in a whole
    day they would be one point."""
    newest = newest_reading_at(panel)
    if newest is None:
        return ranges.calendar("day", site.today, site.zone)
    oldest = Trend.objects.filter(panel=panel).order_by("timestamp")
    first = oldest.values_list("timestamp", flat=True).first()
    if first and newest - first < _FEW_HOURS:
        return ranges.quarters(first, newest, site.zone)
    return ranges.calendar("day", local_day(newest, site.zone), site.zone)
