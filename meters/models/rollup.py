"""Rollups: history by minutes, quarter-hours, hours and days, and what of it is to be computed anew.

They are pure functions of the readings (see `meters.energy`). `docs/energy.md` explains each figure.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import ClassVar

from django.conf import settings
from django.db import connection, models
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy as _

from meters.energy.bucket import quality
from meters.energy.calendar import MINUTE_US, SECOND_US, Level, site_calendar
from meters.models.bulk import incoming, insert, on_conflict, quoted, written_time
from meters.models.panel import Panel
from meters.mqtt.timestamps import to_microseconds


def _panel() -> "models.ForeignKey[Panel, Panel]":
    # Without a constraint in the database, as in Trend: a check would lock the panel's row, which
    # the ingest needs.
    return models.ForeignKey(
        Panel, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )


class Rollup(models.Model):
    """One bucket of one panel, from `start` (UTC) to the next bucket's start.

    Of each metric: `count` readings in the bucket, the smallest and the largest of them with their
    moments (the first, where there are several), the time-weighted `mean` over the `covered_s`
    seconds that lie between readings no further apart than the panel's longest gap. Where nothing
    is covered, the mean is that of the readings.

    `energy_wh`: None where nothing is known. `energy_covered_s` seconds of it were measured,
    `energy_recovered_s` lie in a gap over which only the meter's register went on. `cost` in the
    tariff's currency; None where no tariff was in force.

    `sealed`: what it was computed from has been pruned, so it is never computed anew.
    """

    pk = models.CompositePrimaryKey("panel", "start")
    panel = _panel()
    start = models.DateTimeField(_("start"))
    voltage_count = models.PositiveIntegerField(default=0)
    voltage_covered_s = models.FloatField(default=0)
    voltage_mean = models.FloatField(null=True)
    voltage_min = models.FloatField(null=True)
    voltage_min_at = models.DateTimeField(null=True)
    voltage_max = models.FloatField(null=True)
    voltage_max_at = models.DateTimeField(null=True)
    ampere_count = models.PositiveIntegerField(default=0)
    ampere_covered_s = models.FloatField(default=0)
    ampere_mean = models.FloatField(null=True)
    ampere_min = models.FloatField(null=True)
    ampere_min_at = models.DateTimeField(null=True)
    ampere_max = models.FloatField(null=True)
    ampere_max_at = models.DateTimeField(null=True)
    power_count = models.PositiveIntegerField(default=0)
    power_covered_s = models.FloatField(default=0)
    power_mean = models.FloatField(null=True)
    power_min = models.FloatField(null=True)
    power_min_at = models.DateTimeField(null=True)
    power_max = models.FloatField(null=True)
    power_max_at = models.DateTimeField(null=True)
    energy_cost_count = models.PositiveIntegerField(default=0)
    energy_cost_covered_s = models.FloatField(default=0)
    energy_cost_mean = models.FloatField(null=True)
    energy_cost_min = models.FloatField(null=True)
    energy_cost_min_at = models.DateTimeField(null=True)
    energy_cost_max = models.FloatField(null=True)
    energy_cost_max_at = models.DateTimeField(null=True)
    energy_wh = models.FloatField(null=True)
    energy_covered_s = models.FloatField(default=0)
    energy_recovered_s = models.FloatField(default=0)
    cost = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    sealed = models.BooleanField(default=False, db_default=False)

    class Meta:
        abstract = True

    level: ClassVar[Level]

    def __str__(self) -> str:
        return f"{self.panel_id} {self.start.isoformat()}"

    @property
    def quality(self) -> str:
        """`measured`, `recovered`, `partial` or `empty`: see `meters.energy.bucket.quality`."""
        start = to_microseconds(self.start)
        end = site_calendar().end(self.level, start)
        known_s = self.energy_covered_s + self.energy_recovered_s
        known_share = known_s * SECOND_US / (end - start)
        return quality(self.energy_wh, self.energy_recovered_s, known_share)


class LoadRollup(Rollup):
    """A bucket with its load: computed from its minutes' mean voltage, current and power, over
    `apparent_covered_s` seconds. `over_…_s`: seconds in which the apparent power was above that
    many percent of the panel's rating; None where it has none.

    `unpriced_wh`: of a bucket with a cost, how much of `energy_wh` no tariff was in force for. Where
    there is no cost that is all of it, whatever stands here.

    Demand is the mean power of a quarter-hour. Of the `demand_blocks` quarter-hours that are known
    well enough, the one at `demand_max_at` was the highest.
    """

    unpriced_wh = models.FloatField(default=0, db_default=0)
    apparent_vah = models.FloatField(null=True)
    reactive_varh = models.FloatField(null=True)
    apparent_covered_s = models.FloatField(default=0)
    apparent_max_va = models.FloatField(null=True)
    apparent_max_at = models.DateTimeField(null=True)
    over_80_s = models.FloatField(null=True)
    over_100_s = models.FloatField(null=True)
    over_120_s = models.FloatField(null=True)
    demand_blocks = models.PositiveIntegerField(default=0)
    demand_max_w = models.FloatField(null=True)
    demand_max_at = models.DateTimeField(null=True)

    class Meta(Rollup.Meta):
        abstract = True


class TrendMinute(Rollup):
    """A minute."""

    level = Level.MINUTE


class TrendQuarter(LoadRollup):
    """A quarter of an hour: :00, :15, :30, :45, the block of the maximum demand."""

    level = Level.QUARTER


class TrendHour(LoadRollup):
    """An hour of the site's clock."""

    level = Level.HOUR


class TrendDay(LoadRollup):
    """A day of the site, from midnight to midnight.

    `demands`: the demand of each of its quarter-hours in turn (W; NaN: not known), as 8-byte floats.
    A year's load-duration curve is made of 366 of these, and not of 35,136 rows.
    """

    level = Level.DAY

    demands = models.BinaryField(null=True)


class VoltageTenMinutes(models.Model):
    """The mean voltage of ten minutes (:00, :10, … UTC), by which EN 50160 judges."""

    pk = models.CompositePrimaryKey("panel", "start")
    panel = _panel()
    start = models.DateTimeField()
    mean = models.FloatField(null=True)
    covered_s = models.FloatField(default=0)
    sealed = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return f"{self.panel_id} {self.start.isoformat()}"


class DirtyRangeQuerySet(models.QuerySet["DirtyRange"]):
    def mark(self, panel: Panel, first: datetime, last: datetime) -> None:
        """Have the panel's rollups from `first` to `last` (both included) computed anew. To be
        called in the transaction that changes the readings."""
        with connection.cursor() as cursor:
            mark_dirty(cursor, [(panel.pk, to_microseconds(first), to_microseconds(last))])


class DirtyRange(models.Model):
    """Readings from `first` to `last` (both included) were added, changed or deleted since the
    rollups were computed. One row for each minute in which a range begins; `version` counts, so that
    whoever has worked on it sees whether it has changed since. While readings come in, only the
    running minute's changes: those before it can be done with.
    """

    pk = models.CompositePrimaryKey("panel", "minute")
    panel = _panel()
    minute = models.DateTimeField()
    first = models.DateTimeField()
    last = models.DateTimeField()
    version = models.PositiveBigIntegerField(default=1)

    objects = DirtyRangeQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.panel_id} {self.first.isoformat()} to {self.last.isoformat()}"


def site_zone() -> str:
    return settings.TIME_ZONE


class RollupState(models.Model):
    """A panel's row that is locked by whoever computes or prunes its rollups: one at a time.

    Before `raw_from` readings have been pruned, before `minutes_from` minutes, before `hours_from`
    quarter-hours and hours. Hours and days are those of `zone`.
    """

    panel = models.OneToOneField(
        Panel, models.CASCADE, primary_key=True, related_name="rollup_state", db_constraint=False
    )
    raw_from = models.DateTimeField(null=True)
    minutes_from = models.DateTimeField(null=True)
    hours_from = models.DateTimeField(null=True)
    zone = models.CharField(max_length=64, default=site_zone)

    def __str__(self) -> str:
        return str(self.panel_id)


def mark_dirty(cursor: CursorWrapper, ranges: Iterable[tuple[int, int, int]]) -> None:
    """Add ranges of (panel key, first, last moment in microseconds since 1970) to what is dirty."""
    rows = [
        (panel, written_time(first - first % MINUTE_US), written_time(first), written_time(last), 1)
        for panel, first, last in sorted(ranges)
    ]
    columns = ("panel_id", "minute", "first", "last", "version")
    insert(cursor, DirtyRange._meta.db_table, columns, rows, _widen(connection.vendor))


@lru_cache
def _widen(vendor: str) -> str:
    least, greatest = ("LEAST", "GREATEST") if vendor == "mysql" else ("MIN", "MAX")
    first, last, version = quoted("first"), quoted("last"), quoted("version")
    changes = [
        f"{first} = {least}({first}, {incoming('first')})",
        f"{last} = {greatest}({last}, {incoming('last')})",
        f"{version} = {quoted(DirtyRange._meta.db_table)}.{version} + 1",
    ]
    return on_conflict(("panel_id", "minute"), changes)
