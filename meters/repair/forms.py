"""The form of a repair."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from meters.metrics import MEASURED
from meters.models import Panel
from meters.models.repair import Action
from meters.repair.correction import Correction

_LOCAL = "%Y-%m-%dT%H:%M:%S"


def _moment(label: Any, help_text: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(format=_LOCAL, attrs={"type": "datetime-local", "step": "1"})
    return forms.DateTimeField(label=label, help_text=help_text, widget=widget)


def _number(label: Any, initial: int | None, help_text: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        initial=initial,
        help_text=help_text,
        required=False,
        max_digits=20,
        decimal_places=10,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )


class RepairForm(forms.Form):
    """Times are the site's."""

    start = _moment(_("From"), _("Included; the site's local time."))
    end = _moment(_("To"), _("Not included; the site's local time."))
    action = forms.ChoiceField(label=_("What to do"), choices=[("", "–"), *Action.choices])
    metric = forms.ChoiceField(
        label=_("Metric"),
        required=False,
        choices=[
            ("", "–"),
            *(
                (each.name, format_lazy("{} ({})", _(each.label), each.unit))
                for each in MEASURED.values()
            ),
        ],
        help_text=_("Where only one is concerned."),
    )
    factor = _number(
        _("Factor"), None, _("To scale: the new value is the old one times the factor …")
    )
    offset = _number(_("Offset"), 0, _("… plus the offset, in the metric's unit."))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept with the repair, for whoever asks later."),
    )

    def clean_end(self) -> Any:
        end = self.cleaned_data["end"]
        if end > timezone.now():
            raise forms.ValidationError(_("This is in the future: readings still arrive there."))
        return end

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        start, end = cleaned.get("start"), cleaned.get("end")
        if start and end and start >= end:
            self.add_error("end", _("Must be later than the start."))
        action = cleaned.get("action")
        if action != Action.DELETE and not cleaned.get("metric"):
            self.add_error("metric", _("Choose which one."))
        if action == Action.SCALE:
            self._check_scale(cleaned)
        return cleaned

    def _check_scale(self, cleaned: dict[str, Any]) -> None:
        factor, offset = cleaned.get("factor"), cleaned.get("offset")
        if "factor" in self.errors or "offset" in self.errors:
            return
        if not factor:
            self.add_error("factor", _("Give a factor; 1 if only an offset is to be added."))
        elif factor == 1 and not offset:
            self.add_error("factor", _("This would change nothing."))

    def correction(self, panel: Panel) -> Correction:
        """What a valid form asks for."""
        cleaned = self.cleaned_data
        action = Action(cleaned["action"])
        return Correction(
            panel,
            cleaned["start"],
            cleaned["end"],
            action,
            "" if action is Action.DELETE else cleaned["metric"],
            cleaned["factor"] if action is Action.SCALE else Decimal(1),
            (cleaned["offset"] or Decimal(0)) if action is Action.SCALE else Decimal(0),
        )
