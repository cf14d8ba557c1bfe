"""The page before there is any panel, and what it listens for: the first reading, or why none comes."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard import first_reading, quantities
from dashboard.live_page import live_context
from dashboard.presentation import mqtt_view
from dashboard.system.amounts import ago
from dashboard.system.reasons import accepted
from dashboard.system.rejected import matching
from dashboard.system.visible import visible
from meters.live import connection_state
from meters.models import Panel


def first_reading_page(request: HttpRequest) -> HttpResponse:
    """How to send the first reading; for the view that has found no panel."""
    broker = settings.MQTT_BROKER
    context = live_context() | {
        "here": "panels",
        "broker": broker,
        "command": first_reading.publish_command(broker),
        "python": first_reading.python_lines(broker),
        "meter_settings": first_reading.meter_settings(broker),
        "topics": first_reading.topics(),
        "example": first_reading.EXAMPLE_VALUE,
        "json_example": '{"value": 230.45, "timestamp": "2026-01-15T10:30:45+07:00"}',
    }
    return render(request, "dashboard/first_reading.html", context | _heard())


@never_cache
@require_safe
@login_required
def heard(request: HttpRequest) -> HttpResponse:
    """What has come in by now: a part of that page."""
    return render(request, "dashboard/_heard.html", _heard())


def _heard() -> dict[str, Any]:
    """The first reading. Without one, what keeps it away: no connection, or a message that was
    rejected."""
    panels = list(Panel.objects.order_by("name"))
    arrived = [panel for panel in panels if panel.active and panel.last_reading_at]
    if arrived:
        return {"arrived": arrived[0], "sentence": _sentence(arrived[0]), "more": len(arrived) - 1}
    message = matching({}).first()
    return {
        "mqtt": mqtt_view(connection_state()),
        "hidden": sum(not panel.active for panel in panels),
        "rejected": message and _rejected(message),
    }


def _sentence(panel: Panel) -> str:
    """Which panel sent what: a register is shown nowhere, so it has no value here."""
    values = ((name, value) for name, value, _ in panel.current() if value is not None)
    name, value = next(values, ("", None))
    if value is None:
        return gettext("{panel} sent its first reading.").format(panel=panel)
    sentence = gettext("{panel} sent its first reading: {value}")
    return sentence.format(panel=panel, value=quantities.measured(name, value))


def _rejected(message: Any) -> dict[str, Any]:
    return {
        "key": message.pk,
        "ago": ago(message.received_at, timezone.now()),
        "topic": visible(message.topic),
        "payload": visible(message.payload[:120]),
        "reason": message.reason.partition(": expected ")[0],
        "accepted": accepted(message.kind, message.topic),
    }
