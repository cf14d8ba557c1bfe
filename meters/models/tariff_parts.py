"""What belongs to a version of a tariff: hours with prices of their own, percentages; and holidays."""

from dataclasses import replace
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from meters.energy.prices import Period, Surcharge
from meters.energy.validity import Difference
from meters.models.billed import BilledModel, PriceChange
from meters.models.tariff import NOT_NEGATIVE, Tariff, TariffVersion, on_panels

_MINDFUL = ("leave_out", "apply")  # the rules to which a holiday is not a day like others


class TariffPeriod(BilledModel):
    """Hours with a price of their own, such as the peak (WBP)."""

    version = models.ForeignKey(TariffVersion, models.CASCADE, related_name="periods")
    name = models.CharField(_("name"), max_length=40, help_text=_("e.g. WBP"))
    weekdays = models.CharField(
        _("weekdays"),
        max_length=7,
        default="1234567",
        blank=True,
        validators=[RegexValidator(r"^1?2?3?4?5?6?7?\Z", _("Digits in order, 1 is Monday."))],
        help_text=_("The days on which the period begins."),
    )
    start = models.TimeField(_("from"))
    end = models.TimeField(
        _("to"), help_text=_("Not later than the start: on the next day. 00:00 is midnight.")
    )
    on_holidays = models.CharField(
        _("on holidays"),
        max_length=10,
        default="ignore",
        choices=[
            ("ignore", _("as on the weekday")),
            ("leave_out", _("does not apply")),
            ("apply", _("applies, whatever the weekday")),
        ],
    )
    price_per_kwh = models.DecimalField(
        _("price per kWh"),
        max_digits=14,
        decimal_places=4,
        null=True,
        blank=True,
        validators=NOT_NEGATIVE,
        help_text=_("Empty: the base price times K."),
    )

    class Meta:
        verbose_name = _("period")
        verbose_name_plural = _("periods")
        ordering = ["version", "pk"]

    def __str__(self) -> str:
        return f"{self.name} {self.start:%H:%M}-{self.end:%H:%M}"

    def period(self) -> Period:
        return Period(
            name=self.name,
            weekdays=frozenset(int(day) for day in self.weekdays if day.isdecimal()),
            start=self.start,
            end=self.end,
            on_holidays=self.on_holidays,  # type: ignore[arg-type]  # choices are the rules
            price_per_kwh=self.price_per_kwh,
        )

    def price_changes(self, *, deleted: bool = False) -> list[PriceChange]:
        stored = TariffVersion.objects.filter(pk=self.version_id).first()
        if stored is None:
            return []
        rows = {row.pk: row.period() for row in stored.periods.all()}
        if deleted:
            rows.pop(self.pk, None)
        else:
            rows[self.pk] = self.period()
        return stored.changes_by(stored.terms(rows.values()))

    def clean(self) -> None:
        for field, clock in (("start", self.start), ("end", self.end)):
            if clock and (clock.minute % 15 or clock.second or clock.microsecond):
                raise ValidationError(
                    {field: _("Full quarters of an hour only: demand and cost go by them.")}
                )
        if not self.weekdays and self.on_holidays != "apply":
            raise ValidationError({"weekdays": _("Choose at least one day.")})
        self.rewrite_billed = self.rewrite_billed or _may_rewrite(self)
        super().clean()


class TariffSurcharge(BilledModel):
    """A percentage on top, such as a tax; off until somebody knows that it applies."""

    version = models.ForeignKey(TariffVersion, models.CASCADE, related_name="surcharges")
    name = models.CharField(_("name"), max_length=40, help_text=_("e.g. PPJ"))
    percent = models.DecimalField(
        _("percent"), max_digits=6, decimal_places=3, validators=NOT_NEGATIVE
    )
    enabled = models.BooleanField(_("billed"), default=False)

    class Meta:
        verbose_name = _("surcharge")
        verbose_name_plural = _("surcharges")
        ordering = ["version", "pk"]

    def __str__(self) -> str:
        return f"{self.name} {self.percent} %"

    def surcharge(self) -> Surcharge:
        return Surcharge(self.name, self.percent)

    def price_changes(self, *, deleted: bool = False) -> list[PriceChange]:
        stored = TariffVersion.objects.filter(pk=self.version_id).first()
        if stored is None:
            return []
        rows = {row.pk: row.surcharge() for row in stored.surcharges.all() if row.enabled}
        rows.pop(self.pk, None)
        if self.enabled and not deleted:
            rows[self.pk] = self.surcharge()
        terms = replace(stored.terms(), surcharges=tuple(rows.values()))
        return stored.changes_by(terms)

    def clean(self) -> None:
        self.rewrite_billed = self.rewrite_billed or _may_rewrite(self)
        super().clean()


class Holiday(BilledModel):
    """A day on which the periods that say so don't apply, or apply whatever the weekday."""

    date = models.DateField(_("date"), unique=True)
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["-date"]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"

    def price_changes(self, *, deleted: bool = False) -> list[PriceChange]:
        stored = Holiday.objects.filter(pk=self.pk).first() if self.pk else None
        days = {stored.date} if stored else set()
        days ^= set() if deleted else {self.date}
        found = []
        for tariff in Tariff.objects.filter(versions__periods__on_holidays__in=_MINDFUL).distinct():
            # With the day after: a period that begins on a holiday may end there.
            changes = [Difference(day, day + timedelta(days=2), rewrites=True) for day in days]
            found += on_panels(tariff.pk, changes)
        return found


def _may_rewrite(part: TariffPeriod | TariffSurcharge) -> bool:
    """A version that is edited together with its parts says it for them."""
    version: TariffVersion | None = getattr(part, "version", None)
    return version is not None and version.rewrite_billed
