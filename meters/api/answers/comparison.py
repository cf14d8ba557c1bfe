"""Several panels side by side."""

from collections.abc import Sequence
from datetime import datetime

from meters.api.answers.asked import Answer, Asked, currency, iso_or_none, money, rounded
from meters.api.answers.history import loading_percent
from meters.energy import comparison
from meters.energy.bucket import Bucket, Load
from meters.models import Panel


def compare(panels: Sequence[Panel], start: datetime, end: datetime) -> Answer:
    some = [Asked(panel, start, end) for panel in panels]
    first = some[0]
    result = comparison.compare([each.subject for each in some], first.calendar, first.period)
    shares = result.shares()
    ranked = sorted(some, key=lambda each: -(result.totals[each.panel.pk].energy_wh or 0.0))
    sums = Bucket(first.period.start)
    for each in some:
        sums.add(result.totals[each.panel.pk])
    # Money of several currencies has no sum; what is in another than the stated one is left out.
    currencies = {each.panel.pk: currency(each.panel) for each in some}
    stated = currencies[first.panel.pk]
    mixed = len(set(currencies.values())) > 1
    known_s = (sums.energy_covered_s + sums.energy_recovered_s) / len(some)
    head = first.head()
    del head["panel"]
    return head | {
        "currency": stated,
        "pending": any(each.pending() for each in some),
        "total": {
            "energy_wh": sums.energy_wh,
            "cost": None if mixed else money(sums.cost),
            "unpriced_wh": sums.unpriced_wh,
            "coverage": rounded(first.known_share(known_s)),
            "maximum_w": result.maximum_w,
            "maximum_at": iso_or_none(result.maximum_at),
            "diversity_factor": result.diversity_factor,
            "balance_percent": result.imbalance_percent(),
        },
        "panels": [
            _compared(each, rank, result, shares[each.panel.pk])
            | ({} if currencies[each.panel.pk] == stated else {"cost": None})
            for rank, each in enumerate(ranked, start=1)
        ],
    }


def _compared(asked: Asked, rank: int, result: comparison.Comparison, part: float | None) -> Answer:
    whole = result.totals[asked.panel.pk]
    load = whole.load or Load()
    return {
        "name": asked.panel.name,
        "title": str(asked.panel),
        "rank": rank,
        "energy_wh": whole.energy_wh,
        "cost": money(whole.cost),
        "unpriced_wh": whole.unpriced_wh,
        "share": part,
        "coverage": rounded(asked.known_share(whole.energy_covered_s + whole.energy_recovered_s)),
        "mean_w": comparison.mean_of(whole),
        "maximum_w": load.demand_w,
        "maximum_at": iso_or_none(load.demand_at),
        "load_factor": result.load_factors[asked.panel.pk],
        "loading_max_percent": loading_percent(load.maximum_va, asked.subject.rules.rated_va),
    }
