"""Panel: one metering point, and what it measures now."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from meters.metrics import METRICS
from meters.models.fields import WireNameField
from meters.mqtt.topics import PANEL_NAME, PANEL_NAME_RULE


class PanelQuerySet(models.QuerySet["Panel"]):
    def shown(self) -> "PanelQuerySet":
        """The panels people look at, in the order they expect."""
        return self.filter(active=True).order_by("name")

    @transaction.atomic
    def delete(self) -> tuple[int, dict[str, int]]:
        # The ingest locks a panel before it adds readings; without this lock it could add some
        # between the deletion of the readings and that of the panel, and they would stay behind.
        list(self.select_for_update().values_list("pk"))
        return super().delete()

    # As Django's own: without it as_manager offers Panel.objects.delete(), which takes everything.
    delete.queryset_only = True  # type: ignore[attr-defined]


class Panel(models.Model):
    """One metering point: a transformer, a feeder.

    `name` is the panel's level in the topic. The current values move forward in time only, each
    with the moment of its own last reading (None: never measured, which is not 0).
    """

    name = WireNameField(
        _("name"),
        max_length=64,
        unique=True,
        validators=[RegexValidator(rf"^{PANEL_NAME.pattern}\Z", PANEL_NAME_RULE)],
        help_text=_("The panel's level in the MQTT topic: trafo1 in panel/trafo1/volt."),
    )
    display_name = models.CharField(_("display name"), max_length=100, blank=True)
    location = models.CharField(_("location"), max_length=200, blank=True)
    nominal_voltage_v = models.FloatField(
        _("nominal voltage (V)"), default=230, validators=[MinValueValidator(1)]
    )
    rated_current_a = models.FloatField(
        _("rated current (A)"), null=True, blank=True, validators=[MinValueValidator(0)]
    )
    rated_power_kva = models.FloatField(
        _("rated apparent power (kVA)"), null=True, blank=True, validators=[MinValueValidator(0)]
    )
    active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("An inactive panel is not shown; what it publishes is stored all the same."),
    )
    created_at = models.DateTimeField(_("registered at"), auto_now_add=True)

    voltage = models.FloatField(_("voltage (V)"), null=True, editable=False)
    voltage_at = models.DateTimeField(null=True, editable=False)
    ampere = models.FloatField(_("current (A)"), null=True, editable=False)
    ampere_at = models.DateTimeField(null=True, editable=False)
    power = models.FloatField(_("power (W)"), null=True, editable=False)
    power_at = models.DateTimeField(null=True, editable=False)
    energy_cost = models.FloatField(_("energy cost (Rp)"), null=True, editable=False)
    energy_cost_at = models.DateTimeField(null=True, editable=False)

    objects = PanelQuerySet.as_manager()

    class Meta:
        verbose_name = _("panel")
        verbose_name_plural = _("panels")
        ordering = ["name"]
        permissions = [("publish_message", "Can publish test messages to the broker")]

    def __str__(self) -> str:
        return self.display_name or self.name

    @transaction.atomic
    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        Panel.objects.select_for_update().filter(pk=self.pk).first()  # as in PanelQuerySet.delete
        return super().delete(*args, **kwargs)

    def current(self) -> Iterator[tuple[str, float | None, datetime | None]]:
        """(metric, value, moment of its last reading) of each metric."""
        for metric in METRICS:
            yield metric, getattr(self, metric), getattr(self, f"{metric}_at")

    @property
    def last_reading_at(self) -> datetime | None:
        """The moment of the newest reading of any metric."""
        return max((moment for _, _, moment in self.current() if moment), default=None)

    def advance(self, metric: str, value: float, moment: datetime) -> bool:
        """Take over a reading as the current value unless a newer one stands; not saved here."""
        current = getattr(self, f"{metric}_at")
        if current is not None and moment < current:
            return False
        setattr(self, metric, value)
        setattr(self, f"{metric}_at", moment)
        return True


CURRENT_VALUE_FIELDS = [name for metric in METRICS for name in (metric, f"{metric}_at")]
