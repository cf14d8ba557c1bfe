"""Trend: the history, one row a sample."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from meters.models.panel import Panel

_FIRST_WINDOW = timedelta(seconds=30)


class TrendQuerySet(models.QuerySet["Trend"]):
    def newest(
        self, panels: Sequence[Panel], limit: int, *, until: datetime | None = None
    ) -> list["Trend"]:
        """At least the `limit` newest samples of all `panels` together, newest first.

        Time has no index of its own, only (panel, timestamp) has; so windows are read backwards
        from the newest reading, each eight times as long as the last, until enough is found. The
        work follows what is asked for, not what is stored.
        """
        samples = self.filter(panel__in=panels).order_by("-timestamp", "panel_id")
        if len(panels) == 1:
            return list(samples[:limit])
        end = max(
            (panel.last_reading_at for panel in panels if panel.last_reading_at), default=None
        )
        if end is None:
            return []
        found: list[Trend] = []
        end, window = min(end, until or end) + timedelta(microseconds=1), _FIRST_WINDOW
        while len(found) < limit:
            start = end - window
            found += samples.filter(timestamp__gte=start, timestamp__lt=end)[: limit - len(found)]
            if not samples.filter(timestamp__lt=start).exists():
                break
            end, window = start, window * 8
        return found


class Trend(models.Model):
    """One sample of one panel: what it measured at `timestamp` (UTC, to the microsecond).

    NULL means not measured, never 0. The key is (panel, timestamp): a panel's history lies
    together on disk, writing a sample twice changes nothing, and no second index is needed.
    """

    pk = models.CompositePrimaryKey("panel", "timestamp")
    # No constraint in the database: MySQL can't partition a table that has one, and every insert
    # would lock the panel's row. The ingest and Panel.delete keep the two in step.
    panel = models.ForeignKey(
        Panel, models.CASCADE, related_name="trends", db_index=False, db_constraint=False
    )
    timestamp = models.DateTimeField(_("time"))
    voltage = models.FloatField(_("voltage (V)"), null=True)
    ampere = models.FloatField(_("current (A)"), null=True)
    power = models.FloatField(_("power (W)"), null=True)
    energy_cost = models.FloatField(_("energy cost (Rp)"), null=True)
    energy_register = models.FloatField(_("energy register (kWh)"), null=True)

    objects = TrendQuerySet.as_manager()

    class Meta:
        verbose_name = _("sample")
        verbose_name_plural = _("samples")

    def __str__(self) -> str:
        return f"{self.panel_id} {self.timestamp.isoformat()}"
