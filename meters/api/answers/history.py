"""Trends, energy, statistics."""

from collections.abc import Mapping, Sequence

from meters.api.answers.asked import Answer, Asked, currency, iso_of, iso_or_none, money, rounded
from meters.energy import charts
from meters.energy.bucket import Bucket, Load, Statistics
from meters.energy.calendar import Level
from meters.energy.history import (
    EnergyOf,
    buckets,
    energy_by_hour,
    energy_of,
    is_pruned,
    kept_from,
    months,
)
from meters.metrics import METRICS


def trends(asked: Asked, metrics: Sequence[str], points: int) -> Answer:
    found = charts.chart(asked.subject, asked.calendar, asked.period, metrics, points, asked.now_us)
    return asked.head() | {
        "level": found.level,
        "step_s": found.step_s,
        "pending": asked.pending(),
        "metrics": list(metrics),
        "points": [
            {
                "start": iso_of(point.start),
                "end": iso_of(point.end),
                "coverage": rounded(point.coverage(asked.now_us)),
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
    panel, calendar = asked.panel.pk, asked.calendar
    if by == "month":
        parts = energy_of(panel, calendar, months(calendar, asked.period))
    else:
        level = Level(by)
        parts = energy_of(panel, calendar, buckets(calendar, level, asked.period), level)
    # Where all is known nothing was pruned.
    kept = kept_from(panel) if any(part.wh is None for part in parts) else {}
    if by == "hour" and kept.get(Level.HOUR, 0) > asked.period.start:
        parts = energy_by_hour(panel, calendar, asked.period, kept[Level.HOUR])
    whole = EnergyOf(asked.period)
    for part in parts:
        whole.add(part.wh, part.covered_s, part.recovered_s, part.cost, part.unpriced_wh)
    return (
        asked.head()
        | {"by": by, "currency": currency(asked.panel), "pending": asked.pending()}
        | _energy(whole, asked.now_us)
        | {
            "buckets": [
                {
                    "start": iso_of(part.period.start),
                    "end": iso_of(part.period.end),
                    **_energy(part, asked.now_us),
                    "quality": _quality(asked, part, kept),
                }
                for part in parts
            ]
        }
    )


def _quality(asked: Asked, part: EnergyOf, kept: Mapping[Level, int]) -> str:
    if part.wh is None and is_pruned(asked.calendar, part.period, kept):
        return "pruned"
    return part.quality(asked.now_us)


def _energy(amount: EnergyOf, now_us: int) -> Answer:
    return {
        "energy_wh": amount.wh,
        "cost": money(amount.cost),
        "unpriced_wh": amount.unpriced_wh,
        "coverage": rounded(amount.coverage(now_us)),
        "recovered": rounded(amount.recovered(now_us)),
    }


def statistics(asked: Asked) -> Answer:
    whole = asked.total()
    return asked.head() | {
        "pending": asked.pending(),
        "currency": currency(asked.panel),
        "energy_wh": whole.energy_wh,
        "cost": money(whole.cost),
        "unpriced_wh": whole.unpriced_wh,
        "coverage": rounded(asked.known_share(whole.energy_covered_s + whole.energy_recovered_s)),
        "recovered": rounded(asked.known_share(whole.energy_recovered_s)),
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
        "min_at": iso_or_none(figures.minimum_at),
        "max": figures.maximum,
        "max_at": iso_or_none(figures.maximum_at),
        "coverage": rounded(asked.known_share(figures.covered_s)),
    }


def _load(asked: Asked, whole: Bucket) -> Answer:
    load = whole.load or Load()
    rated_va = asked.subject.rules.rated_va
    return {
        "apparent_vah": load.apparent_vah,
        "apparent_max_va": load.maximum_va,
        "apparent_max_at": iso_or_none(load.maximum_at),
        "reactive_varh": load.reactive_varh,
        "power_factor": _power_factor(whole),
        "coverage": rounded(asked.known_share(load.covered_s)),
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
