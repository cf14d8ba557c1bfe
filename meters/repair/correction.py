"""What a repair is meant to do, and what it would come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Max, Min, Q, QuerySet
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from meters.metrics import MEASURED
from meters.models import Panel, RollupState, Trend
from meters.models.billed import first_open_day
from meters.models.repair import Action

MOST_ROWS = 200_000
_SHOWN_AT_EACH_END = 3


class RepairRefusedError(Exception):
    """This can't be done; says why, for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class Correction:
    """Of a panel's readings in [start, end). `metric` where the action concerns one; `factor` and
    `offset` (in the metric's unit) where it is to be scaled."""

    panel: Panel
    start: datetime
    end: datetime
    action: Action
    metric: str = ""
    factor: Decimal = Decimal(1)
    offset: Decimal = Decimal(0)

    @property
    def metrics(self) -> list[str]:
        """Those that change."""
        return [self.metric] if self.metric else list(MEASURED)

    def samples(self) -> "QuerySet[Trend]":
        """Those that change, in the order of time."""
        some = Q()
        for metric in self.metrics:
            some |= Q(**{f"{metric}__isnull": False})
        return Trend.objects.filter(
            some, panel=self.panel, timestamp__gte=self.start, timestamp__lt=self.end
        ).order_by("timestamp")

    def corrected(self, value: float) -> float | None:
        """What stands in place of the value: None for nothing. In decimals, so that 0.1 times 3 is
        0.3. Raises RepairRefusedError where it is not plausible."""
        if self.action is not Action.SCALE:
            return None
        metric = MEASURED[self.metric]
        result = float(Decimal(repr(value)) * self.factor + self.offset)
        if not metric.minimum <= result <= metric.maximum:
            raise RepairRefusedError(
                _(
                    "%(before)s %(unit)s would become %(after)s %(unit)s, which is outside the "
                    "plausible range of %(metric)s: %(minimum)s to %(maximum)s %(unit)s."
                )
                % {
                    "before": f"{value:g}",
                    "after": f"{result:g}",
                    "unit": metric.unit,
                    "metric": _(metric.label),
                    "minimum": f"{metric.minimum:g}",
                    "maximum": f"{metric.maximum:g}",
                }
            )
        return result

    def refuse_number(self, rows: int) -> None:
        """Raises RepairRefusedError where there are too many to repair at once, or none."""
        if not rows:
            raise RepairRefusedError(_("There is no reading to repair in this range."))
        if rows > MOST_ROWS:
            raise RepairRefusedError(
                _(
                    "There are more than %(most)s readings in this range: choose a shorter one, and "
                    "repair the rest after it."
                )
                % {"most": number_format(MOST_ROWS)}
            )


@dataclass(frozen=True, slots=True)
class Line:
    """A sample before and after; None: no value."""

    moment: datetime
    values: Sequence[tuple[float | None, float | None]]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a correction would do: to how many readings, from the first to the last; some of them."""

    rows: int
    first: datetime
    last: datetime
    metrics: Sequence[str]
    lines: Sequence[Line]
    billed_until: date | None
    sealed_before: datetime | None

    @classmethod
    def of(cls, correction: Correction) -> "Preview":
        """Raises RepairRefusedError where it can't be done."""
        samples = correction.samples()
        rows = samples[: MOST_ROWS + 1].count()
        correction.refuse_number(rows)
        if correction.action is Action.SCALE:
            extremes = samples.aggregate(low=Min(correction.metric), high=Max(correction.metric))
            for extreme in extremes.values():
                correction.corrected(extreme)
        start = list(samples[:_SHOWN_AT_EACH_END])
        end = list(samples.reverse()[: min(_SHOWN_AT_EACH_END, rows - len(start))])
        shown = [*start, *reversed(end)]
        last = samples.reverse()[0].timestamp
        return cls(
            rows,
            start[0].timestamp,
            last,
            correction.metrics,
            [_line(correction, sample) for sample in shown],
            _billed_until(start[0].timestamp),
            _sealed_before(correction.panel, start[0].timestamp),
        )


def _line(correction: Correction, sample: Trend) -> Line:
    before = [getattr(sample, metric) for metric in correction.metrics]
    return Line(
        sample.timestamp,
        [(value, None if value is None else correction.corrected(value)) for value in before],
    )


def _billed_until(first: datetime) -> date | None:
    """The first day that isn't billed yet, where the correction reaches before it."""
    open_from = first_open_day()
    return open_from if timezone.localdate(first) < open_from else None


def _sealed_before(panel: Panel, first: datetime) -> datetime | None:
    state = RollupState.objects.filter(panel=panel, raw_from__gt=first).first()
    return state.raw_from if state else None
