"""The days before the demo was started, as its panels would have published them.

Written like an import: samples, current values and what is to be rolled up, in one transaction. The
simulated panels then go on from where this ends.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from meters.demo.panels import INTERVAL_S
from meters.ingest import statements
from meters.ingest.sample import Sample
from meters.models import DirtyRange, Panel
from meters.mqtt.timestamps import to_datetime
from meters.simulation.panel import SimulatedPanel

EVERY_S = 60
_LATELY_S = 3600  # as often as live: the live charts reach back that far
_WORTH_S = 3600  # a shorter pause between two runs of the demo stays one


@dataclass(frozen=True, slots=True)
class Outage:
    """Nothing came from `panel` (None: from all) on the day so many days ago, between two hours."""

    days_ago: int
    from_hour: float
    to_hour: float
    panel: str | None = None

    def covers(self, panel: str, local: datetime, today: datetime) -> bool:
        hour = local.hour + local.minute / 60
        return (
            self.panel in (None, panel)
            and (today.date() - local.date()).days == self.days_ago
            and self.from_hour <= hour < self.to_hour
        )


OUTAGES = (Outage(4, 2.0, 2.75), Outage(2, 13.0, 16.5, "trafo3"))


def fill_history(simulated: Mapping[str, SimulatedPanel], now: datetime, days: int) -> int:
    """Give each panel its last `days` whole days and today, up to `now`; returns how many samples
    were written. A panel's history is only ever continued: what stands stays, and nothing comes
    before or between it."""
    return sum(_fill(panel, simulated[panel.name], now, days) for panel in _known(simulated))


def _known(simulated: Mapping[str, SimulatedPanel]) -> list[Panel]:
    return list(Panel.objects.filter(name__in=simulated).order_by("pk"))


def _fill(panel: Panel, simulated: SimulatedPanel, now: datetime, days: int) -> int:
    zone = ZoneInfo(settings.TIME_ZONE)
    local = now.astimezone(zone)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    if panel.last_reading_at is not None:
        start = max(start, panel.last_reading_at + timedelta(seconds=EVERY_S))
    if days < 1 or (now - start).total_seconds() < _WORTH_S:
        return 0
    samples = list(_samples(panel.name, simulated, start, now, zone))
    if samples:
        _write(panel, samples, zone)
    return len(samples)


def _samples(
    name: str, simulated: SimulatedPanel, start: datetime, now: datetime, zone: ZoneInfo
) -> Iterator[Sample]:
    today = now.astimezone(zone)
    for moment_s in _moments(start.timestamp(), now.timestamp()):
        local = datetime.fromtimestamp(moment_s, zone)
        if simulated.kind.is_silent(moment_s):
            continue
        if any(outage.covers(name, local, today) for outage in OUTAGES):
            continue
        offset = local.utcoffset() or timedelta()
        measured = simulated.measure(moment_s, offset.total_seconds())
        yield Sample(name, moment_s * 1_000_000, fresh=False, values=measured._asdict())


def _moments(start_s: float, end_s: float) -> Iterator[int]:
    """Minute by minute, and as often as live in the end."""
    first_s = int(start_s) // EVERY_S * EVERY_S + EVERY_S
    lately_s = max(first_s, int(end_s - _LATELY_S) // EVERY_S * EVERY_S)
    yield from range(first_s, lately_s, EVERY_S)
    yield from range(lately_s, int(end_s), INTERVAL_S)


@transaction.atomic
def _write(panel: Panel, samples: list[Sample], zone: ZoneInfo) -> None:
    keys = {panel.name: panel.pk}
    with connection.cursor() as cursor:
        statements.write_trends(cursor, keys, samples)
        statements.advance_panels(cursor, keys, samples[-1:])
    # Day by day, so that today's figures don't wait for last week's.
    for first, last in _by_days(samples, zone):
        DirtyRange.objects.mark(panel, first, last)


def _by_days(samples: list[Sample], zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    moments = [to_datetime(sample.moment_us) for sample in samples]
    days: dict[object, list[datetime]] = {}
    for moment in moments:
        days.setdefault(moment.astimezone(zone).date(), []).append(moment)
    for of_a_day in days.values():
        yield of_a_day[0], of_a_day[-1]
