"""Which column of a file holds which metric, and in what unit."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from meters.metrics import MEASURED

# Headers that need no explanation, each with the factor to the metric's unit.
_WELL_KNOWN = {
    "voltage": ("voltage", "1"),
    "voltage_v": ("voltage", "1"),
    "ampere": ("ampere", "1"),
    "current_a": ("ampere", "1"),
    "power": ("power", "1"),
    "power_w": ("power", "1"),
    "active_power_w": ("power", "1"),
    "power_kw": ("power", "1000"),
    "active_power_kw": ("power", "1000"),
    "energy_cost": ("energy_cost", "1"),
    "energy_cost_rp": ("energy_cost", "1"),
    "energy_register": ("energy_register", "1"),
    "energy_register_kwh": ("energy_register", "1"),
    "energy_register_wh": ("energy_register", "0.001"),
    "energy_kwh": ("energy_register", "1"),
    "energy_wh": ("energy_register", "0.001"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """`metric` is the file's column `name` times `factor`."""

    metric: str
    name: str
    factor: Decimal = Decimal(1)

    @classmethod
    def parse(cls, text: str) -> "Column":
        """Read `METRIC=COLUMN[*FACTOR]`, e.g. `power=active_power_kw*1000`. Raises ValueError."""
        metric, equals, rest = text.partition("=")
        name, star, factor = rest.rpartition("*") if "*" in rest else (rest, "", "1")
        if not equals or not name:
            raise ValueError(f"{text!r} is not METRIC=COLUMN or METRIC=COLUMN*FACTOR")
        if metric not in MEASURED:
            raise ValueError(f"there is no metric {metric!r}: use {', '.join(MEASURED)}")
        try:
            number = Decimal(factor)
        except InvalidOperation:
            number = Decimal(0)
        if not number.is_finite() or not number:
            raise ValueError(f"{factor!r} is no factor: use a number such as 1000")
        return cls(metric, name, number)

    def __str__(self) -> str:
        return f"{self.metric}={self.name}" + ("" if self.factor == 1 else f"*{self.factor}")


def choose_columns(
    header: Sequence[str], wanted: Iterable[Column], metrics: Collection[str] = MEASURED
) -> list[Column]:
    """The wanted columns, or the header's well-known ones of these metrics where none are wanted.

    Raises ValueError naming what there is, where a column is missing or none is known.
    """
    columns = list(wanted) or _well_known(header, metrics)
    if not columns:
        raise ValueError(
            f"none of the columns {', '.join(header)} is known: say which is what, "
            "e.g. --column power=active_power_kw*1000"
        )
    for column in columns:
        if column.name not in header:
            raise ValueError(
                f"there is no column {column.name!r}: the file has {', '.join(header)}"
            )
    chosen = [column.metric for column in columns]
    for metric in chosen:
        if chosen.count(metric) > 1:
            raise ValueError(f"{metric} is given more than one column")
    return columns


def _well_known(header: Sequence[str], metrics: Collection[str]) -> list[Column]:
    found: dict[str, Column] = {}
    for name in header:
        if name.lower() in _WELL_KNOWN:
            metric, factor = _WELL_KNOWN[name.lower()]
            if metric in metrics:
                found.setdefault(metric, Column(metric, name, Decimal(factor)))
    return list(found.values())
