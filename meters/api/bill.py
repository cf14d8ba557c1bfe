"""`/api/panels/<name>/bill`: a month's bill line by line, and the one it would have been."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from meters.api.bill_serializers import BillQuery, MonthBill
from meters.api.history import conditional, panel_named
from meters.api.history_schema import WrongParameter
from meters.api.serializers import Problem, checked
from meters.energy.billing import Bill, Line
from meters.energy.what_if import Changes, Simulation, WrongChangeError, mixed_currencies, simulate
from meters.live import iso
from meters.models import Panel

_SHOWN = Decimal("0.001")  # of quantities; what is priced is not rounded


@conditional
class BillView(APIView):
    """The bill of a panel's month by its tariff, computed from stored energy; and what it would be
    under another class, K or contract, or with load moved off the peak."""

    @extend_schema(
        parameters=[BillQuery],
        responses={200: MonthBill, 400: WrongParameter, 404: Problem},
    )
    def get(self, request: Request, name: str) -> Response:
        panel = panel_named(name)
        wanted = checked(BillQuery, request)
        year, month = wanted["month"]
        changes = Changes(
            tariff=wanted.get("tariff"),
            peak_factor=wanted.get("k"),
            shift_percent=wanted.get("shift_percent"),
            contract_kva=wanted.get("contract_kva"),
        )
        try:
            found = simulate(panel, year, month, timezone.now(), changes)
        except WrongChangeError as error:
            raise serializers.ValidationError({error.parameter: [str(error)]}) from None
        if found.bill is None and found.what_if is None:
            missing = _("The panel had no tariff in this month: name one to suppose.")
            sentence = mixed_currencies() if found.mixed else missing
            raise serializers.ValidationError({"tariff": [sentence]})
        return Response(_month(panel, found, changes))


def _month(panel: Panel, found: Simulation, changes: Changes) -> dict[str, Any]:
    usage = found.usage
    what_if = found.what_if and {
        **_bill(found.what_if),
        "changes": _changes(changes),
        "difference": found.difference,
    }
    return {
        "panel": panel.name,
        "month": f"{usage.first:%Y-%m}",
        "from": iso(usage.start),
        "to": iso(usage.end),
        "timezone": settings.TIME_ZONE,
        "coverage": round(usage.coverage, 6),
        "recovered": round(usage.recovered, 6),
        "complete": usage.complete,
        "usage": _usage(found),
        **(_bill(found.bill) if found.bill else _NO_BILL),
        "what_if": what_if,
    }


_NO_BILL: dict[str, Any] = {
    "tariff": None,
    "contract_kva": None,
    "currency": None,
    "lines": [],
    "minimum": None,
    "total": None,
}


def _bill(bill: Bill) -> dict[str, Any]:
    last = bill.stretches[-1]
    return {
        "tariff": last.tariff,
        "contract_kva": last.contract_kva,
        "currency": bill.currency,
        "lines": [_line(line) for line in bill.lines],
        "minimum": {"amount": bill.minimum_amount, "binding": bill.minimum_binds},
        "total": bill.total,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "kind": line.kind,
        "name": line.name,
        "from": line.stretch.first,
        "to": line.stretch.until - timedelta(days=1),
        "quantity": line.quantity and line.quantity.quantize(_SHOWN),
        "unit": line.unit,
        "price": line.price,
        "amount": line.amount,
    }


def _changes(changes: Changes) -> dict[str, Any]:
    return {
        "tariff": changes.tariff,
        "k": changes.peak_factor,
        "shift_percent": changes.shift_percent,
        "contract_kva": changes.contract_kva,
    }


def _usage(found: Simulation) -> dict[str, Any]:
    usage, bill = found.usage, found.bill or found.what_if
    periods: dict[str, Decimal] = {}
    for stretch in bill.stretches if bill else ():
        for each in stretch.usage:
            periods[each.name] = periods.get(each.name, Decimal(0)) + each.kwh
    maximum_w, maximum_at = usage.maximum or (None, None)
    return {
        "kwh": usage.kwh.quantize(_SHOWN),
        "periods": [{"name": name, "kwh": kwh.quantize(_SHOWN)} for name, kwh in periods.items()],
        "unpriced_kwh": found.unpriced_kwh.quantize(_SHOWN),
        "kvarh": usage.kvarh and usage.kvarh.quantize(_SHOWN),
        "power_factor": bill
        and bill.power_factor
        and bill.power_factor.quantize(Decimal("0.0001")),
        "reactive_coverage": round(usage.reactive_coverage, 6),
        "maximum_demand_w": maximum_w,
        "maximum_demand_at": iso(maximum_at),
    }
