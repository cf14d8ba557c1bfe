"""What the energy of a minute costs at the price in force."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from meters.energy.bucket import Bucket
from meters.mqtt.timestamps import to_microseconds

_STEP = Decimal("0.000001")


class Price(Protocol):
    """So much per kWh from `start` until `end`, both on a quarter-hour."""

    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...
    @property
    def price_per_kwh(self) -> Decimal: ...


def set_costs(minutes: Sequence[Bucket], prices: Iterable[Price]) -> None:
    """Give each minute the cost of its energy; none where no price is in force. Both ascend in
    time. To a millionth of the currency, so that adding up minutes keeps every rupiah."""
    place = 0
    for price in prices:
        start, end = to_microseconds(price.start), to_microseconds(price.end)
        while place < len(minutes) and minutes[place].start < end:
            minute = minutes[place]
            if minute.start >= start and minute.energy_wh is not None:
                kwh = Decimal(repr(minute.energy_wh)) / 1000
                minute.cost = (kwh * price.price_per_kwh).quantize(_STEP)
            place += 1
