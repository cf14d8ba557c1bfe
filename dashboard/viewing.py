"""What a page about a range of time is looking at: read from its address, written back into one.

An address somebody mistyped still shows something: what can't be read counts as not given.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypedDict, TypeVar
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateformat import format as date_text
from django.utils.dateparse import parse_date, parse_datetime

from dashboard import ranges
from dashboard.formatting import hour_form
from dashboard.ranges import CALENDAR_KINDS, Kind, Range, Step
from meters.live import iso

Parameters = Mapping[str, str]
_RANGE_PARAMETERS = ("range", "date", "from", "to")
Kept = tuple[tuple[str, str], ...]
T = TypeVar("T")


class Window(TypedDict):
    """[from, to) in ISO 8601, UTC, and how people call it."""

    start: str
    end: str
    title: str


class RangeView(TypedDict):
    """A range, worked out for a page and its scripts: they never do arithmetic with zones.

    `query` is its part of the address; `links` leads (by query) to other ranges, None where there
    is nothing to see; `previous` is the period to compare with, None where there can't be one.
    `first_day` and `last_day` are what the date fields show.
    """

    range: str
    start: str
    end: str
    title: str
    by: Step
    query: str
    previous: Window | None
    first_day: str
    last_day: str
    links: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Site:
    """Where and when a page is looked at; `kept` are the parameters its links carry on."""

    zone: ZoneInfo
    now: datetime
    kept: Kept = ()

    @property
    def today(self) -> date:
        return ranges.local_day(self.now, self.zone)

    def query(self, span: Range) -> str:
        return "?" + urlencode([*_address(span, self.zone), *self.kept], safe=",:")


def chosen_range(asked: Parameters, default: Range, zone: ZoneInfo) -> Range:
    """The range that the parameters `range`, `date`, `from`, `to` ask for; the default one where
    they are not there, and its day where they name none."""
    if not any(name in asked for name in _RANGE_PARAMETERS):
        return default
    if custom := _custom(asked, zone):
        return custom
    kind: Kind = next((each for each in CALENDAR_KINDS if each == asked.get("range")), "day")
    return ranges.calendar(kind, _day(asked.get("date", "")) or default.day, zone)


def range_view(span: Range, site: Site) -> RangeView:
    zone = site.zone
    last = ranges.local_day(span.end - timedelta(microseconds=1), zone)
    before = _attempt(lambda: ranges.moved(span, -1, zone))
    return {
        "range": span.kind,
        "start": iso(span.start) or "",
        "end": iso(span.end) or "",
        "title": title(span, zone),
        "by": ranges.step_of(span),
        "query": site.query(span),
        "previous": _window(before, zone) if before else None,
        "first_day": span.day.isoformat(),
        "last_day": last.isoformat(),
        "links": _links(span, site),
    }


def address(view: RangeView) -> list[tuple[str, str]]:
    """The range's own parameters: what a form must send along to stay in it."""
    return [pair for pair in parse_qsl(view["query"][1:]) if pair[0] in _RANGE_PARAMETERS]


def title(span: Range, zone: ZoneInfo) -> str:
    """As people call it: Thu 8 Feb 2007; 5 Feb – 11 Feb 2007; February 2007; 2007."""
    if span.kind in ("month", "year"):
        return date_text(span.day, "F Y" if span.kind == "month" else "Y")
    if whole := ranges.whole_days(span, zone):
        first, last = whole
        if first == last:
            return date_text(first, "D j M Y")
        return f"{date_text(first, 'j M' if first.year == last.year else 'j M Y')} – {date_text(last, 'j M Y')}"
    start, end = timezone.localtime(span.start, zone), timezone.localtime(span.end, zone)
    hour = hour_form()
    until = hour if start.date() == end.date() else f"j M Y {hour}"
    return f"{date_text(start, f'j M Y {hour}')} – {date_text(end, until)}"


def chosen_of(given: Iterable[str], known: Iterable[str], default: Iterable[str]) -> list[str]:
    """Of "a,b" or several "a": the known ones, in their own order; the default where none is."""
    wanted = {name for part in given for name in part.split(",")}
    return [name for name in known if name in wanted] or list(default)


def _links(span: Range, site: Site) -> dict[str, str | None]:
    """The previous and the next range, today's, and the calendar ranges around this one."""
    zone = site.zone
    before = _attempt(lambda: ranges.moved(span, -1, zone))
    after = _attempt(lambda: ranges.moved(span, 1, zone))
    today = span.kind if span.kind in CALENDAR_KINDS else "day"
    anchor = site.today if span.holds(site.now) else span.day
    around = {kind: ranges.calendar(kind, anchor, zone) for kind in CALENDAR_KINDS}
    return {
        "previous": site.query(before) if before else None,
        "next": site.query(after) if after and after.start <= site.now else None,
        "now": site.query(ranges.calendar(today, site.today, zone)),
        **{kind: site.query(each) for kind, each in around.items()},
    }


def _window(span: Range, zone: ZoneInfo) -> Window:
    return {
        "start": iso(span.start) or "",
        "end": iso(span.end) or "",
        "title": title(span, zone),
    }


def _address(span: Range, zone: ZoneInfo) -> list[tuple[str, str]]:
    if span.kind != "custom":
        return [("range", span.kind), ("date", span.day.isoformat())]
    if whole := ranges.whole_days(span, zone):
        edges = [day.isoformat() for day in whole]
    else:
        edges = [iso(span.start) or "", iso(span.end) or ""]
    return [("range", "custom"), ("from", edges[0]), ("to", edges[1])]


def _custom(asked: Parameters, zone: ZoneInfo) -> Range | None:
    """From `from` and `to`: two local days, both included, or two moments with their offset."""
    first, last = _day(asked.get("from", "")), _day(asked.get("to", ""))
    if first and last:
        return _attempt(lambda: ranges.days(first, last, zone))
    start, end = _moment(asked.get("from", "")), _moment(asked.get("to", ""))
    if start and end:
        return _attempt(lambda: ranges.window(start, end, zone))
    return None


def _day(text: str) -> date | None:
    return _attempt(lambda: parse_date(text))


def _moment(text: str) -> datetime | None:
    # A plus sign that nobody escaped arrives as a space.
    moment = _attempt(lambda: parse_datetime(text.replace(" ", "+")))
    return moment if moment and moment.tzinfo else None


def _attempt(work: Callable[[], T]) -> T | None:
    """None where the days asked for lie outside the calendar."""
    try:
        return work()
    except (ValueError, OverflowError):
        return None
