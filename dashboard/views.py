"""The pages: one panel at a time, all others beside it. They work without JavaScript."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard import formatting, presentation
from dashboard.first_reading import example_topic, publish_command
from dashboard.points import CHART_POINTS, panel_readings
from dashboard.texts import all_texts
from meters.condition import OFFLINE_AFTER_S, STALE_AFTER_S
from meters.live import connection_state
from meters.metrics import METRICS
from meters.models import Panel

SOCKET_PATH = "/ws/live/"


@never_cache
@require_safe
@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """The first panel; without any panel, how to send the first reading."""
    panels = presentation.in_order(Panel.objects.shown())
    if not panels:
        return render(request, "dashboard/first_reading.html", _first_reading_context())
    return render(request, "dashboard/panel.html", _panel_context(panels, panels[0]))


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
    mqtt = presentation.mqtt_view(connection_state())
    return _live_context(mqtt) | {
        "here": "panels",
        "panels": [presentation.panel_view(each, now) for each in panels],
        "selected": presentation.panel_view(selected, now, readings),
        "notice": presentation.notice_view(selected, mqtt, now),
        "readings": readings,
    }


def _first_reading_context() -> dict[str, Any]:
    return _live_context(presentation.mqtt_view(connection_state())) | {
        "broker": settings.MQTT_BROKER,
        "topic": example_topic(),
        "command": publish_command(settings.MQTT_BROKER),
    }


def _live_context(mqtt: presentation.StateView) -> dict[str, Any]:
    """What every page with a live connection needs."""
    now = timezone.now()
    return {
        "mqtt": mqtt,
        "now_ms": formatting.epoch_ms(now),
        "now_text": f"{formatting.clock(now)} {formatting.zone_label(now)}",
        "zone_label": formatting.zone_label(now),
        "time_zone": settings.TIME_ZONE,
        "socket_path": SOCKET_PATH,
        "stale_after_s": STALE_AFTER_S,
        "offline_after_s": OFFLINE_AFTER_S,
        "chart_points": CHART_POINTS,
        "page": {
            "texts": all_texts(),
            "decimals": {metric.name: metric.decimals for metric in METRICS.values()},
        },
    }
