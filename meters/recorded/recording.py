"""A recorded meter, read row by row."""

import csv
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from meters.metrics import MEASURED
from meters.mqtt.errors import BadMessageError
from meters.mqtt.payloads import check_range, is_number
from meters.mqtt.timestamps import check_plausible, to_microseconds
from meters.recorded.columns import Column, choose_columns
from meters.recorded.local_time import LocalClock

_NO_READING = ("", "NA")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `values` in the metrics' units; what was empty or `NA` is missing from it."""

    number: int
    moment: datetime
    values: dict[str, float]
    line: int = field(default=0, compare=False)
    cells: Sequence[str] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be used; `line` is its line in the file (the last, where it has several)."""

    number: int
    line: int
    reason: str
    cells: Sequence[str] = field(default=(), compare=False)


class Recording:
    """A CSV file with a header; commas or semicolons between the cells; UTF-8. Without `columns`
    the header's well-known ones of `metrics` are read.

    Raises ValueError with a sentence where the header doesn't fit.
    """

    def __init__(
        self,
        path: Path,
        *,
        time_column: str = "timestamp",
        columns: Iterable[Column] = (),
        zone: ZoneInfo,
        metrics: Collection[str] = MEASURED,
    ) -> None:
        self.path = path
        self._zone = zone
        self._now_us = int(time.time() * 1_000_000)
        self._time_column = time_column
        with self._open() as file:
            _, header = next(_lines(file), (1, []))
        if time_column not in header:
            raise ValueError(
                f"there is no time column {time_column!r}: the file has "
                f"{', '.join(header) or 'no header'} (--time-column names another)"
            )
        self.header: Sequence[str] = header
        self.columns: Sequence[Column] = choose_columns(header, columns, metrics)

    def count(self) -> int:
        """How many rows there are, good and bad."""
        with self._open() as file:
            return sum(1 for _ in _lines(file)) - 1

    def rows(self) -> Iterator[Row | BadRow]:
        """All rows, numbered from 1."""
        clock = LocalClock(self._zone)
        with self._open() as file:
            lines = _lines(file)
            next(lines)
            for number, (line, cells) in enumerate(lines, start=1):
                try:
                    yield self._row(number, line, cells, clock)
                except (ValueError, BadMessageError) as error:
                    yield BadRow(number, line, str(error), cells)

    def _row(self, number: int, line: int, cells: list[str], clock: LocalClock) -> Row:
        if len(cells) != len(self.header):
            raise ValueError(f"the row has {len(cells)} cells, the header has {len(self.header)}")
        row = dict(zip(self.header, cells, strict=True))
        text = row[self._time_column]
        moment = clock.read(text)
        check_plausible(to_microseconds(moment), text, now_us=self._now_us)
        values = {
            column.metric: _value(text, column)
            for column in self.columns
            if (text := row[column.name].strip()) not in _NO_READING
        }
        return Row(number, moment, values, line, cells)

    def _open(self) -> IO[str]:
        # Spreadsheets write a BOM. A byte that is no UTF-8 spoils its own cell, not the file.
        return self.path.open(newline="", encoding="utf-8-sig", errors="backslashreplace")


def _lines(file: IO[str]) -> Iterator[tuple[int, list[str]]]:
    """(line in the file, cells) of the header and each row; empty lines are none."""
    first_line = file.readline()
    file.seek(0)
    delimiter = ";" if first_line.count(";") > first_line.count(",") else ","
    reader = csv.reader(file, delimiter=delimiter)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # such as a cell of more than 128 KiB: a row like no other
            cells = [str(error)]
        if cells:
            yield reader.line_num, cells


def _value(text: str, column: Column) -> float:
    if not is_number(text):
        raise ValueError(f"{column.name}: {text!r} is not a number (digits and a decimal point)")
    # In decimals: 0.326 kW are 326 W, and not 326.00000000000006.
    return check_range(float(Decimal(text) * column.factor), text, MEASURED[column.metric])
