"""The page before there is any panel."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard.first_reading import example_topic, publish_command
from dashboard.live_page import live_context


def first_reading(request: HttpRequest) -> HttpResponse:
    """Without any panel: how to send the first reading."""
    return render(request, "dashboard/first_reading.html", _first_reading_context())


def _first_reading_context() -> dict[str, Any]:
    return live_context() | {
        "broker": settings.MQTT_BROKER,
        "topic": example_topic(),
        "command": publish_command(settings.MQTT_BROKER),
    }
