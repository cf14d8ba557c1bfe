"""Choosing the language: a form on the log-in page and in the user's menu."""

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from dashboard import languages


@never_cache
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep `language` with the account, or on this browser before the log-in; back to `next`."""
    language = languages.known(request.POST.get("language"))
    if language is None:
        raise BadRequest("The language is not one of those PELBIOT speaks.")
    response = HttpResponseRedirect(_way_back(request))
    if request.user.is_authenticated:
        languages.keep(request.user, language)
    else:
        languages.keep_in_cookie(response, language)
    return response


def _way_back(request: HttpRequest) -> str:
    """The page the form was on, if that is one of ours."""
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if ours else reverse("dashboard")
