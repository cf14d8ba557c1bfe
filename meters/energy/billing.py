"""A month's bill from its usage and the tariff. Pure; docs/energy.md states the formulas.

Nothing is rounded before it is priced; each line's amount is rounded to the hundredth, half up, and
the total is the sum of the lines as they are printed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from meters.energy.prices import Terms

HUNDREDTH = Decimal("0.01")
NOTHING = Decimal(0)
LineKind = Literal["usage", "minimum", "reactive", "surcharge"]


@dataclass(frozen=True, slots=True)
class PeriodUsage:
    """What was used in the hours of one price."""

    name: str
    price_per_kwh: Decimal
    kwh: Decimal


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of a month, from `first` until `until` (excluded), over which nothing changed in the
    tariff. `share`: of the month's days. `kvarh` and `contract_kva` None: not known."""

    tariff: str
    first: date
    until: date
    share: Decimal
    terms: Terms
    contract_kva: Decimal | None
    usage: tuple[PeriodUsage, ...]
    kvarh: Decimal | None

    @property
    def kwh(self) -> Decimal:
        return sum((each.kwh for each in self.usage), NOTHING)

    @property
    def energy_amount(self) -> Decimal:
        return sum((each.kwh * each.price_per_kwh for each in self.usage), NOTHING)

    @property
    def minimum_amount(self) -> Decimal:
        """Hours x contract kVA x base price, for these days; nothing without a contract."""
        terms, kva = self.terms, self.contract_kva or NOTHING
        return terms.minimum_hours * kva * terms.price_per_kwh * self.share


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` in `unit` at `price`; the minimum has neither, a surcharge a percentage.

    `stretch` tells which days it is about, where a month has several.
    """

    kind: LineKind
    name: str
    quantity: Decimal | None
    unit: str
    price: Decimal | None
    amount: Decimal
    stretch: Stretch

    @property
    def last(self) -> date:
        return self.stretch.until - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bill:
    """`minimum_amount`: the least that the month costs. `power_factor`: the month's mean; None
    where reactive energy isn't known."""

    currency: str
    lines: tuple[Line, ...]
    total: Decimal
    energy_amount: Decimal
    minimum_amount: Decimal
    power_factor: Decimal | None
    stretches: tuple[Stretch, ...]

    @property
    def minimum_binds(self) -> bool:
        return self.minimum_amount > self.energy_amount


def make_bill(stretches: Sequence[Stretch]) -> Bill:
    """The bill over the stretches of a month. Raises ValueError where there is none, and where the
    currency changes within the month."""
    currencies = {stretch.terms.currency for stretch in stretches}
    if len(currencies) != 1:
        raise ValueError(f"a bill has one currency, and not {sorted(currencies)}")
    usage = list(_usage(stretches))
    lines = [*usage, *_minimum(stretches, usage), *_reactive(stretches)]
    lines += _surcharges(stretches, lines)
    return Bill(
        currency=currencies.pop(),
        lines=tuple(lines),
        total=sum((line.amount for line in lines), NOTHING),
        energy_amount=_rounded(sum((each.energy_amount for each in stretches), NOTHING)),
        minimum_amount=_rounded(sum((each.minimum_amount for each in stretches), NOTHING)),
        power_factor=power_factor(stretches),
        stretches=tuple(stretches),
    )


def power_factor(stretches: Iterable[Stretch]) -> Decimal | None:
    """Mean over the month: kWh / sqrt(kWh^2 + kVArh^2)."""
    known = [stretch for stretch in stretches if stretch.kvarh is not None]
    kwh = sum((stretch.kwh for stretch in known), NOTHING)
    kvarh = sum((stretch.kvarh or NOTHING for stretch in known), NOTHING)
    return kwh / (kwh * kwh + kvarh * kvarh).sqrt() if kwh > 0 else None


def excess_kvarh(kwh: Decimal, kvarh: Decimal, limit: Decimal) -> Decimal:
    """kVArh - tan(arccos(limit)) x kWh, and not below 0. Unverified: PLN's own text was not read,
    and some round the factor of 0.85 to 0.6197."""
    return max(NOTHING, kvarh - (1 - limit * limit).sqrt() / limit * kwh)


def shifted(stretch: Stretch, percent: Decimal) -> Stretch:
    """That share of the kWh that cost more than the base price used at the base price instead."""
    base, share = stretch.terms.price_per_kwh, percent / 100
    moved = sum((each.kwh * share for each in stretch.usage if each.price_per_kwh > base), NOTHING)
    usage = [
        replace(each, kwh=each.kwh * (1 - share)) if each.price_per_kwh > base else each
        for each in stretch.usage
    ]
    usage.append(PeriodUsage(stretch.terms.rest_name, base, moved))
    return replace(stretch, usage=tuple(gathered(usage)))


def gathered(usage: Iterable[PeriodUsage]) -> list[PeriodUsage]:
    """One for each name and price, dearest last."""
    kwh: dict[tuple[Decimal, str], Decimal] = {}
    for each in usage:
        key = (each.price_per_kwh, each.name)
        kwh[key] = kwh.get(key, NOTHING) + each.kwh
    return [PeriodUsage(name, price, kwh[price, name]) for price, name in sorted(kwh)]


def _usage(stretches: Iterable[Stretch]) -> Iterator[Line]:
    for stretch in stretches:
        for each in stretch.usage:
            amount = _rounded(each.kwh * each.price_per_kwh)
            yield Line("usage", each.name, each.kwh, "kWh", each.price_per_kwh, amount, stretch)


def _minimum(stretches: Sequence[Stretch], usage: Sequence[Line]) -> Iterator[Line]:
    """What is missing to the minimum, over the stretches in proportion to what they add to it; to
    the hundredth, so that the lines add up to the minimum."""
    minimum = sum((stretch.minimum_amount for stretch in stretches), NOTHING)
    missing = _rounded(minimum) - sum((line.amount for line in usage), NOTHING)
    reached = shown = NOTHING
    for stretch in stretches if missing > 0 else ():
        reached += stretch.minimum_amount
        amount = _rounded(missing * reached / minimum) - shown
        shown += amount
        if amount:
            yield Line("minimum", "Up to the minimum", None, "", None, amount, stretch)


def _reactive(stretches: Sequence[Stretch]) -> Iterator[Line]:
    """Where the month's mean power factor is below the limit: what is beyond it over the month, at
    the stretches' prices in proportion to their kVArh."""
    billed = [each for each in stretches if each.kvarh and each.terms.kvarh_price]
    factor = power_factor(billed)
    limit = billed[-1].terms.power_factor_limit if billed else NOTHING
    if factor is None or factor >= limit:
        return
    kvarh = sum((stretch.kvarh or NOTHING for stretch in billed), NOTHING)
    excess = excess_kvarh(sum((each.kwh for each in billed), NOTHING), kvarh, limit)
    for stretch in billed:
        quantity, price = excess * (stretch.kvarh or NOTHING) / kvarh, stretch.terms.kvarh_price
        amount = _rounded(quantity * price)
        yield Line("reactive", "Reactive energy", quantity, "kVArh", price, amount, stretch)


def _surcharges(stretches: Iterable[Stretch], lines: Sequence[Line]) -> list[Line]:
    """Percentages of the lines of the same days; they don't add to one another."""
    return [
        Line(
            "surcharge",
            surcharge.name,
            surcharge.percent,
            "%",
            None,
            _rounded(
                sum((line.amount for line in lines if line.stretch is stretch), NOTHING)
                * surcharge.percent
                / 100
            ),
            stretch,
        )
        for stretch in stretches
        for surcharge in stretch.terms.surcharges
    ]


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(HUNDREDTH, ROUND_HALF_UP)
