"""All addresses. Those under /api/ are written without trailing slash and answer with one too."""

from django.contrib import admin
from django.urls import include, path

from pelbiot.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("api/", include("meters.api.urls")),
    path("", include("dashboard.urls")),
]
