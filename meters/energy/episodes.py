"""When a panel was outside its limits: runs of minutes, each with its worst value.

A minute is outside where one of its readings was: voltage and current by their extremes, the loading
by the minute's mean voltage and current. Runs with no more than five minutes between them are one
episode: a value that hovers around its limit would otherwise fill a page. How many minutes of it were
outside is counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from django.db.models import F, Q
from django.db.models.functions import Abs

from meters.condition import Limits, Severity, limits_of, loading_percent
from meters.energy.calendar import MINUTE_US
from meters.energy.history import Period
from meters.energy.load import apparent_va
from meters.models import Panel, TrendMinute
from meters.mqtt.timestamps import to_datetime, to_microseconds

Quantity = Literal["voltage", "ampere", "loading"]
Side = Literal["above", "below"]
_JOINED_US = 5 * MINUTE_US
_RECENT_US = 3 * MINUTE_US  # a minute is rolled up some seconds after it is over
_COLUMNS = (
    "voltage_min",
    "voltage_min_at",
    "voltage_max",
    "voltage_max_at",
    "ampere_max",
    "ampere_max_at",
    "voltage_mean",
    "ampere_mean",
)


class Excess(NamedTuple):
    """What a minute says of one quantity and side; `value` None: it was measured, and inside."""

    quantity: Quantity
    side: Side
    severity: Severity
    value: float | None
    at: int
    limit: float


@dataclass(slots=True)
class Episode:
    """[start, end) in whole minutes; microseconds since 1970. `worst` was measured at `worst_at`,
    beyond `limit`; `minutes` of it were outside; `ongoing`: the newest minute is still outside."""

    quantity: Quantity
    side: Side
    severity: Severity
    start: int
    end: int
    worst: float
    worst_at: int
    limit: float
    minutes: int = 1
    ongoing: bool = False

    def go_on(self, end: int, excess: Excess) -> None:
        assert excess.value is not None
        self.end = end
        self.minutes += 1
        further = excess.value > self.worst if self.side == "above" else excess.value < self.worst
        if further:
            self.worst, self.worst_at = excess.value, excess.at
        if excess.severity == "alarm" and self.severity != "alarm":
            self.severity, self.limit = "alarm", excess.limit


@dataclass(slots=True)
class _Track:
    """One quantity and side on its way through the minutes. `outside`: its newest minute was."""

    found: list[Episode] = field(default_factory=list)
    outside: bool = False

    def take(self, start: int, excess: Excess) -> None:
        self.outside = excess.value is not None
        if excess.value is None:
            return
        if self.found and start - self.found[-1].end <= _JOINED_US:
            self.found[-1].go_on(start + MINUTE_US, excess)
            return
        self.found.append(
            Episode(
                excess.quantity,
                excess.side,
                excess.severity,
                start,
                start + MINUTE_US,
                excess.value,
                excess.at,
                excess.limit,
            )
        )


def episodes(panel: Panel, period: Period, now_us: int) -> list[Episode]:
    """Those of the period, the newest first. One query, which looks at each of its minutes and tells
    those outside: whoever asks bounds the period."""
    limits = limits_of(panel)
    tracks: dict[tuple[Quantity, Side], _Track] = {}
    for row in _minutes(panel, period, now_us, limits):
        start, *figures = row
        for excess in _excesses(to_microseconds(start), figures, limits):
            key = excess.quantity, excess.side
            tracks.setdefault(key, _Track()).take(to_microseconds(start), excess)
    for track in tracks.values():
        if track.outside and now_us - track.found[-1].end < _RECENT_US:
            track.found[-1].ongoing = True
    found = [episode for track in tracks.values() for episode in track.found]
    return sorted(found, key=lambda episode: (-episode.start, episode.quantity))


def _minutes(panel: Panel, period: Period, now_us: int, limits: Limits) -> Iterator[Any]:
    """Those in which something was outside; and all of the last few, which tell whether it still is."""
    outside = Q(voltage_min__lt=limits.voltage_warning[0])
    outside |= Q(voltage_max__gt=limits.voltage_warning[1])
    if limits.ampere_alarm is not None:
        outside |= Q(ampere_max__gt=limits.ampere_alarm)
    if limits.rated_va is not None:
        whole_va = apparent_va(1.0, 1.0, limits.phases)
        # A hair lower, for the database may round otherwise: what is on the limit is judged here.
        least_va = limits.rated_va * limits.loading_warning / 100 * (1 - 1e-9)
        outside |= Q(volt_amperes__gt=least_va / whole_va)
    newest = Q(start__gte=to_datetime(now_us - _RECENT_US - MINUTE_US))
    minutes = TrendMinute.objects.filter(
        panel=panel, start__gte=to_datetime(period.start), start__lt=to_datetime(period.end)
    ).annotate(volt_amperes=Abs(F("voltage_mean") * F("ampere_mean")))
    rows = minutes.filter(outside | newest).order_by("start").values_list("start", *_COLUMNS)
    return rows.iterator()


def _excesses(start: int, figures: Sequence[Any], limits: Limits) -> Iterator[Excess]:
    low, low_at, high, high_at, ampere, ampere_at, mean_voltage, mean_ampere = figures
    if low is not None and high is not None:
        yield _beyond("voltage", "below", low, to_microseconds(low_at), limits)
        yield _beyond("voltage", "above", high, to_microseconds(high_at), limits)
    if ampere is not None and limits.ampere_alarm is not None:
        yield _beyond("ampere", "above", ampere, to_microseconds(ampere_at), limits)
    # Where only one of the two was read in this minute, the other's mean reaches over from beside.
    loading = loading_percent(mean_voltage, mean_ampere, limits)
    if loading is not None:
        yield _beyond("loading", "above", loading, start, limits)


def _beyond(quantity: Quantity, side: Side, value: float, at: int, limits: Limits) -> Excess:
    """Beyond the alarm's limit, else beyond the warning's, else inside."""
    thresholds = _thresholds(quantity, side, limits)
    for severity, limit in thresholds:
        if value > limit if side == "above" else value < limit:
            return Excess(quantity, side, severity, value, at, limit)
    return Excess(quantity, side, "warning", None, 0, thresholds[-1][1])


def _thresholds(quantity: Quantity, side: Side, limits: Limits) -> list[tuple[Severity, float]]:
    if quantity == "voltage":
        which = 0 if side == "below" else 1
        return [("alarm", limits.voltage_alarm[which]), ("warning", limits.voltage_warning[which])]
    if quantity == "ampere":
        assert limits.ampere_alarm is not None
        return [("alarm", limits.ampere_alarm)]
    return [("alarm", limits.loading_alarm), ("warning", limits.loading_warning)]
