"""What a phone or a desktop needs to know to install the page like a program."""

from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

CONTENT_TYPE = "application/manifest+json"
# Those of templates/base.html and of the light page: a manifest knows one theme only.
_BAR, _PAGE = "#ffffff", "#f3f5f3"
_A_DAY_S = 86_400


@require_safe
@cache_control(max_age=_A_DAY_S)
@vary_on_headers("Accept-Language", "Cookie")
def manifest(request: HttpRequest) -> JsonResponse:
    """For everybody: browsers ask for it without their cookies, and it tells nothing of the site."""
    return JsonResponse(
        {
            "id": reverse("dashboard"),
            "name": "PELBIOT",
            "short_name": "PELBIOT",
            "description": gettext("Energy monitor for electrical panels and transformers"),
            "lang": get_language(),
            "dir": "ltr",
            "start_url": reverse("dashboard"),
            "scope": reverse("dashboard"),
            "display": "standalone",
            "theme_color": _BAR,
            "background_color": _PAGE,
            "categories": ["utilities", "productivity"],
            "icons": [
                _icon("img/app/icon-192.png", "192x192"),
                _icon("img/app/icon-512.png", "512x512"),
                _icon("img/app/maskable-192.png", "192x192", "maskable"),
                _icon("img/app/maskable-512.png", "512x512", "maskable"),
                _icon("img/favicon.svg", "any", kind="image/svg+xml"),
            ],
        },
        content_type=CONTENT_TYPE,
    )


def _icon(path: str, sizes: str, purpose: str = "any", kind: str = "image/png") -> dict[str, str]:
    return {"src": static(path), "sizes": sizes, "type": kind, "purpose": purpose}
