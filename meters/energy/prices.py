"""What a tariff says, and the prices that follow from it in time order. Pure: no database."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import combinations, groupby, product
from operator import itemgetter
from typing import Literal
from zoneinfo import ZoneInfo

from meters.energy.validity import Span

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
# On a holiday, a period goes by the weekday as ever, is left out, or applies whatever the weekday.
HolidayRule = Literal["ignore", "leave_out", "apply"]
_Price = tuple[str, Decimal, str]  # a period's name, its price per kWh, the currency


@dataclass(frozen=True, slots=True)
class PriceSegment:
    """One price from `start` to `end` (UTC, half open)."""

    start: datetime
    end: datetime
    period: str
    price_per_kwh: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Period:
    """Hours of the site's clock, on the days on which they begin (`weekdays`: 1 Monday … 7 Sunday).

    An `end` that is not later than `start` lies on the next day. `price_per_kwh` None: the tariff's
    base price times its factor K.
    """

    name: str
    weekdays: frozenset[int]
    start: time
    end: time
    on_holidays: HolidayRule
    price_per_kwh: Decimal | None

    def begins_on(self, weekday: int, holiday: bool) -> bool:
        if holiday and self.on_holidays != "ignore":
            return self.on_holidays == "apply"
        return weekday in self.weekdays

    @property
    def quarters(self) -> range:
        """Of the day on which it begins: 68 to 88 is 17:00 to 22:00, 96 the next midnight."""
        first, last = _quarter(self.start), _quarter(self.end)
        return range(first, last if last > first else last + 96)


@dataclass(frozen=True, slots=True)
class Surcharge:
    """A percentage of a bill's other lines, e.g. a tax."""

    name: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Terms:
    """What one version of a tariff says. What no period covers costs `price_per_kwh` and is called
    `rest_name`; of several periods that apply, the first counts. `kvarh_price` 0: not billed."""

    currency: str
    rest_name: str
    price_per_kwh: Decimal
    peak_factor: Decimal
    periods: tuple[Period, ...]
    kvarh_price: Decimal = Decimal(0)
    power_factor_limit: Decimal = Decimal("0.85")
    minimum_hours: Decimal = Decimal(40)
    surcharges: tuple[Surcharge, ...] = ()
    # What K may be is no price: it may be changed at any time.
    peak_factor_min: Decimal | None = field(default=None, compare=False)
    peak_factor_max: Decimal | None = field(default=None, compare=False)

    @property
    def has_factor(self) -> bool:
        return any(period.price_per_kwh is None for period in self.periods)

    def allows_factor(self, factor: Decimal) -> bool:
        least, most = self.peak_factor_min, self.peak_factor_max
        return (least is None or factor >= least) and (most is None or factor <= most)

    def price(self, period: Period) -> Decimal:
        if period.price_per_kwh is None:
            return self.price_per_kwh * self.peak_factor
        return period.price_per_kwh

    def priced(self, period: Period | None) -> _Price:
        if period is None:
            return self.rest_name, self.price_per_kwh, self.currency
        return period.name, self.price(period), self.currency

    def overlap(self) -> tuple[Period, Period] | None:
        """Two periods that apply at the same time on some day, ordinary or holiday."""
        for one, other in combinations(self.periods, 2):
            for weekday, holiday, after in product(range(1, 8), (False, True), (False, True)):
                alone = [
                    replace(self, periods=(p,)).day(weekday, holiday, after) for p in (one, other)
                ]
                if any(first and second for first, second in zip(*alone, strict=True)):
                    return one, other
        return None

    def day(self, weekday: int, holiday: bool, after_holiday: bool) -> list[Period | None]:
        """What applies in each quarter of an hour of a day by the wall clock; None: the rest."""
        quarters: list[Period | None] = [None] * 96
        eve = (weekday + 5) % 7 + 1
        for period in reversed(self.periods):
            if period.begins_on(eve, after_holiday):
                for quarter in period.quarters:
                    if quarter >= 96:
                        quarters[quarter - 96] = period
            if period.begins_on(weekday, holiday):
                for quarter in period.quarters:
                    if quarter < 96:
                        quarters[quarter] = period
        return quarters


class Timeline:
    """One tariff through all its versions, at one site."""

    def __init__(
        self, versions: Sequence[Span[Terms]], holidays: frozenset[date], zone: ZoneInfo
    ) -> None:
        self._versions = versions
        self._holidays = holidays
        self._zone = zone
        self._utc_days: dict[date, list[PriceSegment]] = {}
        self._site_days: dict[date, list[tuple[timedelta, timedelta, _Price]]] = {}

    def segments(self, start: datetime, end: datetime) -> Iterator[PriceSegment]:
        """The prices in force over [start, end). Days are remembered, as many panels ask for them."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        return merged(self._clipped(start, end))

    def _clipped(self, start: datetime, end: datetime) -> Iterator[PriceSegment]:
        day = start.date()
        while datetime.combine(day, time(), UTC) < end:
            for piece in self._utc_day(day):
                first, last = max(piece.start, start), min(piece.end, end)
                if first < last:
                    yield PriceSegment(
                        first, last, piece.period, piece.price_per_kwh, piece.currency
                    )
            day += DAY

    def _utc_day(self, day: date) -> list[PriceSegment]:
        found = self._utc_days.get(day)
        if found is None:
            midnight = datetime.combine(day, time(), UTC)
            found = self._utc_days[day] = list(merged(self._pieces(midnight, midnight + DAY)))
        return found

    def _pieces(self, start: datetime, end: datetime) -> Iterator[PriceSegment]:
        for first, last, offset in constant_offsets(start, end, self._zone):
            day = (first + offset).date()
            while (midnight := datetime.combine(day, time(), UTC) - offset) < last:
                for begin, finish, price in self._site_day(day):
                    piece_start, piece_end = (
                        max(midnight + begin, first),
                        min(midnight + finish, last),
                    )
                    if piece_start < piece_end:
                        yield PriceSegment(piece_start, piece_end, *price)
                day += DAY

    def _site_day(self, day: date) -> list[tuple[timedelta, timedelta, _Price]]:
        """A day by the site's clock: (from, to, price), each counted from 00:00."""
        found = self._site_days.get(day)
        if found is None:
            found = self._site_days[day] = list(self._runs(day))
        return found

    def _runs(self, day: date) -> Iterator[tuple[timedelta, timedelta, _Price]]:
        terms = next((s.holds for s in self._versions if s.first <= day < s.until), None)
        if terms is None:
            return
        holiday, after = day in self._holidays, day - DAY in self._holidays
        quarters = enumerate(terms.day(day.isoweekday(), holiday, after))
        for period, run in groupby(quarters, key=itemgetter(1)):
            numbers = [number for number, _ in run]
            yield numbers[0] * QUARTER, (numbers[-1] + 1) * QUARTER, terms.priced(period)


def merged(segments: Iterable[PriceSegment]) -> Iterator[PriceSegment]:
    """Neighbours of the same period and price in one."""
    held: PriceSegment | None = None
    for piece in segments:
        if held and held.end == piece.start and _same(held, piece):
            held = PriceSegment(held.start, piece.end, *_says(held))
            continue
        if held:
            yield held
        held = piece
    if held:
        yield held


def constant_offsets(
    start: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """[start, end) in pieces of at most a day over which the zone's clocks are not changed."""
    while start < end:
        stop, offset = min(start + DAY, end), _offset(start, zone)
        if _offset(stop - timedelta(microseconds=1), zone) != offset:
            stop = _change(start, stop, zone)
        yield start, stop, offset
        start = stop


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day at the site. Where the clocks are put forward at midnight, 00:00
    doesn't happen; read by the clock before, it is the moment of the change. Days at the ends of
    the calendar begin a little inside it, so that they have a moment in UTC."""
    day = min(max(day, date.min + 2 * DAY), date.max - 2 * DAY)
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _change(start: datetime, stop: datetime, zone: ZoneInfo) -> datetime:
    """The second in which the clocks are changed, which they are once between the two."""
    low, high, offset = int(start.timestamp()), -int(-stop.timestamp()), _offset(start, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(datetime.fromtimestamp(middle, UTC), zone) == offset:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _quarter(clock: time) -> int:
    return clock.hour * 4 + clock.minute // 15


def _says(piece: PriceSegment) -> _Price:
    return piece.period, piece.price_per_kwh, piece.currency


def _same(one: PriceSegment, other: PriceSegment) -> bool:
    return _says(one) == _says(other)
