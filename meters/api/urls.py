"""Addresses under /api/, without trailing slash: `OptionalSlashMiddleware` takes it off."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from meters.api import mqtt

urlpatterns = [
    path("mqtt/status", mqtt.StatusView.as_view(), name="mqtt-status"),
    path("mqtt/last-values", mqtt.LastValuesView.as_view(), name="mqtt-last-values"),
    path("mqtt/history", mqtt.HistoryView.as_view(), name="mqtt-history"),
    path("mqtt/last-value/<path:topic>", mqtt.LastValueView.as_view(), name="mqtt-last-value"),
    path("mqtt/publish", mqtt.PublishView.as_view(), name="mqtt-publish"),
    path("mqtt/topics", mqtt.TopicsView.as_view(), name="mqtt-topics"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path(
        "docs",
        SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="api/docs.html"),
        name="api-docs",
    ),
]
