"""The rejected messages: which of them are asked for, page by page, and how many there are of which kind."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard import formatting
from dashboard.system.amounts import count, size
from dashboard.system.reasons import KINDS, OTHER, is_kind, kind_of, label
from dashboard.system.visible import Piece, visible
from meters.models import RejectedMessage
from meters.reasons import in_words

PAGE_ROWS = 50
CSV_ROWS = 20_000
# A search by text has no index: it looks at so many of the newest. More are kept only where
# MQTT_REJECTED_KEEP says so.
SEARCHED_ROWS = 100_000
LATELY = timedelta(hours=1)
# How many of the newest the kinds are counted of, which the system page does every few seconds.
COUNTED_ROWS = 2_000
_LATELY_COUNTED = 10_000
_SHOWN_PAYLOAD = 80
_SINCE = {"hour": LATELY, "day": timedelta(days=1), "week": timedelta(days=7)}

Messages = QuerySet[RejectedMessage]


class Filter(forms.Form):
    """What is looked for. `before` and `after` are keys of messages: the page that follows one."""

    q = forms.CharField(
        label=_("Topic, reason or payload contains"), max_length=100, required=False
    )
    kind = forms.ChoiceField(
        label=_("Reason"),
        required=False,
        choices=[
            ("", _("All")),
            *((key, kind.label) for key, kind in KINDS.items()),
            (OTHER, _("Other")),
        ],
    )
    since = forms.ChoiceField(
        label=_("Received"),
        required=False,
        choices=[
            ("", _("Any time")),
            ("hour", _("In the last hour")),
            ("day", _("In the last 24 hours")),
            ("week", _("In the last 7 days")),
        ],
    )
    before = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)

    @property
    def asked(self) -> dict[str, Any]:
        """What is filtered by, without the place in the list."""
        return {
            name: self.cleaned_data[name]
            for name in ("q", "kind", "since")
            if self.cleaned_data[name]
        }


@dataclass(frozen=True, slots=True)
class Row:
    """A message as the list shows it; what is expected in its place stands on its own page."""

    key: int
    at: str
    at_iso: str
    name: str
    topic: list[Piece]
    payload: list[Piece]
    kind: str
    reason: str
    size: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """`newer` and `older` are what to add to the address for the next pages; empty at the ends."""

    rows: list[Row]
    newer: str
    older: str


def matching(asked: dict[str, Any]) -> Messages:
    """The messages that the filter lets pass, newest first, each with its `kind`."""
    found: Messages = RejectedMessage.objects.annotate(kind=kind_of())
    if asked.get("since"):
        found = found.filter(received_at__gte=timezone.now() - _SINCE[asked["since"]])
    if asked.get("q") or asked.get("kind"):
        found = found.filter(pk__gt=_newest_key() - SEARCHED_ROWS)
    if text := asked.get("q"):
        found = found.filter(
            Q(topic__icontains=text) | Q(reason__icontains=text) | Q(payload__icontains=text)
        )
    if asked.get("kind"):
        found = found.filter(is_kind(asked["kind"]))
    return found.order_by("-pk")


def list_page(asked: dict[str, Any], before: int | None, after: int | None) -> ListPage:
    """Some rows by their keys: no matter how far back, it costs the same."""
    found = matching(asked)
    if after is not None:
        near = list(found.filter(pk__gt=after).order_by("pk")[: PAGE_ROWS + 1])
        more_newer, more_older = len(near) > PAGE_ROWS, True
        messages = near[:PAGE_ROWS][::-1]
    else:
        far = found if before is None else found.filter(pk__lt=before)
        near = list(far[: PAGE_ROWS + 1])
        more_newer, more_older = before is not None, len(near) > PAGE_ROWS
        messages = near[:PAGE_ROWS]
    newer = _address(asked, after=messages[0].pk) if messages and more_newer else ""
    older = _address(asked, before=messages[-1].pk) if messages and more_older else ""
    now = timezone.now()
    return ListPage([row(message, now) for message in messages], newer, older)


def row(message: Any, now: datetime) -> Row:
    """`message` as `matching` gives it."""
    start = message.payload[:_SHOWN_PAYLOAD]
    cut = len(message.payload) > _SHOWN_PAYLOAD
    return Row(
        key=message.pk,
        at=formatting.near(message.received_at, now),
        at_iso=message.received_at.isoformat(),
        name=message.topic,
        topic=visible(message.topic),
        payload=visible(start + ("…" if cut else "")),
        kind=label(message.kind),
        reason=in_words(message.reason.partition(": expected ")[0]),
        size=size(message.payload_bytes),
    )


@dataclass(frozen=True, slots=True)
class KindCount:
    key: str
    label: str
    text: str
    address: str


def by_kind() -> list[KindCount]:
    """Of the newest ones, how many there are of each kind, the most frequent first."""
    newest = RejectedMessage.objects.filter(pk__gt=_newest_key() - COUNTED_ROWS)
    counted = newest.annotate(kind=kind_of()).values_list("kind").order_by()
    found = sorted(counted.annotate(count=Count("pk")), key=lambda each: -each[1])
    return [
        KindCount(key, label(key), count(messages), f"?{urlencode({'kind': key})}")
        for key, messages in found
    ]


def lately() -> int:
    """How many in the last hour; counted to a bound."""
    newest = RejectedMessage.objects.filter(received_at__gte=timezone.now() - LATELY)
    return newest.order_by()[: _LATELY_COUNTED + 1].count()


def query(asked: dict[str, Any]) -> str:
    return urlencode(asked)


def _address(asked: dict[str, Any], **place: int) -> str:
    return f"?{urlencode(asked | place)}"


def _newest_key() -> int:
    return RejectedMessage.objects.values_list("pk", flat=True).first() or 0


def summary(messages: int) -> str:
    if not messages:
        return gettext("None in the last hour")
    if messages > _LATELY_COUNTED:
        return gettext("More than {count} in the last hour").format(count=count(_LATELY_COUNTED))
    return gettext("{count} in the last hour").format(count=count(messages))
