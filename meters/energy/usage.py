"""What a panel used in a month, by the prices that were in force: read from the quarter-hours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings

from meters.energy.billing import NOTHING, PeriodUsage, Stretch, gathered
from meters.energy.prices import PriceSegment, Terms, Timeline, day_start
from meters.energy.tariffs import month_range, panel_contracts, tariff_versions
from meters.energy.validity import Span
from meters.models import DirtyRange, Holiday, Panel, RollupState, Tariff, TrendQuarter

# As in Quarter, in its order.
_COLUMNS = (
    "start",
    "energy_wh",
    "reactive_varh",
    "energy_covered_s",
    "energy_recovered_s",
    "apparent_covered_s",
    "demand_max_w",
)


@dataclass(frozen=True, slots=True)
class Quarter:
    """One quarter of an hour as it was stored."""

    start: datetime
    energy_wh: float | None
    reactive_varh: float | None
    measured_s: float
    recovered_s: float
    apparent_s: float
    demand_w: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What bills go by: a tariff's code and terms, and the contract's power where it is known."""

    tariff: str
    terms: Terms
    contract_kva: Decimal | None


@dataclass(frozen=True, slots=True)
class MonthUsage:
    """A panel's quarter-hours of a month of the site, [first, until), up to `now`.

    `over`: the month is. `complete`: so it is, and nothing of it waits to be computed. `pruned`:
    not all of its quarter-hours are kept any more.
    """

    first: date
    until: date
    start: datetime
    end: datetime
    elapsed_s: float
    over: bool
    complete: bool
    pruned: bool
    quarters: tuple[Quarter, ...]
    holidays: frozenset[date]

    @property
    def coverage(self) -> float:
        """Share of the month's time up to now over which energy is known."""
        return self._share(sum(each.measured_s + each.recovered_s for each in self.quarters))

    @property
    def recovered(self) -> float:
        """Share of the time of which only the meter's register tells."""
        return self._share(sum(each.recovered_s for each in self.quarters))

    @property
    def reactive_coverage(self) -> float:
        """Share of the time over which voltage, current and power are known together."""
        return self._share(sum(each.apparent_s for each in self.quarters))

    @property
    def kwh(self) -> Decimal:
        return _thousandth(sum(each.energy_wh or 0.0 for each in self.quarters))

    @property
    def kvarh(self) -> Decimal | None:
        return _reactive(self.quarters)

    @property
    def maximum(self) -> tuple[float, datetime] | None:
        """The highest demand (W) of the quarter-hours that were measured well enough, and when."""
        known = [(each.demand_w, each.start) for each in self.quarters if each.demand_w is not None]
        return max(known, key=lambda found: found[0], default=None)

    def stretches(self, plans: Sequence[Span[Plan]]) -> list[Stretch]:
        """The usage under these plans, each in its days of the month."""
        found = []
        for span in plans:
            first, until = max(span.first, self.first), min(span.until, self.until)
            if first < until:
                found.append(self._stretch(first, until, span.holds))
        return found

    def _stretch(self, first: date, until: date, plan: Plan) -> Stretch:
        zone = ZoneInfo(settings.TIME_ZONE)
        start, end = day_start(first, zone), day_start(until, zone)
        quarters = [each for each in self.quarters if start <= each.start < end]
        timeline = Timeline([Span(first, until, plan.terms)], self.holidays, zone)
        return Stretch(
            tariff=plan.tariff,
            first=first,
            until=until,
            share=Decimal((until - first).days) / (self.until - self.first).days,
            terms=plan.terms,
            contract_kva=plan.contract_kva,
            usage=tuple(_by_price(quarters, list(timeline.segments(start, end)))),
            kvarh=_reactive(quarters),
        )

    def _share(self, seconds: float) -> float:
        return min(1.0, seconds / self.elapsed_s) if self.elapsed_s > 0 else 0.0


def month_usage(panel: Panel, year: int, month: int, now: datetime) -> MonthUsage:
    """Two reads of a range, one of the holidays and one of what was pruned, whatever the tariffs asked about afterwards."""
    zone = ZoneInfo(settings.TIME_ZONE)
    first, until = month_range(year, month)
    start, end = day_start(first, zone), day_start(until, zone)
    waiting = DirtyRange.objects.filter(panel=panel, first__lt=end, last__gte=start)
    rows = TrendQuarter.objects.filter(panel=panel, start__gte=start, start__lt=end)
    pruned = RollupState.objects.filter(panel=panel, hours_from__gt=start).exists()
    return MonthUsage(
        first=first,
        until=until,
        start=start,
        end=end,
        elapsed_s=(min(end, now) - start).total_seconds(),
        over=now >= end,
        complete=now >= end and not pruned and not waiting.exists(),
        pruned=pruned,
        quarters=tuple(Quarter(*row) for row in rows.order_by("start").values_list(*_COLUMNS)),
        holidays=frozenset(Holiday.objects.values_list("date", flat=True)),
    )


def panel_plans(panel: Panel) -> list[Span[Plan]]:
    """The panel's own tariffs through time, each version in its days."""
    contracts = panel_contracts([panel.pk]).get(panel.pk, [])
    versions = tariff_versions({span.holds[0] for span in contracts})
    codes = dict(Tariff.objects.filter(pk__in=versions).values_list("pk", "code"))
    return [
        Span(
            max(contract.first, version.first),
            min(contract.until, version.until),
            Plan(codes[tariff], version.holds, rating(panel) if kva is None else kva),
        )
        for contract in contracts
        for tariff, kva in [contract.holds]
        for version in versions[tariff]
        if max(contract.first, version.first) < min(contract.until, version.until)
    ]


def rating(panel: Panel) -> Decimal | None:
    """What stands for a contract where none is given."""
    return None if panel.rated_power_kva is None else Decimal(repr(panel.rated_power_kva))


def _by_price(
    quarters: Sequence[Quarter], segments: Sequence[PriceSegment]
) -> Iterator[PeriodUsage]:
    """Every price of the stretch, also those at which nothing was used. The segments leave out
    nothing of it."""
    energy_wh = [0.0] * len(segments)
    number = 0
    for quarter in quarters:
        while segments[number].end <= quarter.start:
            number += 1
        energy_wh[number] += quarter.energy_wh or 0.0
    yield from gathered(
        PeriodUsage(segment.period, segment.price_per_kwh, _thousandth(used))
        for segment, used in zip(segments, energy_wh, strict=True)
    )


def _reactive(quarters: Sequence[Quarter]) -> Decimal | None:
    known = [each.reactive_varh for each in quarters if each.reactive_varh is not None]
    return _thousandth(sum(known)) if known else None


def _thousandth(value: float) -> Decimal:
    """Wh as kWh, VArh as kVArh; to a thousandth of a Wh, beyond which a float's sum is noise."""
    return Decimal(repr(round(value, 3))) / 1000 if value else NOTHING
