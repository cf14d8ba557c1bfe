"""What `/api/panels/<name>/bill` takes and answers; drf-spectacular describes it from here.

Money and prices are JSON numbers, as cost is everywhere in this API. A double holds every amount
below 90 trillion to the hundredth, so nothing is lost by that.
"""

import re
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

_MONTH = re.compile(r"(19[7-9]\d|2\d{3})-(0[1-9]|1[0-2])", re.ASCII)


class MonthField(serializers.CharField):
    """A month of the site, as (year, month)."""

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        if not _MONTH.fullmatch(text):
            raise serializers.ValidationError(
                _("%(text)r is no month: use e.g. %(example)s")
                % {"text": text, "example": "2026-01"}
            )
        return int(text[:4]), int(text[5:])


class BillQuery(serializers.Serializer[Any]):
    month = MonthField(help_text="of the site, e.g. 2026-01")
    tariff = serializers.CharField(required=False, help_text="suppose this class, e.g. I-3/TM")
    k = serializers.DecimalField(
        8, 4, required=False, min_value=Decimal(0), help_text="suppose this factor K"
    )
    shift_percent = serializers.DecimalField(
        7,
        4,
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100),
        help_text="suppose that this share of the peak's kWh had been used off-peak",
    )
    contract_kva = serializers.DecimalField(
        12, 3, required=False, min_value=Decimal(0), help_text="suppose this contract"
    )


class BillLine(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["usage", "minimum", "reactive", "surcharge"])
    name = serializers.CharField()
    quantity = serializers.FloatField(allow_null=True, help_text="in `unit`, to 0.001")
    unit = serializers.CharField(help_text="kWh, kVArh, % of the other lines, or empty")
    price = serializers.FloatField(allow_null=True)
    amount = serializers.FloatField(help_text="to 0.01")

    def get_fields(self) -> dict[str, Any]:
        # Words of Python's and of the interface: the days of the line, both included.
        days = {name: serializers.DateField() for name in ("from", "to")}
        return {**super().get_fields(), **days}


class Minimum(serializers.Serializer[Any]):
    amount = serializers.FloatField(help_text="hours x contract kVA x base price")
    binding = serializers.BooleanField()


class BillAnswer(serializers.Serializer[Any]):
    tariff = serializers.CharField(help_text="that of the month's last days")
    contract_kva = serializers.FloatField(allow_null=True)
    currency = serializers.CharField()
    lines = BillLine(many=True)
    minimum = Minimum()
    total = serializers.FloatField()


class Supposed(serializers.Serializer[Any]):
    tariff = serializers.CharField(allow_null=True)
    k = serializers.FloatField(allow_null=True)
    shift_percent = serializers.FloatField(allow_null=True)
    contract_kva = serializers.FloatField(allow_null=True)


class WhatIf(BillAnswer):
    changes = Supposed()
    difference = serializers.FloatField(
        allow_null=True, help_text="to the actual bill; negative: cheaper"
    )


class PeriodKwh(serializers.Serializer[Any]):
    name = serializers.CharField()
    kwh = serializers.FloatField()


class BillUsage(serializers.Serializer[Any]):
    kwh = serializers.FloatField()
    periods = PeriodKwh(many=True)
    unpriced_kwh = serializers.FloatField(help_text="used on days without a tariff")
    kvarh = serializers.FloatField(allow_null=True)
    power_factor = serializers.FloatField(allow_null=True, help_text="the month's mean")
    reactive_coverage = serializers.FloatField(help_text="0 to 1")
    maximum_demand_w = serializers.FloatField(allow_null=True)
    maximum_demand_at = serializers.DateTimeField(allow_null=True)


class MonthBill(serializers.Serializer[Any]):
    panel = serializers.CharField()
    month = serializers.CharField()
    timezone = serializers.CharField()
    coverage = serializers.FloatField(help_text="0 to 1, of the month up to now")
    recovered = serializers.FloatField(help_text="0 to 1, part of the coverage")
    complete = serializers.BooleanField(help_text="the month is over, and all of it computed")
    usage = BillUsage()
    tariff = serializers.CharField(allow_null=True)
    contract_kva = serializers.FloatField(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    lines = BillLine(many=True)
    minimum = Minimum(allow_null=True)
    total = serializers.FloatField(allow_null=True)
    what_if = WhatIf(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        moments = {name: serializers.DateTimeField() for name in ("from", "to")}
        return {**moments, **super().get_fields()}
