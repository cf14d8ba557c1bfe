"""`/system/rejected`: the list, one message, and the list as CSV."""

import csv
import io
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dashboard import formatting
from dashboard.permissions import REJECTED, needs
from dashboard.system.amounts import ago, size
from dashboard.system.reasons import accepted, label
from dashboard.system.rejected import CSV_ROWS, Filter, by_kind, list_page, matching, query
from dashboard.system.visible import visible
from meters.api.compression import gzip_page
from meters.live import iso
from meters.models import RejectedMessage
from meters.mqtt.payloads import is_number
from meters.reasons import in_words

_COLUMNS = ("received_at", "topic", "kind", "reason", "payload_bytes", "payload")
# What spreadsheets take for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@gzip_page
@never_cache
@require_safe
@needs(REJECTED)
def rejected(request: HttpRequest) -> HttpResponse:
    form = Filter(request.GET)
    if not form.is_valid():
        return _refused(request, form)
    place = form.cleaned_data
    context = {
        "here": "system",
        "form": form,
        "kinds": by_kind(),
        "list": list_page(form.asked, place["before"], place["after"]),
        "query": query(form.asked),
        "csv_rows": CSV_ROWS,
        "zone_label": formatting.zone_label(timezone.now()),
    }
    return render(request, "dashboard/system/rejected.html", context)


@gzip_page
@never_cache
@require_safe
@needs(REJECTED)
def message(request: HttpRequest, key: int) -> HttpResponse:
    """One message in full. The address keeps the filter, for the way back and for its neighbours."""
    form = Filter(request.GET)
    asked = form.asked if form.is_valid() else {}
    found = matching({}).filter(pk=key).first()
    if found is None:
        raise Http404
    others = matching(asked)
    context = {
        "here": "system",
        "query": query(asked),
        "newer": others.filter(pk__gt=key).order_by("pk").values_list("pk", flat=True).first(),
        "older": others.filter(pk__lt=key).values_list("pk", flat=True).first(),
    }
    return render(request, "dashboard/system/message.html", context | _message_context(found))


def _message_context(found: Any) -> dict[str, Any]:
    return {
        "message": found,
        "reason": in_words(found.reason),
        "kind": label(found.kind),
        "topic": visible(found.topic),
        "payload": visible(found.payload),
        "shortened": found.payload_bytes > RejectedMessage.PAYLOAD_KEPT,
        "kept": size(RejectedMessage.PAYLOAD_KEPT),
        "size": size(found.payload_bytes),
        "at": formatting.full(found.received_at),
        "ago": ago(found.received_at, timezone.now()),
        "accepted": accepted(found.kind, found.topic),
    }


@gzip_page
@never_cache
@require_safe
@needs(REJECTED)
def rejected_csv(request: HttpRequest) -> HttpResponse:
    """The newest messages that the filter lets pass, times in UTC."""
    form = Filter(request.GET)
    if not form.is_valid():
        return _refused(request, form)
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(_COLUMNS)
    for each in matching(form.asked)[:CSV_ROWS].iterator():
        kind = str(each.kind)  # type: ignore[attr-defined]  # annotated
        texts = [_harmless(text) for text in (each.topic, kind, each.reason)]
        size_and_payload = (each.payload_bytes, _harmless(each.payload))
        writer.writerow([iso(each.received_at), *texts, *size_and_payload])
    answer = HttpResponse(held.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="rejected-messages.csv"'
    return answer


def _harmless(text: str) -> str:
    """Text from outside that a spreadsheet would run as a formula is marked as text."""
    return f"'{text}" if text.startswith(_FORMULA) and not is_number(text) else text


def _refused(request: HttpRequest, form: Filter) -> HttpResponse:
    """The list's page, with what is wrong about the filter in place of the list."""
    context = {"here": "system", "form": form}
    return render(request, "dashboard/system/rejected.html", context, status=400)
