"""All addresses. Those under /api/ are written without trailing slash and answer with one too."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from pelbiot.health import healthz, readyz

urlpatterns = [
    # Browsers ask for it on pages that name no icon: the admin's, the browsable API's.
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}img/favicon.svg")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("api/", include("meters.api.urls")),
    path("", include("dashboard.urls")),
]
