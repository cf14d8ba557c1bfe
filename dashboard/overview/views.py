"""The overview: every panel, and the site as a whole. It works without JavaScript, page by page."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard import quantities
from dashboard.first_reading_views import first_reading_page
from dashboard.live_page import live_context
from dashboard.overview import summary
from dashboard.overview.asked import (
    SORTS,
    VIEWS,
    Asked,
    asked_of,
    chosen,
    locations,
    matching,
    view_of,
)
from dashboard.overview.cards import BAR_ENDS_AT, BLANK, card_view
from dashboard.overview.compact import compact
from dashboard.overview.panels import Site, whole_site
from dashboard.overview.sparklines import HEIGHT, MOST_PANELS, WIDTH, points_of
from dashboard.overview.texts import all_texts
from dashboard.overview.totals import states, totals
from meters.api.compression import gzip_page
from meters.metrics import METRICS
from meters.models import Panel

PAGE_SIZE = 24
VIEW_COOKIE = "overview_view"  # written by static/js/overview/chooser.js


@gzip_page
@never_cache
@require_safe
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """All panels; without any, how to send the first reading."""
    site = whole_site(timezone.now())
    if not site.panels:
        return first_reading_page(request)
    return render(request, "dashboard/overview/page.html", _context(request, site))


@gzip_page
@never_cache
@require_safe
@login_required
def overview_now(request: HttpRequest) -> HttpResponse:
    """What all panels are like now, for a page that stands open."""
    return JsonResponse(compact(whole_site(timezone.now())))


@gzip_page
@never_cache
@require_safe
@login_required
def overview_points(request: HttpRequest) -> HttpResponse:
    """The newest points of the panels that are named: `?panel=a&panel=b`, at most 60."""
    names = request.GET.getlist("panel")
    if len(names) > MOST_PANELS:
        sentence = gettext("Ask for at most %(most)s panels at a time.") % {"most": MOST_PANELS}
        return JsonResponse({"detail": sentence}, status=400)
    return JsonResponse({"panels": points_of(list(Panel.objects.shown().filter(name__in=names)))})


def _context(request: HttpRequest, site: Site) -> dict[str, Any]:
    asked = asked_of(request.GET)
    matched = matching(site.panels, asked)
    pages = Paginator(chosen(matched, asked), PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    points = points_of([each.panel for each in page])
    context = live_context()
    context["page"] |= {
        "texts": all_texts(),
        "units": quantities.units(),
        "labels": {metric.name: gettext(metric.label) for metric in METRICS.values()},
    }
    return context | {
        "here": "panels",
        "asked": asked,
        "view": view_of(asked, request.COOKIES.get(VIEW_COOKIE)),
        "notice": summary.notice(context["mqtt"], states(site.panels)),
        "figures": summary.figures(totals(site)),
        "chips": summary.chips(states(matched), asked),
        "locations": locations(site.panels),
        "sorts": [(sort, summary.sort_label(sort)) for sort in SORTS],
        "view_queries": {view: asked.address(view=view) for view in VIEWS},
        "shown": summary.shown(pages.count, len(site.panels)),
        "blank": BLANK,
        "cards": [card_view(each, site, points) for each in page],
        "turn": page,
        "before": _page_query(asked, page.number - 1) if page.has_previous() else "",
        "after": _page_query(asked, page.number + 1) if page.has_next() else "",
        "spark": {"width": WIDTH, "height": HEIGHT},
        "bar_ends_at": round(BAR_ENDS_AT),
        "overview": compact(site),
        "points": points,
    }


def _page_query(asked: Asked, number: int) -> str:
    return f"{asked.address()}&page={number}".replace("?&", "?")
