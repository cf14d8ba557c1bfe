"""ReadingRepair: who has changed which stored readings, when and why, and what stood there before."""

import csv
import gzip
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from meters.metrics import MEASURED
from meters.models.fields import WireNameField
from meters.models.panel import Panel


class Action(models.TextChoices):
    DELETE = "delete", _("Delete the readings")
    DELETE_METRIC = "delete_metric", _("Delete the values of one metric")
    SCALE = "scale", _("Multiply a metric by a factor and add an offset")


class ReadingRepair(models.Model):
    """An audit entry; never changed, and it outlives its panel and its user.

    `start` is included, `end` is not. `replaced` holds what stood there: a gzipped CSV file that
    `import_trends` reads, so that a repair can be undone.
    """

    made_at = models.DateTimeField(_("made at"), auto_now_add=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    made_by_name = models.CharField(_("made by"), max_length=150)
    panel = models.ForeignKey(
        Panel, models.SET_NULL, null=True, related_name="repairs", db_constraint=False
    )
    panel_name = WireNameField(_("panel"), max_length=64)
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"))
    action = models.CharField(_("action"), max_length=16, choices=Action.choices)
    metric = models.CharField(_("metric"), max_length=32, blank=True)
    factor = models.DecimalField(_("factor"), max_digits=20, decimal_places=10, null=True)
    offset = models.DecimalField(_("offset"), max_digits=20, decimal_places=10, null=True)
    rows = models.PositiveIntegerField(_("readings"))
    reason = models.TextField(_("reason"))
    replaced = models.BinaryField(_("replaced readings"))

    class Meta:
        verbose_name = _("repair of readings")
        verbose_name_plural = _("repairs of readings")
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [("repair_readings", _("Can repair readings"))]

    def __str__(self) -> str:
        start, end = timezone.localtime(self.start), timezone.localtime(self.end)
        return f"{self.panel_name}, {start:%Y-%m-%d %H:%M:%S} - {end:%Y-%m-%d %H:%M:%S}"

    def replaced_csv(self) -> bytes:
        return gzip.decompress(bytes(self.replaced))


def packed(
    metrics: Sequence[str], rows: Iterable[tuple[datetime, Sequence[float | None]]]
) -> bytes:
    """Readings (moment, values of the metrics) as `ReadingRepair.replaced` holds them."""
    assert set(metrics) <= MEASURED.keys(), "import_trends finds the columns by these names"
    held = io.BytesIO()
    with gzip.open(held, "wt", encoding="utf-8", newline="", compresslevel=6) as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", *metrics])
        for moment, values in rows:
            written = ("" if value is None else repr(value) for value in values)
            writer.writerow([moment.isoformat(), *written])
    return held.getvalue()
