"""The prices in force for a panel: the stored tariffs, read once and asked often."""

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings

from meters.energy.prices import PriceSegment, Terms, Timeline, day_start, merged
from meters.energy.validity import Span, spans
from meters.models import Holiday, Tariff, TariffAssignment

__all__ = ["Contract", "PriceSegment", "TariffBook", "price_segments"]

Contract = tuple[int, Decimal | None]  # a tariff's key, and the contract's kVA where it says so
# Beyond this many panels it is cheaper to read all than to name each.
_NAMED = 500


class TariffBook:
    """What was stored when it was loaded: the assignments of panels, and their tariffs' timelines.

    Six queries in `load`, none after. A day of a tariff is worked out once, however many panels
    ask for it, so that a book should be used for a batch of panels and then thrown away.
    """

    def __init__(
        self, contracts: dict[int, list[Span[Contract]]], timelines: dict[int, Timeline]
    ) -> None:
        self._contracts = contracts
        self._timelines = timelines
        self._zone = ZoneInfo(settings.TIME_ZONE)

    @classmethod
    def load(cls, panel_ids: Collection[int] | None = None) -> "TariffBook":
        """For these panels; None: for all."""
        contracts = panel_contracts(panel_ids)
        tariffs = {span.holds[0] for timeline in contracts.values() for span in timeline}
        return cls(contracts, tariff_timelines(tariffs))

    def contracts(self, panel_id: int) -> list[Span[Contract]]:
        return self._contracts.get(panel_id, [])

    def segments(self, panel_id: int, start: datetime, end: datetime) -> Iterator[PriceSegment]:
        """The prices in force over [start, end) in time order, without overlaps. Stretches without
        a tariff are left out."""
        return merged(self._pieces(panel_id, start, end))

    def _pieces(self, panel_id: int, start: datetime, end: datetime) -> Iterator[PriceSegment]:
        for span in self.contracts(panel_id):
            first = max(start, day_start(span.first, self._zone))
            last = end if span.until == date.max else min(end, day_start(span.until, self._zone))
            if first < last:
                yield from self._timelines[span.holds[0]].segments(first, last)


def price_segments(panel_id: int, start: datetime, end: datetime) -> Iterator[PriceSegment]:
    """The prices in force for one panel; for several, load a `TariffBook`."""
    return TariffBook.load([panel_id]).segments(panel_id, start, end)


def panel_contracts(panel_ids: Collection[int] | None = None) -> dict[int, list[Span[Contract]]]:
    rows = TariffAssignment.objects.all()
    if panel_ids is not None and len(panel_ids) <= _NAMED:
        rows = rows.filter(panel__in=panel_ids)
    entries: dict[int, list[tuple[date, date, Contract]]] = {}
    for row in rows:
        entries.setdefault(row.panel_id, []).append(row.entry())
    return {panel_id: spans(of_panel) for panel_id, of_panel in entries.items()}


def tariff_timelines(tariff_ids: Collection[int]) -> dict[int, Timeline]:
    holidays = frozenset(Holiday.objects.values_list("date", flat=True))
    zone = ZoneInfo(settings.TIME_ZONE)
    return {
        tariff_id: Timeline(versions, holidays, zone)
        for tariff_id, versions in tariff_versions(tariff_ids).items()
    }


def tariff_versions(tariff_ids: Collection[int]) -> dict[int, list[Span[Terms]]]:
    tariffs = Tariff.objects.filter(pk__in=tariff_ids).prefetch_related(
        "versions__periods", "versions__surcharges"
    )
    return {
        tariff.pk: spans(version.entry() for version in tariff.versions.all()) for tariff in tariffs
    }


def month_range(year: int, month: int) -> tuple[date, date]:
    """A month's first day, and the next one's."""
    first = date(year, month, 1)
    return first, (first + timedelta(days=31)).replace(day=1)
