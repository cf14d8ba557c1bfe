"""What the calls on panels and their history answer, as drf-spectacular describes it. A moment is
ISO 8601 in UTC, a share lies between 0 and 1, null is what is not known."""

from typing import Any

from rest_framework import serializers

from meters.live import PanelValues, panel_values
from meters.models import Panel


class WrongParameter(serializers.Serializer[Any]):
    """The parameter that is wrong, and what it accepts."""

    to = serializers.ListField(child=serializers.CharField(), required=False)


def _number(help_text: str = "") -> serializers.FloatField:
    return serializers.FloatField(allow_null=True, help_text=help_text)


def _unpriced() -> serializers.FloatField:
    return serializers.FloatField(help_text="Wh that the cost leaves out: no price in force")


def _moment() -> serializers.DateTimeField:
    return serializers.DateTimeField(allow_null=True)


class _Period(serializers.Serializer[Any]):
    to = serializers.DateTimeField()
    timezone = serializers.CharField(help_text="the site's")

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class _OfPanel(_Period):
    panel = serializers.CharField()
    pending = serializers.BooleanField(help_text="readings wait to be added up")


class Span(serializers.Serializer[Any]):
    mean = _number("weighted by time")
    min = _number()
    max = _number()


class TrendPoint(serializers.Serializer[Any]):
    """A step of the chart; the first and the last are told as far as they lie between from and to."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField(help_text="equal to start where it is a single reading")
    coverage = serializers.FloatField()
    voltage = Span(required=False)
    ampere = Span(required=False)
    power = Span(required=False)
    energy_cost = Span(required=False)


class Trends(_OfPanel):
    level = serializers.ChoiceField(choices=["raw", "minute", "quarter", "hour", "day"])
    step_s = _number("how long a point is; null: single readings")
    metrics = serializers.ListField(child=serializers.CharField())
    points = TrendPoint(many=True)


class _Energy(serializers.Serializer[Any]):
    energy_wh = _number("Wh")
    cost = serializers.DecimalField(
        20, 2, allow_null=True, coerce_to_string=False, help_text="null: no tariff"
    )
    unpriced_wh = _unpriced()
    coverage = serializers.FloatField(help_text="share of the time whose energy is known")
    recovered = serializers.FloatField(help_text="share that only the register bridges")


class EnergyBucket(_Energy):
    """An hour, day or month of the site, as far as it lies between from and to; a day in place of
    its hours, where those are no longer kept."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    quality = serializers.ChoiceField(
        choices=["measured", "recovered", "partial", "empty", "pruned"]
    )


class Energy(_OfPanel, _Energy):
    by = serializers.ChoiceField(choices=["hour", "day", "month"])
    currency = serializers.CharField()
    buckets = EnergyBucket(many=True)


class MetricStatistics(serializers.Serializer[Any]):
    unit = serializers.CharField()
    count = serializers.IntegerField()
    mean = _number("weighted by time")
    min = _number()
    min_at = _moment()
    max = _number()
    max_at = _moment()
    coverage = serializers.FloatField()


class AllMetrics(serializers.Serializer[Any]):
    voltage = MetricStatistics()
    ampere = MetricStatistics()
    power = MetricStatistics()
    energy_cost = MetricStatistics()


class LoadStatistics(serializers.Serializer[Any]):
    apparent_vah = _number("VAh")
    apparent_max_va = _number("highest minute, VA")
    apparent_max_at = _moment()
    reactive_varh = _number("varh, out of apparent and active power")
    power_factor = _number()
    coverage = serializers.FloatField()
    rated_kva = _number()
    loading_max_percent = _number("of the rated apparent power")
    minutes_over_80 = _number()
    minutes_over_100 = _number()
    minutes_over_120 = _number()


class Statistics(_OfPanel, _Energy):
    currency = serializers.CharField()
    metrics = AllMetrics()
    load = LoadStatistics()


class MaximumDemand(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    demand_w = serializers.FloatField()


class RunningDemand(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    elapsed_s = serializers.FloatField()
    mean_w = serializers.FloatField()
    forecast_w = serializers.FloatField(help_text="if the power stays what it is")


class DemandBlock(serializers.Serializer[Any]):
    """A stretch of quarter-hours that lie as a whole between from and to."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    demand_w = _number("the highest in it")
    at = _moment()


class Demand(_OfPanel):
    block_minutes = serializers.IntegerField()
    coverage = serializers.FloatField()
    maximum = MaximumDemand(allow_null=True)
    mean_w = _number("over the time whose energy is known")
    demand_mean_w = _number("of the complete quarter-hours")
    load_factor = _number("demand_mean_w over the maximum")
    blocks_complete = serializers.IntegerField()
    blocks_incomplete = serializers.IntegerField()
    running = RunningDemand(allow_null=True)
    blocks = DemandBlock(many=True)


class DurationPoint(serializers.Serializer[Any]):
    percent = serializers.FloatField(help_text="of the time")
    power_w = serializers.FloatField(help_text="reached or exceeded for so long")


class LoadDuration(_OfPanel):
    blocks = serializers.IntegerField(help_text="quarter-hours")
    hours = serializers.FloatField()
    coverage = serializers.FloatField()
    maximum_w = _number()
    mean_w = _number()
    minimum_w = _number()
    points = DurationPoint(many=True)


class PanelLimits(serializers.Serializer[Any]):
    voltage_warning = serializers.ListField(
        child=serializers.FloatField(), help_text="V: low, high"
    )
    voltage_alarm = serializers.ListField(child=serializers.FloatField(), help_text="V: low, high")
    ampere_alarm = _number("A; null: no rated current is set")
    loading_warning = serializers.FloatField(help_text="% of the rated apparent power")
    loading_alarm = serializers.FloatField(help_text="% of the rated apparent power")


class Episode(serializers.Serializer[Any]):
    """A stretch of time outside a limit, with pauses of up to five minutes."""

    quantity = serializers.ChoiceField(choices=["voltage", "ampere", "loading"])
    unit = serializers.ChoiceField(choices=["V", "A", "%"])
    side = serializers.ChoiceField(choices=["above", "below"])
    severity = serializers.ChoiceField(choices=["warning", "alarm"])
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(help_text="of its newest minute")
    ongoing = serializers.BooleanField()
    minutes = serializers.IntegerField(help_text="in which a value was outside")
    worst = serializers.FloatField()
    worst_at = serializers.DateTimeField()
    limit = serializers.FloatField()


class Episodes(_OfPanel):
    limits = PanelLimits()
    episodes = Episode(many=True, help_text="the newest first")


class ComplianceWeek(serializers.Serializer[Any]):
    """A week that from and to touch; judged as a whole, also where they cut through it."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    expected = serializers.IntegerField(help_text="ten-minute means of the week")
    measured = serializers.IntegerField()
    coverage = serializers.FloatField()
    outside = serializers.IntegerField(help_text="beyond the band")
    outside_percent = _number("of those measured")
    beyond = serializers.IntegerField(help_text="beyond the outer limits")
    lowest_v = _number()
    lowest_at = _moment()
    highest_v = _number()
    highest_at = _moment()
    verdict = serializers.ChoiceField(choices=["pass", "fail", "inconclusive"])


class VoltageCompliance(_OfPanel):
    band = serializers.CharField()
    title = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    nominal_v = serializers.FloatField()
    low_v = serializers.FloatField()
    high_v = serializers.FloatField()
    share_percent = serializers.FloatField(help_text="of the means that must lie in the band")
    weeks = ComplianceWeek(many=True)


class ComparisonTotal(serializers.Serializer[Any]):
    energy_wh = _number()
    cost = serializers.DecimalField(20, 2, allow_null=True, coerce_to_string=False)
    unpriced_wh = _unpriced()
    coverage = serializers.FloatField()
    maximum_w = _number("highest sum of a quarter-hour that is known of all")
    maximum_at = _moment()
    diversity_factor = _number("sum of the panels' own maxima over the maximum of their sum")
    balance_percent = _number("largest deviation of a panel's mean power from the mean of all")


class ComparedPanel(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    rank = serializers.IntegerField()
    energy_wh = _number()
    cost = serializers.DecimalField(20, 2, allow_null=True, coerce_to_string=False)
    unpriced_wh = _unpriced()
    share = _number()
    coverage = serializers.FloatField()
    mean_w = _number()
    maximum_w = _number()
    maximum_at = _moment()
    load_factor = _number("mean over maximum of its complete quarter-hours")
    loading_max_percent = _number()


class Comparison(_Period):
    currency = serializers.CharField()
    pending = serializers.BooleanField()
    total = ComparisonTotal()
    panels = ComparedPanel(many=True)


class PanelDetails(serializers.ModelSerializer[Panel]):
    title = serializers.CharField(source="__str__", read_only=True)
    current = serializers.SerializerMethodField()

    class Meta:
        model = Panel
        fields = [
            "name",
            "title",
            "location",
            "nominal_voltage_v",
            "phases",
            "rated_current_a",
            "rated_power_kva",
            "max_gap_s",
            "active",
            "current",
        ]

    def get_current(self, panel: Panel) -> PanelValues:
        return panel_values(panel)
