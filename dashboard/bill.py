"""A panel's bill of a month: computed from stored energy, and what it would have been."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard import presentation
from dashboard.bill_form import WhatIfForm
from dashboard.bill_views import bill_view, facts, missing, month_name, notice, unpriced
from dashboard.history import page_context
from dashboard.panel_head import panel_head
from meters.api.compression import gzip_page
from meters.energy.prices import day_start
from meters.energy.tariffs import month_range
from meters.energy.what_if import Simulation, WrongChangeError, simulate
from meters.models import Panel, TrendQuarter

_MONTH = re.compile(r"(19[7-9]\d|2\d{3})-(0[1-9]|1[0-2])", re.ASCII)


@gzip_page
@never_cache
@require_safe
@login_required
def bill(request: HttpRequest, name: str) -> HttpResponse:
    panel = get_object_or_404(Panel.objects.shown(), name=name)
    now = timezone.now()
    first = _month(request, panel)
    form = WhatIfForm(request.GET)
    found = _simulate(panel, first, now, form)
    if found.bill:
        form.tell_what_is(found.bill)
    return render(request, "dashboard/bill.html", _context(panel, first, now, found, form))


def _month(request: HttpRequest, panel: Panel) -> date:
    """The month asked for; else the last that is over, or the running one where that is empty."""
    asked = request.GET.get("month")
    if asked is None:
        running = timezone.localdate().replace(day=1)
        before = (running - timedelta(days=1)).replace(day=1)
        return before if _has_energy(panel, before) else running
    if not (match := _MONTH.fullmatch(asked)):
        raise Http404
    return date(int(match[1]), int(match[2]), 1)


def _has_energy(panel: Panel, first: date) -> bool:
    zone = timezone.get_default_timezone()
    start, end = (day_start(day, zone) for day in month_range(first.year, first.month))
    rows = TrendQuarter.objects.filter(panel=panel, start__gte=start, start__lt=end)
    return rows.filter(energy_wh__isnull=False).exists()


def _simulate(panel: Panel, first: date, now: datetime, form: WhatIfForm) -> Simulation:
    """What can't be supposed is told beside its field, and the bill stands all the same."""
    try:
        return simulate(panel, first.year, first.month, now, form.changes())
    except WrongChangeError as error:
        form.add_error(error.parameter if error.parameter in form.fields else None, str(error))
    return simulate(panel, first.year, first.month, now)


def _context(
    panel: Panel, first: date, now: datetime, found: Simulation, form: WhatIfForm
) -> dict[str, Any]:
    return page_context() | {
        "here": "panels",
        "panel": presentation.panel_view(panel, now),
        "head": panel_head(panel, "panel-bill", f"?month={first:%Y-%m}"),
        "panel_key": panel.pk,
        "month": f"{first:%Y-%m}",
        "title": month_name(first),
        "months": _months(first, timezone.localdate(now)),
        "notice": notice(found.usage),
        "facts": facts(found),
        "bill": bill_view(found.bill) if found.bill else None,
        "what_if": bill_view(found.what_if, found.difference) if found.what_if else None,
        "unpriced": unpriced(found),
        "missing": missing(found),
        "form": form,
    }


def _months(first: date, today: date) -> dict[str, str]:
    """Where the arrows lead; no month that has not begun."""
    before = (first - timedelta(days=1)).replace(day=1)
    after = month_range(first.year, first.month)[1]
    return {
        "previous": f"{before:%Y-%m}" if before.year >= 1970 else "",
        "next": f"{after:%Y-%m}" if after <= today else "",
        "running": f"{today:%Y-%m}",
    }
