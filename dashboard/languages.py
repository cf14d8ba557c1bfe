"""The language a request is answered in, and where a choice of it is kept.

1. That of the page whose script asks: what it gets goes into that page. 2. The person's own choice,
kept with their account. 3. The choice somebody made on this browser before they logged in, a cookie.
4. LANGUAGE_CODE, where the environment sets it. 5. What the browser asks for. 6. English.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.db import DatabaseError, InterfaceError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import (
    get_supported_language_variant,
    parse_accept_lang_header,
)

from dashboard.models import Preference

# Sent by scripts only (static/js/page.js). Without it a page that was open when its reader changed the
# language in another tab would mix "13,085 kWh" of the one with "13.085 kWh" of the other.
OF_THE_PAGE = "X-Page-Language"


def known(code: str | None) -> str | None:
    """The code, if PELBIOT speaks that language."""
    return code if code in dict(settings.LANGUAGES) else None


def language_of(request: HttpRequest) -> str:
    return (
        known(request.headers.get(OF_THE_PAGE))
        or _own(request)
        or in_cookie(request)
        or (settings.LANGUAGE_CODE if settings.LANGUAGE_CODE_IS_SET else None)
        or accepted(request.headers.get("Accept-Language", ""))
        or settings.LANGUAGE_CODE
    )


def page_language(scope: Mapping[str, Any]) -> str:
    """That of the page which opened this websocket: `?language=id`, English where it doesn't say."""
    asked = parse_qs(scope.get("query_string", b"").decode(errors="replace"))
    return known(asked.get("language", [""])[0]) or "en"


def in_cookie(request: HttpRequest) -> str | None:
    return known(request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME))


def accepted(header: str) -> str | None:
    """The first of the browser's languages that PELBIOT speaks: "id-ID,id;q=0.9" is Indonesian."""
    for code, _ in parse_accept_lang_header(header):
        try:
            return known(get_supported_language_variant(code))
        except LookupError:
            continue
    return None


def keep(user: AbstractBaseUser, language: str) -> None:
    Preference.objects.update_or_create(user_id=user.pk, defaults={"language": language})


def keep_in_cookie(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )


class LanguageMiddleware:
    """Answers in the language of the request, and says so to caches and screen readers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(request)
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Cookie",))
        if not settings.LANGUAGE_CODE_IS_SET:
            patch_vary_headers(response, ("Accept-Language",))
        return response


@receiver(user_logged_in)
def _take_along(
    sender: object, request: HttpRequest | None, user: AbstractBaseUser, **_: Any
) -> None:
    """A choice made before the log-in becomes that of who logs in, unless they have one already."""
    language = in_cookie(request) if request else None
    if language:
        Preference.objects.get_or_create(user_id=user.pk, defaults={"language": language})


def _own(request: HttpRequest) -> str | None:
    # Without a session nobody asks the database, so that /healthz answers without it. One that is
    # away costs the choice, not the page.
    try:
        if not request.user.is_authenticated:
            return None
        chosen = Preference.objects.filter(user_id=request.user.pk)
        return known(chosen.values_list("language", flat=True).first())
    except (DatabaseError, InterfaceError):
        return None
