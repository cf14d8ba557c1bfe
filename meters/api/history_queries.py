"""What the calls on a panel's history take: checked, each refusal under the parameter's own name."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from meters.api.serializers import MomentField
from meters.energy.compliance import BANDS
from meters.metrics import METRICS
from meters.models import Panel

EARLIEST = datetime(2005, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
LONGEST_BY_HOUR = timedelta(days=400)
LONGEST_BY_MINUTE = timedelta(days=8)
MOST_PANELS = 50


class PeriodQuery(serializers.Serializer[Any]):
    """`from` and `to`: ISO 8601 with offset, half open, cut down to whole minutes."""

    to = MomentField(help_text="end, excluded: ISO 8601 with offset; seconds are cut off")

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python's: it can't be written as an attribute.
        moment = MomentField(help_text="start, included: ISO 8601 with offset; seconds are cut off")
        return {"from": moment, **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name in ("from", "to"):
            if not EARLIEST <= attrs[name] <= LATEST:
                raise serializers.ValidationError({name: _("use a time between 2005 and 2100")})
            attrs[name] = attrs[name].astimezone(UTC).replace(second=0, microsecond=0)
        if attrs["from"] >= attrs["to"]:
            raise serializers.ValidationError(
                {"to": _("must be at least a minute later than %(start)s") % {"start": "from"}}
            )
        return attrs


class TrendsQuery(PeriodQuery):
    points = serializers.IntegerField(default=500, min_value=2, max_value=5000)
    metrics = serializers.CharField(
        default=",".join(METRICS), help_text="names with commas between: voltage,power"
    )

    def validate_metrics(self, text: str) -> list[str]:
        names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        unknown = [name for name in names if name not in METRICS]
        if unknown or not names:
            raise serializers.ValidationError(
                _("%(given)s is not accepted: use %(accepted)s")
                % {"given": ", ".join(unknown) or repr(text), "accepted": ", ".join(METRICS)}
            )
        return names


class EnergyQuery(PeriodQuery):
    by = serializers.ChoiceField(choices=["hour", "day", "month"], default="day")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if attrs["by"] == "hour" and attrs["to"] - attrs["from"] > LONGEST_BY_HOUR:
            raise serializers.ValidationError(
                {
                    "by": _(
                        "%(step)s is for up to %(days)s days: use %(longer)s, or a shorter range"
                    )
                    % {"step": "hour", "days": LONGEST_BY_HOUR.days, "longer": "day"}
                }
            )
        return attrs


class DemandQuery(PeriodQuery):
    points = serializers.IntegerField(default=500, min_value=2, max_value=5000)


class LoadDurationQuery(PeriodQuery):
    points = serializers.IntegerField(default=200, min_value=2, max_value=5000)


class EpisodesQuery(PeriodQuery):
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if attrs["to"] - attrs["from"] > LONGEST_BY_MINUTE:
            raise serializers.ValidationError(
                {"to": _("use at most %(days)s days") % {"days": LONGEST_BY_MINUTE.days}}
            )
        return attrs


class ComplianceQuery(PeriodQuery):
    band = serializers.ChoiceField(choices=list(BANDS), default="en50160")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        if attrs["to"] - attrs["from"] > timedelta(days=1100):
            raise serializers.ValidationError({"to": _("use at most three years")})
        return attrs


class ComparisonQuery(PeriodQuery):
    panels = serializers.CharField(
        required=False,
        help_text="names with commas between; all active ones, up to 50, where it is left out",
    )

    def validate_panels(self, text: str) -> list[Panel]:
        names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
        found = {panel.name: panel for panel in Panel.objects.filter(name__in=names)}
        unknown = [name for name in names if name not in found]
        if unknown or not names:
            raise serializers.ValidationError(
                _("there is no panel %(names)s") % {"names": ", ".join(unknown) or repr(text)}
            )
        if len(names) > MOST_PANELS:
            raise serializers.ValidationError(
                _("at most %(most)s panels are compared") % {"most": MOST_PANELS}
            )
        return [found[name] for name in names]
