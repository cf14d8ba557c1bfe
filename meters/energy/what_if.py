"""The bill of a month, and the bill it would have been: other class, other K, shifted load."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from meters.energy.billing import Bill, Stretch, make_bill, shifted
from meters.energy.tariffs import tariff_versions
from meters.energy.usage import MonthUsage, Plan, month_usage, panel_plans, rating
from meters.energy.validity import Span
from meters.models import Panel, Tariff


class WrongChangeError(ValueError):
    """What was asked for can't be computed; `parameter` is its name in the interfaces."""

    def __init__(self, parameter: str, sentence: str) -> None:
        super().__init__(sentence)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Changes:
    """What to suppose. `tariff`: a code; `shift_percent`: share (0 to 100) of the kWh dearer than
    the base price that are used at the base price instead."""

    tariff: str | None = None
    peak_factor: Decimal | None = None
    shift_percent: Decimal | None = None
    contract_kva: Decimal | None = None

    def __bool__(self) -> bool:
        return self != Changes()


@dataclass(frozen=True, slots=True)
class Simulation:
    """`bill` None: the panel had no tariff in that month, or its tariffs had several currencies
    (`mixed`). `what_if` None: nothing was supposed."""

    usage: MonthUsage
    bill: Bill | None
    what_if: Bill | None
    mixed: bool = False

    @property
    def difference(self) -> Decimal | None:
        """What the supposed bill costs more (negative: less) than the actual one; None where there
        is none to compare with, or only one in another currency."""
        if self.bill is None or self.what_if is None or self.bill.currency != self.what_if.currency:
            return None
        return self.what_if.total - self.bill.total

    @property
    def unpriced_kwh(self) -> Decimal:
        """What was used on days without a tariff."""
        return (
            self.usage.kwh - sum((each.kwh for each in self.bill.stretches), Decimal(0))
            if (self.bill)
            else self.usage.kwh
        )


def simulate(
    panel: Panel, year: int, month: int, now: datetime, changes: Changes | None = None
) -> Simulation:
    """Raises WrongChangeError."""
    usage = month_usage(panel, year, month, now)
    plans = _within(panel_plans(panel), usage)
    mixed = len({span.holds.terms.currency for span in plans}) > 1
    bill = make_bill(usage.stretches(plans)) if plans and not mixed else None
    if not changes:
        return Simulation(usage, bill, None, mixed)
    stretches = usage.stretches(_supposed(panel, usage, plans, changes))
    if changes.shift_percent is not None:
        stretches = [shifted(stretch, changes.shift_percent) for stretch in stretches]
    return Simulation(usage, bill, _supposed_bill(stretches), mixed)


def _supposed_bill(stretches: Sequence[Stretch]) -> Bill:
    try:
        return make_bill(stretches)
    except ValueError:
        raise WrongChangeError("tariff", mixed_currencies()) from None


def mixed_currencies() -> str:
    return _("The tariff's currency changes within this month: there is no one bill of it.")


def _supposed(
    panel: Panel, usage: MonthUsage, plans: list[Span[Plan]], changes: Changes
) -> list[Span[Plan]]:
    if changes.tariff is not None:
        plans = _other_tariff(panel, usage, plans, changes.tariff)
    if not plans:
        raise WrongChangeError(
            "tariff", _("The panel had no tariff in this month: choose one to suppose.")
        )
    if changes.peak_factor is not None:
        plans = [_with_factor(span, changes.peak_factor) for span in plans]
    if changes.contract_kva is not None:
        plans = [
            _with(span, replace(span.holds, contract_kva=changes.contract_kva)) for span in plans
        ]
    return plans


def _other_tariff(
    panel: Panel, usage: MonthUsage, actual: list[Span[Plan]], code: str
) -> list[Span[Plan]]:
    """Its versions over the days of which there is an actual bill, or else over the month."""
    tariff = Tariff.objects.filter(code=code).first()
    if tariff is None:
        raise WrongChangeError("tariff", _("There is no tariff of this code."))
    kva = actual[-1].holds.contract_kva if actual else rating(panel)
    versions = tariff_versions([tariff.pk])[tariff.pk]
    days = [(span.first, span.until) for span in actual] or [(usage.first, usage.until)]
    plans = [
        Span(max(first, v.first), min(until, v.until), Plan(code, v.holds, kva))
        for first, until in days
        for v in versions
        if max(first, v.first) < min(until, v.until)
    ]
    if sum((p.until - p.first for p in plans), timedelta()) < sum(
        (until - first for first, until in days), timedelta()
    ):
        raise WrongChangeError("tariff", _("This tariff has no prices for some days of the month."))
    return plans


def _with_factor(span: Span[Plan], factor: Decimal) -> Span[Plan]:
    terms, code = span.holds.terms, span.holds.tariff
    if not terms.has_factor:
        raise WrongChangeError("k", _("%(tariff)s has no factor K.") % {"tariff": code})
    if not terms.allows_factor(factor):
        raise WrongChangeError(
            "k",
            _("%(tariff)s allows K from %(least)s to %(most)s.")
            % {
                "tariff": code,
                "least": _limit(terms.peak_factor_min),
                "most": _limit(terms.peak_factor_max),
            },
        )
    return _with(span, replace(span.holds, terms=replace(terms, peak_factor=factor)))


def _limit(value: Decimal | None) -> str:
    return "…" if value is None else f"{value.normalize():f}"


def _with(span: Span[Plan], plan: Plan) -> Span[Plan]:
    return replace(span, holds=plan)


def _within(plans: list[Span[Plan]], usage: MonthUsage) -> list[Span[Plan]]:
    return [
        replace(span, first=max(span.first, usage.first), until=min(span.until, usage.until))
        for span in plans
        if max(span.first, usage.first) < min(span.until, usage.until)
    ]
