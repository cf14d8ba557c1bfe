"""Addresses under /api/, without trailing slash: `OptionalSlashMiddleware` takes it off."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from meters.api import bill, history, mqtt

urlpatterns = [
    path("mqtt/status", mqtt.StatusView.as_view(), name="mqtt-status"),
    path("mqtt/last-values", mqtt.LastValuesView.as_view(), name="mqtt-last-values"),
    path("mqtt/history", mqtt.HistoryView.as_view(), name="mqtt-history"),
    path("mqtt/last-value/<path:topic>", mqtt.LastValueView.as_view(), name="mqtt-last-value"),
    path("mqtt/publish", mqtt.PublishView.as_view(), name="mqtt-publish"),
    path("mqtt/topics", mqtt.TopicsView.as_view(), name="mqtt-topics"),
    path("panels", history.PanelsView.as_view(), name="panels"),
    path("panels/<str:name>", history.PanelView.as_view(), name="panel-details"),
    path("panels/<str:name>/trends", history.TrendsView.as_view(), name="panel-trends"),
    path("panels/<str:name>/energy", history.EnergyView.as_view(), name="panel-energy"),
    path("panels/<str:name>/statistics", history.StatisticsView.as_view(), name="panel-statistics"),
    path("panels/<str:name>/demand", history.DemandView.as_view(), name="panel-demand"),
    path("panels/<str:name>/episodes", history.EpisodesView.as_view(), name="panel-episodes"),
    path(
        "panels/<str:name>/load-duration",
        history.LoadDurationView.as_view(),
        name="panel-load-duration",
    ),
    path(
        "panels/<str:name>/voltage-compliance",
        history.VoltageComplianceView.as_view(),
        name="panel-voltage-compliance",
    ),
    path("panels/<str:name>/bill", bill.BillView.as_view(), name="api-panel-bill"),
    path("comparison", history.ComparisonView.as_view(), name="comparison"),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path(
        "docs",
        SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="api/docs.html"),
        name="api-docs",
    ),
]
