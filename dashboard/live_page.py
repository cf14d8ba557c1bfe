"""What every page with a live connection starts from."""

from typing import Any

from django.conf import settings
from django.utils import timezone

from dashboard import formatting, presentation
from dashboard.points import CHART_POINTS
from dashboard.texts import all_texts
from meters.condition import OFFLINE_AFTER_S, STALE_AFTER_S
from meters.live import connection_state
from meters.metrics import METRICS

SOCKET_PATH = "/ws/live/"


def live_context() -> dict[str, Any]:
    """The states in the header, the server's clock, ages, and the sentences that scripts print.

    Templates hand the addresses and ages over with `dashboard/_live_attributes.html` on the element
    `live`, and `page` as JSON.
    """
    now = timezone.now()
    connection = connection_state()
    return {
        "mqtt": presentation.mqtt_view(connection),
        "traffic": presentation.traffic_view(connection, now),
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
