"""All addresses. Those under /api/ are written without trailing slash and answer with one too."""

from django.contrib import admin
from django.urls import include, path

from pelbiot import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("api/", include("meters.api.urls")),
    path("", include("dashboard.urls")),
]
