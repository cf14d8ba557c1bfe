"""What the calls on a panel's history answer, as plain values ready for JSON: for the API, and for
the pages' first look."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from meters.energy import charts, comparison, compliance, peaks
from meters.energy.bucket import Bucket, Load, Statistics
from meters.energy.calendar import QUARTER_US, Calendar, Level
from meters.energy.demand import QUARTER_S
from meters.energy.history import (
    EnergyOf,
    Period,
    buckets,
    energy_of,
    months,
    share,
    site_calendar,
    total,
)
from meters.energy.readings import Subject
from meters.live import iso
from meters.metrics import METRICS
from meters.models import DirtyRange, Panel, TariffAssignment
from meters.mqtt.timestamps import to_datetime, to_microseconds

Answer = dict[str, Any]
DEFAULT_CURRENCY = "IDR"
_SOON = timedelta(minutes=2)  # what is dirty for less is only on its way


@dataclass
class Asked:
    """A panel and a stretch of its history. `now` is cut down to the minute, so that an answer stays
    the same until something changes that can be seen in it."""

    panel: Panel
    start: datetime
    end: datetime
    now: datetime = field(default_factory=timezone.now)

    def __post_init__(self) -> None:
        self.calendar: Calendar = site_calendar()
        self.subject = Subject.of(self.panel)
        self.period = Period.of_minutes(to_microseconds(self.start), to_microseconds(self.end))
        self.now_us = to_microseconds(self.now.replace(second=0, microsecond=0))

    def head(self) -> Answer:
        return {
            "panel": self.panel.name,
            "from": _iso(self.period.start),
            "to": _iso(self.period.end),
            "timezone": settings.TIME_ZONE,
        }

    def total(self) -> Bucket:
        return total(self.panel.pk, self.subject.rules, self.calendar, self.period)

    def pending(self) -> bool:
        """Whether readings in it have been waiting to be added up for longer than usual."""
        waiting = DirtyRange.objects.filter(
            panel=self.panel, first__lt=self.end, last__gte=self.start
        )
        return waiting.filter(first__lt=self.now - _SOON).exists()

    def known_share(self, seconds: float) -> float:
        return share(seconds, self.period, self.now_us)


def trends(asked: Asked, metrics: Sequence[str], points: int) -> Answer:
    found = charts.chart(asked.subject, asked.calendar, asked.period, metrics, points, asked.now_us)
    return asked.head() | {
        "level": found.level,
        "step_s": found.step_s,
        "pending": asked.pending(),
        "metrics": list(metrics),
        "points": [
            {
                "start": _iso(point.start),
                "end": _iso(point.end),
                "coverage": _share(point.coverage(asked.now_us)),
                **{metric: _span(point.metrics.get(metric)) for metric in metrics},
            }
            for point in found.points
        ],
    }


def _span(figures: Statistics | None) -> Answer:
    if figures is None:
        return {"mean": None, "min": None, "max": None}
    return {"mean": figures.mean, "min": figures.minimum, "max": figures.maximum}


def energy(asked: Asked, by: str) -> Answer:
    if by == "hour":
        periods = buckets(asked.calendar, Level.HOUR, asked.period)
    elif by == "day":
        periods = buckets(asked.calendar, Level.DAY, asked.period)
    else:
        periods = months(asked.calendar, asked.period)
    coarsest = Level.HOUR if by == "hour" else Level.DAY
    parts = energy_of(asked.panel.pk, asked.calendar, periods, coarsest)
    whole = EnergyOf(asked.period)
    for part in parts:
        whole.add(part.wh, part.covered_s, part.recovered_s, part.cost)
    return (
        asked.head()
        | {"by": by, "currency": currency(asked.panel), "pending": asked.pending()}
        | _energy(whole, asked.now_us)
        | {
            "buckets": [
                {"start": _iso(part.period.start), "end": _iso(part.period.end)}
                | _energy(part, asked.now_us)
                | {"quality": part.quality(asked.now_us)}
                for part in parts
            ]
        }
    )


def _energy(amount: EnergyOf, now_us: int) -> Answer:
    return {
        "energy_wh": amount.wh,
        "cost": _money(amount.cost),
        "coverage": _share(amount.coverage(now_us)),
        "recovered": _share(amount.recovered(now_us)),
    }


def statistics(asked: Asked) -> Answer:
    whole = asked.total()
    return asked.head() | {
        "pending": asked.pending(),
        "currency": currency(asked.panel),
        "energy_wh": whole.energy_wh,
        "cost": _money(whole.cost),
        "coverage": _share(asked.known_share(whole.energy_covered_s + whole.energy_recovered_s)),
        "recovered": _share(asked.known_share(whole.energy_recovered_s)),
        "metrics": {
            metric.name: _statistics(asked, metric.unit, whole.metrics[metric.name])
            for metric in METRICS.values()
        },
        "load": _load(asked, whole),
    }


def _statistics(asked: Asked, unit: str, figures: Statistics) -> Answer:
    return {
        "unit": unit,
        "count": figures.count,
        "mean": figures.mean,
        "min": figures.minimum,
        "min_at": _iso_or_none(figures.minimum_at),
        "max": figures.maximum,
        "max_at": _iso_or_none(figures.maximum_at),
        "coverage": _share(asked.known_share(figures.covered_s)),
    }


def _load(asked: Asked, whole: Bucket) -> Answer:
    load = whole.load or Load()
    rated_va = asked.subject.rules.rated_va
    return {
        "apparent_vah": load.apparent_vah,
        "apparent_max_va": load.maximum_va,
        "apparent_max_at": _iso_or_none(load.maximum_at),
        "reactive_varh": load.reactive_varh,
        "power_factor": _power_factor(whole),
        "coverage": _share(asked.known_share(load.covered_s)),
        "rated_kva": asked.panel.rated_power_kva,
        "loading_max_percent": loading_percent(load.maximum_va, rated_va),
        "minutes_over_80": _minutes(load.over_80_s, rated_va),
        "minutes_over_100": _minutes(load.over_100_s, rated_va),
        "minutes_over_120": _minutes(load.over_120_s, rated_va),
    }


def loading_percent(apparent_va: float | None, rated_va: float | None) -> float | None:
    return apparent_va / rated_va * 100 if apparent_va is not None and rated_va else None


def _minutes(seconds: float | None, rated_va: float | None) -> float | None:
    return seconds / 60 if seconds is not None and rated_va else None


def _power_factor(whole: Bucket) -> float | None:
    """Active over apparent energy, where both are known of about the same time."""
    load = whole.load
    if load is None or not load.apparent_vah or whole.energy_wh is None:
        return None
    power = whole.metrics["power"]
    if power.mean is None or not load.covered_s:
        return None
    return min(1.0, abs(power.mean) / (load.apparent_vah * 3600 / load.covered_s))


def demand(asked: Asked, points: int) -> Answer:
    whole = asked.total()
    load = whole.load or Load()
    running = peaks.running(asked.subject, to_microseconds(asked.now))
    passed = asked.period.until(asked.now_us) // QUARTER_US
    maximum = None
    if load.demand_at is not None:
        maximum = {
            "start": _iso(load.demand_at),
            "end": _iso(load.demand_at + QUARTER_US),
            "demand_w": load.demand_w,
        }
    return asked.head() | {
        "block_minutes": 15,
        "pending": asked.pending(),
        "coverage": _share(asked.known_share(whole.energy_covered_s)),
        "maximum": maximum,
        "mean_w": peaks.mean_w(whole),
        "load_factor": peaks.load_factor(whole),
        "blocks_complete": load.demand_blocks,
        "blocks_incomplete": max(0, passed - load.demand_blocks),
        "running": _running(asked, running),
        "blocks": [
            {
                "start": _iso(peak.start),
                "end": _iso(peak.end),
                "demand_w": peak.demand_w,
                "at": _iso_or_none(peak.at),
            }
            for peak in peaks.peaks(asked.panel.pk, asked.calendar, asked.period, points)
            if peak.start < asked.now_us
        ],
    }


def _running(asked: Asked, running: peaks.Running | None) -> Answer | None:
    if running is None or not asked.period.start <= running.start < asked.period.end:
        return None
    return {
        "start": _iso(running.start),
        "end": _iso(running.start + QUARTER_US),
        "elapsed_s": running.elapsed_s,
        "mean_w": running.mean_w,
        "forecast_w": running.forecast_w,
    }


def load_duration(asked: Asked, points: int) -> Answer:
    blocks = peaks.demands([asked.panel.pk], asked.calendar, asked.period)[asked.panel.pk]
    demands_w = list(blocks.values())
    count = len(demands_w)
    return asked.head() | {
        "pending": asked.pending(),
        "blocks": count,
        "hours": count / 4,
        "coverage": _share(asked.known_share(count * QUARTER_S)),
        "maximum_w": max(demands_w, default=None),
        "mean_w": sum(demands_w) / count if count else None,
        "minimum_w": min(demands_w, default=None),
        "points": [
            {"percent": percent, "power_w": power_w}
            for percent, power_w in peaks.load_duration(demands_w, points)
        ],
    }


def voltage_compliance(asked: Asked, band_name: str) -> Answer:
    band = compliance.BANDS[band_name]
    nominal_v = asked.panel.nominal_voltage_v
    some_weeks = compliance.weeks(asked.calendar, asked.period)
    found = compliance.compliance(asked.panel.pk, nominal_v, band, some_weeks)
    return asked.head() | {
        "band": band.name,
        "title": band.title,
        "source": band.source,
        "nominal_v": nominal_v,
        "low_v": nominal_v * (1 + band.low / 100),
        "high_v": nominal_v * (1 + band.high / 100),
        "share_percent": band.share * 100,
        "pending": asked.pending(),
        "weeks": [_week(week, band) for week in found],
    }


def _week(week: compliance.Week, band: compliance.Band) -> Answer:
    return {
        "start": _iso(week.start),
        "end": _iso(week.end),
        "expected": week.expected,
        "measured": week.measured,
        "coverage": _share(week.coverage),
        "outside": week.outside,
        "outside_percent": week.outside / week.measured * 100 if week.measured else None,
        "beyond": week.beyond,
        "lowest_v": week.lowest_v,
        "lowest_at": _iso_or_none(week.lowest_at),
        "highest_v": week.highest_v,
        "highest_at": _iso_or_none(week.highest_at),
        "verdict": week.verdict(band),
    }


def compare(panels: Sequence[Panel], start: datetime, end: datetime) -> Answer:
    some = [Asked(panel, start, end) for panel in panels]
    first = some[0]
    result = comparison.compare([each.subject for each in some], first.calendar, first.period)
    shares = result.shares()
    ranked = sorted(some, key=lambda each: -(result.totals[each.panel.pk].energy_wh or 0.0))
    sums = Bucket(first.period.start)
    for each in some:
        sums.add(result.totals[each.panel.pk])
    known_s = (sums.energy_covered_s + sums.energy_recovered_s) / len(some)
    head = first.head()
    del head["panel"]
    return head | {
        "currency": currency(first.panel),
        "pending": any(each.pending() for each in some),
        "total": {
            "energy_wh": sums.energy_wh,
            "cost": _money(sums.cost),
            "coverage": _share(first.known_share(known_s)),
            "maximum_w": result.maximum_w,
            "maximum_at": _iso_or_none(result.maximum_at),
            "diversity_factor": result.diversity_factor,
            "balance_percent": result.imbalance_percent(),
        },
        "panels": [
            _compared(each, rank, result.totals[each.panel.pk], shares[each.panel.pk])
            for rank, each in enumerate(ranked, start=1)
        ],
    }


def _compared(asked: Asked, rank: int, whole: Bucket, part: float | None) -> Answer:
    load = whole.load or Load()
    return {
        "name": asked.panel.name,
        "title": str(asked.panel),
        "rank": rank,
        "energy_wh": whole.energy_wh,
        "cost": _money(whole.cost),
        "share": part,
        "coverage": _share(asked.known_share(whole.energy_covered_s + whole.energy_recovered_s)),
        "mean_w": peaks.mean_w(whole),
        "maximum_w": load.demand_w,
        "maximum_at": _iso_or_none(load.demand_at),
        "load_factor": peaks.load_factor(whole),
        "loading_max_percent": loading_percent(load.maximum_va, asked.subject.rules.rated_va),
    }


def currency(panel: Panel) -> str:
    """Of the panel's newest tariff."""
    newest = TariffAssignment.objects.filter(panel=panel).order_by("-valid_from")
    return newest.values_list("tariff__currency", flat=True).first() or DEFAULT_CURRENCY


def _iso(moment_us: int) -> str:
    return iso(to_datetime(moment_us)) or ""


def _iso_or_none(moment_us: int | None) -> str | None:
    return None if moment_us is None else _iso(moment_us)


def _share(share: float) -> float:
    return round(share, 6)


def _money(amount: Decimal | None) -> Decimal | None:
    """To the hundredth: what lies below is there to make sums come out even."""
    return None if amount is None else amount.quantize(Decimal("0.01"))
