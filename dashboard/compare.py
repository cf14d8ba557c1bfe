"""Several panels over the same time: who takes how much, and when they peak together."""

from collections.abc import Sequence
from typing import Any, TypedDict

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard import presentation, ranges, ranking
from dashboard.facts import METRIC_ORDER, Answer
from dashboard.history import page_context, site_now
from dashboard.history_texts import text
from dashboard.presentation import StateView
from dashboard.ranges import Range, local_day
from dashboard.viewing import Kept, RangeView, address, chosen_of, chosen_range, range_view
from meters.api import answers
from meters.api.compression import gzip_page
from meters.models import Panel

# As many as six colours in two line styles can tell apart.
MOST_PANELS = 12
_AT_FIRST = 6
_MANY = 24  # panels: a list to search in, with the chosen ones in front


class ComparedPanel(TypedDict):
    """`number` is what marks the panel's line and row, `trends` where its readings come from."""

    number: int
    name: str
    title: str
    trends: str


class CompareView(TypedDict):
    range: RangeView
    metric: str
    panels: list[ComparedPanel]


@gzip_page
@never_cache
@require_safe
@login_required
def compare(request: HttpRequest) -> HttpResponse:
    panels = presentation.in_order(Panel.objects.shown())
    span, kept, view = compare_view(request, panels)
    chosen = {panel["name"] for panel in view["panels"]}
    comparison = first_comparison([panel for panel in panels if panel.name in chosen], span)
    context = page_context() | {
        "here": "compare",
        "view": view,
        "kept": kept,
        "range_fields": address(view["range"]),
        "choices": _choices(panels, view),
        "many": len(panels) > _MANY,
        "metrics": [
            presentation.metric_view(name, None, None, timezone.now(), []) for name in METRIC_ORDER
        ],
        "limit": MOST_PANELS,
        "notice": _notice(request, panels, comparison),
        "first": comparison,
        "comparison_address": reverse("comparison"),
        "facts": ranking.total_facts(comparison),
        "columns": ranking.columns(),
        "rows": ranking.rows(comparison, view["panels"]),
    }
    return render(request, "dashboard/history/compare.html", context)


@never_cache
@require_safe
@login_required
def compare_range(request: HttpRequest) -> HttpResponse:
    """The same for the page's scripts."""
    return JsonResponse(compare_view(request, presentation.in_order(Panel.objects.shown()))[2])


def compare_view(request: HttpRequest, panels: Sequence[Panel]) -> tuple[Range, Kept, CompareView]:
    asked = request.GET
    by_name = {panel.name: panel for panel in panels}
    read = [name for name in by_name if by_name[name].last_reading_at] or list(by_name)
    at_first = read[:_AT_FIRST]
    chosen = chosen_of(asked.getlist("panels"), by_name, at_first)[:MOST_PANELS]
    metric = chosen_of([asked.get("metric", "")], METRIC_ORDER, ("power",))[0]
    kept: Kept = (("panels", ",".join(chosen)), ("metric", metric))
    site = site_now(kept)
    newest = max((p.last_reading_at for p in panels if p.last_reading_at), default=site.now)
    default = ranges.calendar("day", local_day(newest, site.zone), site.zone)
    span = chosen_range(asked.dict(), default, site.zone)
    view: CompareView = {
        "range": range_view(span, site),
        "metric": metric,
        "panels": [_compared(number, by_name[name]) for number, name in enumerate(chosen, start=1)],
    }
    return span, kept, view


def first_comparison(chosen: Sequence[Panel], span: Range) -> Answer | None:
    """What the page's scripts would ask first; None without any panel."""
    return answers.compare(chosen, span.start, span.end) if chosen else None


def _compared(number: int, panel: Panel) -> ComparedPanel:
    return {
        "number": number,
        "name": panel.name,
        "title": str(panel),
        "trends": reverse("panel-trends", args=[panel.name]),
    }


def _choices(panels: Sequence[Panel], view: CompareView) -> list[dict[str, Any]]:
    """Every panel with its checkbox, and the number of its line where it has one; of many panels
    those first."""
    numbers = {panel["name"]: panel["number"] for panel in view["panels"]}
    choices = [
        {"name": panel.name, "title": str(panel), "number": numbers.get(panel.name)}
        for panel in panels
    ]
    if len(choices) > _MANY:
        choices.sort(key=lambda choice: choice["number"] is None)
    return choices


def _notice(request: HttpRequest, panels: Sequence[Panel], comparison: Answer | None) -> StateView:
    asked = {name for part in request.GET.getlist("panels") for name in part.split(",")}
    if not panels:
        return StateView("none", gettext("No panel yet"))
    if len(asked) > MOST_PANELS:
        return StateView("stale", text("too_many", limit=str(MOST_PANELS)))
    return ranking.notice(comparison)
