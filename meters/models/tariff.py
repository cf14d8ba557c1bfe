"""Tariffs: what a kilowatt-hour costs, since when, at which hours, and for which panel."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from meters.energy.prices import Period, Terms
from meters.energy.validity import Difference, Span, differences, spans
from meters.models.billed import BilledModel, PriceChange
from meters.models.panel import Panel
from meters.models.tariff_names import in_words

NOT_NEGATIVE = [MinValueValidator(Decimal(0))]
_OPEN_END = _("The last day, included. Empty: until the next version begins.")


class Tariff(BilledModel):
    """A class of tariff, e.g. PLN's I-3/TM; what it says stands in its versions."""

    code = models.CharField(_("code"), max_length=40, unique=True, help_text=_("e.g. I-3/TM"))
    name = models.CharField(_("name"), max_length=200, blank=True)
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default="IDR",
        validators=[RegexValidator(r"^[A-Z]{3}\Z", _("Three capital letters, as in IDR."))],
        help_text=_("ISO 4217"),
    )

    class Meta:
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code

    @property
    def title(self) -> str:
        """The name for its readers: those PELBIOT brings along are translated."""
        return in_words(self.name)

    def timeline(self) -> list[Span[Terms]]:
        """The stored versions, each in the days in which it is in force."""
        return spans(version.entry() for version in _versions_of(self.pk))

    def price_changes(self, *, deleted: bool = False) -> list[PriceChange]:
        before = self.timeline() if self.pk else []
        after = [
            Span(span.first, span.until, replace(span.holds, currency=self.currency))
            for span in before
        ]
        return on_panels(self.pk, differences(before, [] if deleted else after))


class TariffVersion(BilledModel):
    """What a tariff says from a day on. All money is in the tariff's currency."""

    tariff = models.ForeignKey(
        Tariff, models.CASCADE, related_name="versions", verbose_name=_("tariff")
    )
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True, help_text=_OPEN_END)
    price_per_kwh = models.DecimalField(
        _("base price per kWh"), max_digits=14, decimal_places=4, validators=NOT_NEGATIVE
    )
    rest_name = models.CharField(
        _("name of the base price"),
        max_length=40,
        default="LWBP",
        help_text=_("What no period below covers costs the base price, under this name."),
    )
    peak_factor = models.DecimalField(
        _("factor K"),
        max_digits=6,
        decimal_places=4,
        default=Decimal(1),
        validators=NOT_NEGATIVE,
        help_text=_("A period without a price of its own costs the base price times K."),
    )
    peak_factor_min = models.DecimalField(
        _("least K allowed"), max_digits=6, decimal_places=4, null=True, blank=True
    )
    peak_factor_max = models.DecimalField(
        _("largest K allowed"), max_digits=6, decimal_places=4, null=True, blank=True
    )
    kvarh_price = models.DecimalField(
        _("price per kVArh"),
        max_digits=14,
        decimal_places=4,
        default=Decimal(0),
        validators=NOT_NEGATIVE,
        help_text=_("For reactive energy beyond the limit below. 0: not billed."),
    )
    power_factor_limit = models.DecimalField(
        _("power factor limit"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.85"),
        validators=[MinValueValidator(Decimal("0.1")), MaxValueValidator(Decimal(1))],
        help_text=_("Reactive energy is billed in months whose mean power factor is below it."),
    )
    minimum_hours = models.DecimalField(
        _("minimum bill (hours)"),
        max_digits=6,
        decimal_places=2,
        default=Decimal(40),
        validators=NOT_NEGATIVE,
        help_text=_("The least a month costs: hours x contract kVA x base price. 0: none."),
    )
    source = models.CharField(
        _("source"), max_length=300, blank=True, help_text=_("Where these figures come from.")
    )

    class Meta:
        verbose_name = _("tariff version")
        verbose_name_plural = _("tariff versions")
        ordering = ["tariff", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["tariff", "valid_from"], name="one_version_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.tariff.code} {self.valid_from}"

    def terms(self, periods: Iterable[Period] | None = None) -> Terms:
        """With the stored periods, or with other ones."""
        rows = self.periods.all() if self.pk else ()
        taxes = self.surcharges.all() if self.pk else ()
        return Terms(
            currency=self.tariff.currency,
            rest_name=self.rest_name,
            price_per_kwh=self.price_per_kwh,
            peak_factor=self.peak_factor,
            periods=tuple(row.period() for row in rows) if periods is None else tuple(periods),
            kvarh_price=self.kvarh_price,
            power_factor_limit=self.power_factor_limit,
            minimum_hours=self.minimum_hours,
            surcharges=tuple(row.surcharge() for row in taxes if row.enabled),
            peak_factor_min=self.peak_factor_min,
            peak_factor_max=self.peak_factor_max,
        )

    def entry(self) -> tuple[date, date, Terms]:
        return self.valid_from, self._until(), self.terms()

    def _until(self) -> date:
        return self.valid_to + timedelta(days=1) if self.valid_to else date.max

    def price_changes(self, *, deleted: bool = False) -> list[PriceChange]:
        rows = _versions_of(self.tariff_id)
        before = spans(row.entry() for row in rows)
        after = [row.entry() for row in rows if row.pk != self.pk]
        if not deleted:
            after.append(self.entry())
        return on_panels(self.tariff_id, differences(before, spans(after)))

    def changes_by(self, terms: Terms) -> list[PriceChange]:
        """What other terms in place of the stored ones would change."""
        rows = _versions_of(self.tariff_id)
        before = spans(row.entry() for row in rows)
        after = [(*row.entry()[:2], terms if row.pk == self.pk else row.terms()) for row in rows]
        return on_panels(self.tariff_id, differences(before, spans(after)))

    def clean(self) -> None:
        if self.filled():
            self._check_tariff()
            self._check_days()
            self._check_factor()
        super().clean()

    def _check_tariff(self) -> None:
        stored = TariffVersion.objects.filter(pk=self.pk).first() if self.pk else None
        if stored and stored.tariff_id != self.tariff_id:
            raise ValidationError({"tariff": _("A version stays with its tariff: add another.")})

    def _check_days(self) -> None:
        if self.valid_to and self.valid_to < self.valid_from:
            raise ValidationError({"valid_to": _("This lies before the first day.")})
        for other in TariffVersion.objects.filter(tariff=self.tariff_id).exclude(pk=self.pk):
            first, second = sorted((self, other), key=lambda version: version.valid_from)
            if first.valid_to and second.valid_from <= first.valid_to:
                raise ValidationError(
                    _("The version of %(other)s is valid in some of these days: end one earlier."),
                    params={"other": other.valid_from.isoformat()},
                )

    def _check_factor(self) -> None:
        if not self.terms(()).allows_factor(self.peak_factor):
            raise ValidationError({"peak_factor": _("This is outside the allowed range below.")})


class TariffAssignment(BilledModel):
    """A panel's tariff from a day on, until the panel's next assignment."""

    # Without a constraint in the database, as in Trend: a check would lock the panel's row, which
    # the ingest needs.
    panel = models.ForeignKey(
        Panel, models.CASCADE, related_name="assignments", db_constraint=False
    )
    tariff = models.ForeignKey(
        Tariff, models.PROTECT, related_name="assignments", verbose_name=_("tariff")
    )
    valid_from = models.DateField(_("valid from"))
    contract_power_kva = models.DecimalField(
        _("contract power (kVA)"),
        max_digits=10,
        decimal_places=3,
        null=True,
        blank=True,
        validators=NOT_NEGATIVE,
        help_text=_("For the minimum bill. Empty: the panel's rated apparent power."),
    )

    class Meta:
        verbose_name = _("tariff of a panel")
        verbose_name_plural = _("tariffs of panels")
        ordering = ["panel", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["panel", "valid_from"], name="one_assignment_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.panel} {self.tariff} {self.valid_from}"

    def entry(self) -> tuple[date, date, tuple[int, Decimal | None]]:
        return self.valid_from, date.max, (self.tariff_id, self.contract_power_kva)

    def price_changes(self, *, deleted: bool = False) -> list[PriceChange]:
        rows = TariffAssignment.objects.filter(panel=self.panel_id)
        after = [row.entry() for row in rows if row.pk != self.pk]
        if not deleted:
            after.append(self.entry())
        changes = differences(spans(row.entry() for row in rows), spans(after))
        return [PriceChange(self.panel_id, c.first, c.until, c.rewrites) for c in changes]

    def clean(self) -> None:
        stored = TariffAssignment.objects.filter(pk=self.pk).first() if self.pk else None
        if stored and stored.panel_id != self.panel_id:
            raise ValidationError({"panel": _("An assignment stays with its panel.")})
        super().clean()


def on_panels(tariff_id: int | None, changes: Iterable[Difference]) -> list[PriceChange]:
    """What changes of a tariff mean for the panels, in the days in which they have it."""
    found, changed = [], list(changes)
    if not changed:
        return []
    users = TariffAssignment.objects.filter(tariff=tariff_id).values("panel")
    by_panel: dict[int, list[Any]] = {}
    for row in TariffAssignment.objects.filter(panel__in=users):
        by_panel.setdefault(row.panel_id, []).append(row.entry())
    for panel_id, entries in by_panel.items():
        for span in spans(entries):
            if span.holds[0] == tariff_id:
                found += _within(span, panel_id, changed)
    return found


def _within(span: Span[Any], panel_id: int, changes: list[Difference]) -> list[PriceChange]:
    return [
        PriceChange(
            panel_id, max(span.first, c.first), min(span.until, c.until), rewrites=c.rewrites
        )
        for c in changes
        if max(span.first, c.first) < min(span.until, c.until)
    ]


def _versions_of(tariff_id: int | None) -> list[TariffVersion]:
    rows = TariffVersion.objects.filter(tariff=tariff_id).select_related("tariff")
    return list(rows.prefetch_related("periods", "surcharges"))
