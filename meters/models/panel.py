"""Panel: one metering point, and what it measures now."""

from collections.abc import Iterator
from dataclasses import astuple
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from meters.energy.retention import Retention, of_the_settings
from meters.energy.trapezoid import MAX_GAP_S
from meters.metrics import MEASURED, METRICS
from meters.models.fields import WireNameField
from meters.mqtt.topics import PANEL_NAME, PANEL_NAME_RULE

_OVERRIDES = _("Empty: as the installation's settings say. 0: for ever.")


# Put together once: a page asks hundreds of panels for these.
_SHOWN = tuple((metric, f"{metric}_at") for metric in METRICS)
_moments = attrgetter(*(f"{metric}_at" for metric in MEASURED))


class PanelQuerySet(models.QuerySet["Panel"]):
    def shown(self) -> "PanelQuerySet":
        """The panels people look at, in the order they expect."""
        return self.filter(active=True).order_by("name")

    @transaction.atomic
    def delete(self) -> tuple[int, dict[str, int]]:
        _lock(self)
        return super().delete()

    # As Django's own: without it as_manager offers Panel.objects.delete(), which takes everything.
    delete.queryset_only = True  # type: ignore[attr-defined]


class Panel(models.Model):
    """One metering point: a transformer, a feeder.

    `name` is the panel's level in the topic. The current values move forward in time only, each
    with the moment of its own last reading (None: never measured, which is not 0).
    """

    # Four bytes and not eight: the key of each of millions of samples begins with it.
    id = models.AutoField(primary_key=True)
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
    phases = models.PositiveSmallIntegerField(
        _("phases"),
        choices=[(1, _("single phase")), (3, _("three phases"))],
        default=1,
        db_default=1,
        help_text=_(
            "Three phases: the voltage is that between two lines, the current that of one."
        ),
    )
    max_gap_s = models.FloatField(
        _("longest gap (s)"),
        default=MAX_GAP_S,
        db_default=MAX_GAP_S,
        validators=[MinValueValidator(1), MaxValueValidator(86_400)],
        help_text=_(
            "Two readings further apart than this say nothing about the time between them: no energy "
            "is counted there, and coverage falls."
        ),
    )
    energy_register_limit_kwh = models.FloatField(
        _("energy register rolls over at (kWh)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("For a meter that has a register of six digits: 1000000."),
    )
    raw_retention_days = models.PositiveIntegerField(
        _("readings are kept for (days)"), null=True, blank=True, help_text=_OVERRIDES
    )
    minute_retention_days = models.PositiveIntegerField(
        _("minutes are kept for (days)"), null=True, blank=True, help_text=_OVERRIDES
    )
    hour_retention_days = models.PositiveIntegerField(
        _("hours are kept for (days)"), null=True, blank=True, help_text=_OVERRIDES
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
    energy_register = models.FloatField(_("energy register (kWh)"), null=True, editable=False)
    energy_register_at = models.DateTimeField(null=True, editable=False)

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
        _lock(Panel.objects.filter(pk=self.pk))
        return super().delete(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        problems = self.retention.problems()
        if problems:
            # At the panel's own figure, where it is that: the settings can't be changed here.
            names = {"minute_days": "minute_retention_days", "hour_days": "hour_retention_days"}
            raise ValidationError({names[name]: text for name, text in problems.items()})

    @property
    def retention(self) -> Retention:
        """How long its history is kept: its own figures, else those of the settings."""
        own = (self.raw_retention_days, self.minute_retention_days, self.hour_retention_days)
        of_settings = astuple(of_the_settings())
        return Retention(
            *(days if mine is None else mine for mine, days in zip(own, of_settings, strict=True))
        )

    def current(self) -> Iterator[tuple[str, float | None, datetime | None]]:
        """(metric, value, moment of its last reading) of each metric that every panel publishes."""
        for metric, moment in _SHOWN:
            yield metric, getattr(self, metric), getattr(self, moment)

    @property
    def last_reading_at(self) -> datetime | None:
        """The moment of the newest reading of any metric."""
        return max(filter(None, _moments(self)), default=None)

    def advance(self, metric: str, value: float, moment: datetime) -> bool:
        """Take over a reading as the current value unless a newer one stands; not saved here."""
        current = getattr(self, f"{metric}_at")
        if current is not None and moment < current:
            return False
        setattr(self, metric, value)
        setattr(self, f"{metric}_at", moment)
        return True


def _lock(panels: PanelQuerySet) -> None:
    """Keep everybody who adds to panels' histories away until the commit.

    Whoever computes rollups holds the panel's state, the ingest the panel itself: without these
    locks they could add rows between the deletion of the others and that of the panel, and those
    would stay behind.
    """
    from meters.models.rollup import RollupState  # which is built on this module

    keys = list(panels.values_list("pk", flat=True))
    list(RollupState.objects.select_for_update().filter(panel__in=keys).values_list("pk"))
    list(panels.select_for_update().values_list("pk"))


CURRENT_VALUE_FIELDS = [name for metric in MEASURED for name in (metric, f"{metric}_at")]
