"""What to suppose about a bill: the fields of the form, and the addresses they make."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.formatting import plain
from meters.energy.billing import Bill
from meters.energy.what_if import Changes
from meters.models import Tariff

_STEP = {"step": "any", "inputmode": "decimal"}


class WhatIfForm(forms.Form):
    """Empty fields suppose nothing. The names are those of the API's parameters."""

    tariff = forms.ChoiceField(label=_("Tariff"), required=False)
    k = forms.DecimalField(
        label=_("Factor K"),
        required=False,
        min_value=Decimal(0),
        max_digits=8,
        decimal_places=4,
        widget=forms.NumberInput(attrs=_STEP),
    )
    shift_percent = forms.DecimalField(
        label=_("Peak load moved off-peak (%)"),
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=7,
        decimal_places=4,
        widget=forms.NumberInput(attrs=_STEP),
    )
    contract_kva = forms.DecimalField(
        label=_("Contract (kVA)"),
        required=False,
        min_value=Decimal(0),
        max_digits=12,
        decimal_places=3,
        widget=forms.NumberInput(attrs=_STEP),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer_tariffs()
        for bound in self:
            bound.field.widget.attrs["aria-describedby"] = f"{bound.auto_id}-about"

    def _offer_tariffs(self) -> None:
        tariffs = Tariff.objects.exclude(versions=None)
        choices = [(tariff.code, _choice(tariff)) for tariff in tariffs]
        field = self.fields["tariff"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("as it is")), *choices]

    def tell_what_is(self, bill: Bill) -> None:
        """Beside the fields, what holds now."""
        stretch = bill.stretches[-1]
        self["tariff"].help_text = gettext("now %s") % stretch.tariff
        if stretch.terms.has_factor:
            self["k"].help_text = gettext("now %s") % plain(stretch.terms.peak_factor)
        if stretch.contract_kva is not None:
            self["contract_kva"].help_text = gettext("now %s") % plain(stretch.contract_kva)

    def changes(self) -> Changes:
        """What was asked for; nothing where a field is wrong."""
        if not self.is_valid():
            return Changes()
        asked = self.cleaned_data
        return Changes(
            tariff=asked["tariff"] or None,
            peak_factor=asked["k"],
            shift_percent=asked["shift_percent"],
            contract_kva=asked["contract_kva"],
        )


def _choice(tariff: Tariff) -> str:
    return f"{tariff.code} · {tariff.title}" if tariff.name else tariff.code
