"""The pages of one panel, and the one before there is any. They work without JavaScript."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard import presentation
from dashboard.first_reading import example_topic, publish_command
from dashboard.live_page import live_context
from dashboard.points import panel_readings
from meters.models import Panel


def first_reading(request: HttpRequest) -> HttpResponse:
    """Without any panel: how to send the first reading."""
    return render(request, "dashboard/first_reading.html", _first_reading_context())


@never_cache
@require_safe
@login_required
def panel(request: HttpRequest, name: str) -> HttpResponse:
    panels = presentation.in_order(Panel.objects.shown())
    selected = next((candidate for candidate in panels if candidate.name == name), None)
    if selected is None:
        raise Http404
    return render(request, "dashboard/panel.html", _panel_context(panels, selected))


@never_cache
@require_safe
@login_required
def panel_points(request: HttpRequest, name: str) -> HttpResponse:
    """The charts' points again, for a page that has missed some."""
    return JsonResponse(panel_readings(get_object_or_404(Panel.objects.shown(), name=name)))


def _panel_context(panels: list[Panel], selected: Panel) -> dict[str, Any]:
    now = timezone.now()
    readings = panel_readings(selected)
    live = live_context()
    return live | {
        "here": "panels",
        "panels": [presentation.panel_view(each, now) for each in panels],
        "selected": presentation.panel_view(selected, now, readings),
        "notice": presentation.notice_view(selected, live["mqtt"], now),
        "readings": readings,
    }


def _first_reading_context() -> dict[str, Any]:
    return live_context() | {
        "broker": settings.MQTT_BROKER,
        "topic": example_topic(),
        "command": publish_command(settings.MQTT_BROKER),
    }
