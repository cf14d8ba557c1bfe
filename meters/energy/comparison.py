"""Several panels side by side: ranking, share, load balance, diversity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meters.energy.bucket import Bucket
from meters.energy.calendar import Calendar
from meters.energy.history import Period, total
from meters.energy.peaks import Demands, demands, mean_w
from meters.energy.readings import Subject


@dataclass(frozen=True, slots=True)
class Comparison:
    """`totals` and `load_factors` of each panel by its key. `maximum_w`: the highest sum of the demands of a
    quarter-hour that is known of all panels, at `maximum_at`.

    `diversity_factor`: the sum of the panels' own maxima over those quarter-hours, divided by the
    maximum of their sum; 1 where all peak together (IEC 60050-691-10-04, secondary).
    """

    totals: Mapping[int, Bucket]
    load_factors: Mapping[int, float | None]
    maximum_w: float | None
    maximum_at: int | None
    diversity_factor: float | None

    def shares(self) -> dict[int, float | None]:
        """Each panel's share of the energy of all, 0 to 1; None where a share makes no sense: the
        sum is nothing, or a panel feeds in."""
        wh = {panel: bucket.energy_wh for panel, bucket in self.totals.items()}
        known = [each for each in wh.values() if each is not None]
        whole = sum(known)
        if whole <= 0 or min(known) < 0:
            return dict.fromkeys(wh)
        return {panel: None if each is None else each / whole for panel, each in wh.items()}

    def imbalance_percent(self) -> float | None:
        """The largest deviation of a panel's mean power from the mean of all, in percent of that
        mean: 0 where all carry the same load. None where a panel feeds in: then it says nothing."""
        means = [mean for mean in map(mean_of, self.totals.values()) if mean is not None]
        middle = sum(means) / len(means) if means else 0.0
        if len(means) < 2 or middle <= 0 or min(means) < 0:
            return None
        return max(abs(mean - middle) for mean in means) / middle * 100


def mean_of(whole: Bucket) -> float | None:
    """The mean power (W) over the time whose energy is known."""
    return mean_w(whole.energy_wh, whole.energy_covered_s + whole.energy_recovered_s)


def _load_factor(demands_w: Mapping[int, float]) -> float | None:
    found = Demands()
    found.see(0, tuple(demands_w.values()))
    return found.load_factor


def compare(subjects: Sequence[Subject], calendar: Calendar, period: Period) -> Comparison:
    totals = {
        subject.panel: total(subject.panel, subject.rules, calendar, period) for subject in subjects
    }
    by_panel = demands([subject.panel for subject in subjects], calendar, period)
    factors = {panel: _load_factor(known) for panel, known in by_panel.items()}
    of_panels = list(by_panel.values())
    common = set.intersection(*(set(each) for each in of_panels)) if of_panels else set()
    if not common:
        return Comparison(totals, factors, None, None, None)
    sums = {start: sum(each[start] for each in of_panels) for start in sorted(common)}
    maximum_at = max(sums, key=sums.__getitem__)
    maximum_w = sums[maximum_at]
    own = sum(max(each[start] for start in common) for each in of_panels)
    diversity = own / maximum_w if maximum_w > 0 else None
    return Comparison(totals, factors, maximum_w, maximum_at, diversity)
