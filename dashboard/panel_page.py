"""A panel's live page: what it measures now, what it used today, when it was outside its limits."""

from dataclasses import asdict
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard import episodes, limit_texts, presentation
from dashboard.history import page_context
from dashboard.live_page import live_context
from dashboard.live_windows import WINDOWS, window_readings
from dashboard.panel_details import details, topics
from dashboard.panel_head import panel_head
from dashboard.points import panel_readings
from dashboard.samples import sample_rows
from dashboard.today import today
from meters.api.compression import gzip_page
from meters.condition import limits_of
from meters.live import iso
from meters.models import Panel


@gzip_page
@never_cache
@require_safe
@login_required
def panel(request: HttpRequest, name: str) -> HttpResponse:
    selected = get_object_or_404(Panel.objects.shown(), name=name)
    return render(request, "dashboard/panel/panel.html", _context(request, selected))


@never_cache
@require_safe
@login_required
def points(request: HttpRequest, name: str) -> HttpResponse:
    """The charts' points again, for a page that has missed some."""
    return JsonResponse(panel_readings(get_object_or_404(Panel.objects.shown(), name=name)))


@gzip_page
@never_cache
@require_safe
@login_required
def window(request: HttpRequest, name: str) -> HttpResponse:
    """The points of the last minutes: `?window=5m` or `1h`."""
    selected = get_object_or_404(Panel.objects.shown(), name=name)
    asked = request.GET.get("window", "")
    if asked not in WINDOWS:
        sentence = gettext("%(given)s is not accepted: use %(accepted)s")
        problem = sentence % {"given": repr(asked), "accepted": ", ".join(WINDOWS)}
        return JsonResponse({"window": [problem]}, status=400)
    return JsonResponse(window_readings(selected, asked))


@gzip_page
@never_cache
@require_safe
@login_required
def day(request: HttpRequest, name: str) -> HttpResponse:
    """Today's figures and the newest episodes, printed: what the page asks for each minute."""
    selected = get_object_or_404(Panel.objects.shown(), name=name)
    now = timezone.now()
    of_today, outside = today(selected, now), episodes.of_the_last_day(selected, now)
    return JsonResponse(
        {
            "now": iso(now),
            "date": of_today["date"],
            "facts": {fact.key: [fact.value, fact.note] for fact in of_today["facts"]},
            "notice": of_today["notice"],
            "episodes": [asdict(row) for row in outside.rows],
            "said": outside.said,
            "drawn": outside.drawn,
        }
    )


def _context(request: HttpRequest, selected: Panel) -> dict[str, Any]:
    now = timezone.now()
    readings = panel_readings(selected)
    live = live_context()
    outside = episodes.of_the_last_day(selected, now)
    limits = limits_of(selected)
    found, said = episodes.findings_said(selected, now)
    return (
        live
        | page_context()
        | {
            "here": "panels",
            "panel": presentation.panel_view(selected, now, readings),
            "panel_key": selected.pk,
            "head": panel_head(selected, "panel"),
            "notice": presentation.notice_view(selected, live["mqtt"], now),
            "readings": readings,
            "limits": asdict(limits),
            "limit_texts": limit_texts.of_metrics(limits),
            "loading": limit_texts.loading(selected, limits, now),
            "condition": episodes.condition(selected, now),
            "findings": found,
            "findings_said": said,
            "today": today(selected, now),
            "episodes": outside,
            "samples": sample_rows(readings["samples"], now),
            "details": details(selected, now),
            "topics": topics(selected),
        }
    )
