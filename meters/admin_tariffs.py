"""The Django admin of tariffs: versions with their periods, and which panel has which."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from meters.models import (
    Holiday,
    Tariff,
    TariffAssignment,
    TariffPeriod,
    TariffSurcharge,
    TariffVersion,
)
from meters.models.billed import BilledModel


class BilledForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """With the tick without which billed months keep their prices."""

    recompute_billed = forms.BooleanField(
        label=_("Recompute the cost of months already billed"),
        required=False,
        help_text=_("Only where the past was wrong: it changes what bills of past months say."),
    )

    def clean(self) -> dict[str, Any] | None:
        self.instance.rewrite_billed = bool(self.cleaned_data.get("recompute_billed"))
        return super().clean()


class BilledFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """Asks the rows that are to be deleted, too, whether they may go."""

    def clean(self) -> None:
        super().clean()
        for form in self.deleted_forms:
            row: BilledModel = form.instance
            row.rewrite_billed |= getattr(self.instance, "rewrite_billed", False)
            if row.pk:
                row.refuse_rewriting(deleted=True)


class PeriodFormSet(BilledFormSet):
    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        rows = [form for form in self.forms if form not in self.deleted_forms]
        periods = [
            form.instance.period() for form in rows if form.has_changed() or form.instance.pk
        ]
        overlap = self.instance.terms(periods).overlap()
        if overlap:
            raise ValidationError(
                _("%(one)s and %(other)s apply at the same time on some days."),
                params={"one": overlap[0].name, "other": overlap[1].name},
            )


class WeekdaysField(forms.MultipleChoiceField):
    """Days to tick; the value is their digits in order, 1 for Monday."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        days = [(str(number + 1), name) for number, name in WEEKDAYS.items()]
        super().__init__(choices=days, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return list(value or "")

    def clean(self, value: Any) -> Any:
        return "".join(sorted(super().clean(value)))


class PeriodForm(forms.ModelForm):  # type: ignore[type-arg]
    weekdays = WeekdaysField(label=_("weekdays"), required=False, initial="1234567")


class VersionForm(BilledForm):
    class Meta:
        widgets = {"source": forms.Textarea(attrs={"rows": 3})}


class PeriodInline(admin.StackedInline):  # type: ignore[type-arg]
    model = TariffPeriod
    form = PeriodForm
    formset = PeriodFormSet
    fields = (("name", "price_per_kwh"), ("start", "end"), "weekdays", "on_holidays")
    extra = 0


class SurchargeInline(admin.TabularInline):  # type: ignore[type-arg]
    model = TariffSurcharge
    formset = BilledFormSet
    extra = 0


class VersionInline(admin.TabularInline):  # type: ignore[type-arg]
    """To look at: a version is changed on a page of its own, with its periods."""

    model = TariffVersion
    fields = ("valid_from", "valid_to", "price_per_kwh", "peak_factor", "kvarh_price", "source")
    readonly_fields = fields
    show_change_link = True
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AssignmentInline(admin.TabularInline):  # type: ignore[type-arg]
    model = TariffAssignment
    verbose_name = _("tariff")
    verbose_name_plural = _("tariffs")
    form = BilledForm
    formset = BilledFormSet
    extra = 0


class BilledAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = BilledForm

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What can't be deleted without rewriting bills is listed as protected, with the reason."""
        deleted, counts, permissions, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, permissions, [*protected, *self._refusals(objs)]

    def _refusals(self, rows: Any) -> list[str]:
        found: list[str] = []
        for row in rows:
            try:
                row.refuse_rewriting(deleted=True)
            except ValidationError as refusal:
                found += [f"{row}: {sentence}" for sentence in refusal.messages]
        return found

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> None:
        # One by one: what they change has to be marked, which a bulk deletion would not do.
        for row in queryset:
            row.delete()


@admin.register(Tariff)
class TariffAdmin(BilledAdmin):
    list_display = ("code", "title", "currency")
    list_display_links = ("code", "title")
    search_fields = ("code", "name")
    inlines = (VersionInline,)

    @admin.display(description=_("name"), ordering="name")
    def title(self, tariff: Tariff) -> str:
        return tariff.title


@admin.register(TariffVersion)
class TariffVersionAdmin(BilledAdmin):
    """“Save as new” makes the next quarter's version out of this one, periods included."""

    form = VersionForm
    save_as = True
    list_display = (
        "tariff",
        "valid_from",
        "valid_to",
        "price_per_kwh",
        "peak_factor",
        "kvarh_price",
    )
    list_display_links = ("tariff", "valid_from")
    list_filter = ("tariff",)
    list_select_related = ("tariff",)
    inlines = (PeriodInline, SurchargeInline)
    fieldsets = (
        (
            None,
            {
                "description": _(
                    "For new prices, open the newest version, change its first day and the prices, "
                    "and choose “Save as new”: the version before ends where the new one begins."
                ),
                "fields": ("tariff", "valid_from", "valid_to", "source", "recompute_billed"),
            },
        ),
        (
            _("Energy"),
            {
                "fields": (
                    "price_per_kwh",
                    "rest_name",
                    "peak_factor",
                    ("peak_factor_min", "peak_factor_max"),
                )
            },
        ),
        (
            _("Reactive energy and minimum"),
            {"fields": ("kvarh_price", "power_factor_limit", "minimum_hours")},
        ),
    )


@admin.register(Holiday)
class HolidayAdmin(BilledAdmin):
    list_display = ("date", "name")
    search_fields = ("name",)
