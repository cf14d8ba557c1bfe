"""A bill as the template prints it: lines, figures, and sentences about how far they reach."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.dateformat import format as date_text
from django.utils.translation import gettext

from dashboard import quantities
from dashboard.facts import Fact
from dashboard.formatting import NBSP, NOT_MEASURED, money, number, plain, price, zone_label
from dashboard.presentation import StateView
from meters.energy.billing import Bill, Line
from meters.energy.usage import MonthUsage
from meters.energy.what_if import Simulation, mixed_currencies
from meters.models.tariff_names import in_words

_ENOUGH = 0.995  # of a month's time: what is missing is less than the meter's own error


@dataclass(frozen=True, slots=True)
class LineView:
    name: str
    note: str
    quantity: str
    price: str
    amount: str


@dataclass(frozen=True, slots=True)
class BillView:
    """`difference`: between this and the actual bill, without a sign; empty where there is no
    other. `cheaper` None: they are the same."""

    tariff: str
    contract: str
    lines: list[LineView]
    total: str
    minimum: str
    difference: str
    cheaper: bool | None


def bill_view(bill: Bill, difference: Decimal | None = None) -> BillView:
    several = len(bill.stretches) > 1
    last = bill.stretches[-1]
    return BillView(
        tariff=", ".join(dict.fromkeys(stretch.tariff for stretch in bill.stretches)),
        contract=contract(last.contract_kva),
        lines=[_line(line, bill, several) for line in bill.lines],
        total=money(bill.total, bill.currency),
        minimum=_minimum(bill),
        difference="" if difference is None else money(abs(difference), bill.currency),
        cheaper=difference < 0 if difference else None,
    )


def contract(kva: Decimal | None) -> str:
    return f"{plain(kva)}{NBSP}kVA" if kva is not None else gettext("no contract power")


def notice(usage: MonthUsage) -> StateView:
    """How much of the month the bill knows of."""
    share = quantities.percent(usage.coverage)
    if usage.pruned:
        return StateView(
            "stale",
            gettext(
                "The quarter-hours of this month, from which bills are computed, are not kept any "
                "more."
            ),
        )
    if not usage.quarters:
        return StateView("stale", gettext("Nothing was measured in this month."))
    sentences = [_reach(usage, share)]
    if usage.recovered > 0:
        recovered = quantities.percent(usage.recovered)
        sentences.append(
            gettext("%(share)s of the time was recovered from the meter's register.")
            % {"share": recovered}
        )
    return StateView("live" if usage.coverage >= _ENOUGH else "stale", " ".join(sentences))


def _reach(usage: MonthUsage, share: str) -> str:
    if not usage.over:
        return gettext(
            "The month is not over: this is the bill so far, computed from %(share)s of the time up "
            "to now."
        ) % {"share": share}
    if not usage.complete:
        return gettext(
            "Computed from %(share)s of the month; some of it is just being computed anew."
        ) % {"share": share}
    if usage.coverage < _ENOUGH:
        return gettext(
            "Computed from %(share)s of the month: what was used in the rest is not in the bill."
        ) % {"share": share}
    return gettext("Computed from %(share)s of the month.") % {"share": share}


def facts(found: Simulation) -> list[Fact]:
    usage, bill = found.usage, found.bill
    return [
        Fact("total", gettext("Total"), _total(bill), _surcharges(bill)),
        Fact("energy", gettext("Energy"), _kwh(usage.kwh), _peak_share(bill)),
        _power_factor(found),
        _maximum(usage),
    ]


def unpriced(found: Simulation) -> str:
    """About energy that no tariff has a price for."""
    if found.bill is None or found.unpriced_kwh < Decimal("0.01"):
        return ""
    return gettext("%(energy)s were used on days without a tariff and are not in the bill.") % {
        "energy": _kwh(found.unpriced_kwh)
    }


def missing(found: Simulation) -> str:
    """Why there is no bill."""
    if found.bill:
        return ""
    if found.mixed:
        return mixed_currencies()
    return gettext("This panel has no tariff in this month, so that there is no bill of it.")


def month_name(first: date) -> str:
    return date_text(first, "F Y")


def _line(line: Line, bill: Bill, several: bool) -> LineView:
    days = (line.stretch.first, line.last)
    names = {
        "minimum": gettext("Up to the minimum bill"),
        "reactive": gettext("Reactive energy beyond the limit"),
    }
    return LineView(
        name=names.get(line.kind) or in_words(line.name),
        note=" – ".join(date_text(day, "j M") for day in days) if several else "",
        quantity=_quantity(line),
        price="" if line.price is None else price(line.price, bill.currency),
        amount=money(line.amount, bill.currency),
    )


def _quantity(line: Line) -> str:
    if line.quantity is None:
        return ""
    if line.unit == "%":
        return f"{plain(line.quantity)}{NBSP}%"
    return f"{number(float(line.quantity), 2)}{NBSP}{line.unit}"


def _minimum(bill: Bill) -> str:
    """The minimum in words; of a month with several contracts or prices only its amount."""
    if not bill.minimum_amount:
        return gettext("No minimum bill: no contract power is known, or the tariff has none.")
    amount = money(bill.minimum_amount, bill.currency)
    binds = gettext("it binds") if bill.minimum_binds else gettext("it does not bind")
    stretch = bill.stretches[-1]
    if len(bill.stretches) > 1:
        return gettext("Minimum bill: %(amount)s; %(binds)s.") % {"amount": amount, "binds": binds}
    return gettext(
        "Minimum bill: %(hours)s h × %(contract)s × %(price)s = %(amount)s; %(binds)s."
    ) % {
        "hours": plain(stretch.terms.minimum_hours),
        "contract": contract(stretch.contract_kva),
        "price": price(stretch.terms.price_per_kwh, bill.currency),
        "amount": amount,
        "binds": binds,
    }


def _total(bill: Bill | None) -> str:
    return money(bill.total, bill.currency) if bill else NOT_MEASURED


def _surcharges(bill: Bill | None) -> str:
    if bill is None:
        return gettext("no tariff")
    taxed = any(line.kind == "surcharge" for line in bill.lines)
    return gettext("surcharges included") if taxed else gettext("without taxes and surcharges")


def _peak_share(bill: Bill | None) -> str:
    """Which share of the energy cost more than the base price."""
    kwh = sum((stretch.kwh for stretch in bill.stretches), Decimal(0)) if bill else Decimal(0)
    if bill is None or not kwh:
        return ""
    dear = sum(
        (
            each.kwh
            for stretch in bill.stretches
            for each in stretch.usage
            if each.price_per_kwh > stretch.terms.price_per_kwh
        ),
        Decimal(0),
    )
    share = quantities.percent(float(dear / kwh))
    return gettext("%(share)s of it at the peak price") % {"share": share} if dear else ""


def _power_factor(found: Simulation) -> Fact:
    usage, bill = found.usage, found.bill
    factor = bill.power_factor if bill else None
    note = ""
    if usage.kvarh is not None:
        note = gettext("%(kvarh)s kVArh, known for %(share)s of the time") % {
            "kvarh": number(float(usage.kvarh), 2),
            "share": quantities.percent(usage.reactive_coverage),
        }
    value = NOT_MEASURED if factor is None else number(float(factor), 3)
    return Fact("power_factor", gettext("Mean power factor"), value, note)


def _maximum(usage: MonthUsage) -> Fact:
    label = gettext("Maximum demand")
    if usage.maximum is None:
        return Fact("maximum", label, NOT_MEASURED, "")
    power_w, at = usage.maximum
    when = f"{quantities.when(at)} {zone_label(at)}"
    return Fact("maximum", label, quantities.power(power_w), when)


def _kwh(kwh: Decimal) -> str:
    return quantities.energy(float(kwh * 1000))
