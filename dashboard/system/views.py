"""`/system`: the page, and its figures alone, which its script asks for every few seconds."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard.live_page import live_context
from dashboard.permissions import SYSTEM, needs
from dashboard.system.page import system_context
from dashboard.system.texts import all_texts
from meters.api.compression import gzip_page


@gzip_page
@never_cache
@require_safe
@needs(SYSTEM)
def system(request: HttpRequest) -> HttpResponse:
    live = live_context()
    page = live["page"] | {"texts": all_texts()}
    context = live | system_context() | {"here": "system", "page": page}
    return render(request, "dashboard/system/system.html", context)


@gzip_page
@never_cache
@require_safe
@needs(SYSTEM)
def figures(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/system/_figures.html", system_context())
