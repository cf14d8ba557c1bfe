from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from meters.recorded.columns import Column
from meters.recorded.recording import BadRow, Recording, Row

REAL = Path(__file__).parents[1] / "data" / "household_2007-02-01_14.csv"


def recording(
    folder: Path, text: str, *columns: str, zone: str = "Asia/Jakarta", encoding: str = "utf-8"
) -> Recording:
    path = folder / "meter.csv"
    path.write_bytes(text.encode(encoding))
    return Recording(path, columns=map(Column.parse, columns), zone=ZoneInfo(zone))


def test_a_row_becomes_a_moment_in_utc_and_values_in_the_metrics_units(tmp_path: Path) -> None:
    text = "timestamp,active_power_kw,voltage_v\n2026-01-15 10:30:45,0.326,230.5\n"
    assert list(recording(tmp_path, text).rows()) == [
        Row(1, datetime(2026, 1, 15, 3, 30, 45, tzinfo=UTC), {"power": 326.0, "voltage": 230.5})
    ]


@pytest.mark.parametrize("cell", ["", "NA", " "])
def test_an_empty_cell_is_no_reading(tmp_path: Path, cell: str) -> None:
    text = f"timestamp,power_w,voltage_v\n2026-01-15 10:30:45,{cell},230.5\n"
    (row,) = recording(tmp_path, text).rows()
    assert isinstance(row, Row)
    assert row.values == {"voltage": 230.5}


def test_semicolons_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    text = "timestamp;power_w\r\n2026-01-15T10:30:45Z;5\r\n\r\n"
    found = recording(tmp_path, text, encoding="utf-8-sig")
    assert found.count() == 1
    assert list(found.rows()) == [
        Row(1, datetime(2026, 1, 15, 10, 30, 45, tzinfo=UTC), {"power": 5.0})
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2026-01-15 10:30:45,abc", "power_w"),
        ("2026-01-15 10:30:45,nan", "not a number"),
        ("2026-01-15 10:30:45,1e99", "plausible"),
        ("yesterday,5", "no time"),
        ("1999-01-15 10:30:45,5", "before 2005"),
        ("2999-01-15 10:30:45,5", "future"),
        (f"2026-01-15 10:30:45,{'5' * 200_000}", "1 cells"),
        ("2026-01-15 10:30:45", "1 cells"),
        ("2026-01-15 10:30:45,5,6", "3 cells"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_others_are_read(
    tmp_path: Path, line: str, reason: str
) -> None:
    text = f"timestamp,power_w\n2026-01-15 10:00:00,1\n{line}\n2026-01-15 11:00:00,2\n"
    first, bad, last = recording(tmp_path, text).rows()
    assert isinstance(first, Row)
    assert isinstance(last, Row)
    assert isinstance(bad, BadRow)
    assert (bad.number, bad.line) == (2, 3)
    assert reason in bad.reason


def test_the_hour_that_happened_twice_is_read_in_order(tmp_path: Path) -> None:
    times = ["02:30", "02:45", "02:00", "02:15", "03:00"]
    text = "timestamp,power_w\n" + "".join(f"2026-10-25 {each}:00,1\n" for each in times)
    rows = list(recording(tmp_path, text, zone="Europe/Paris").rows())
    assert [row.moment.strftime("%H:%M") for row in rows if isinstance(row, Row)] == [
        "00:30",
        "00:45",
        "01:00",
        "01:15",
        "02:00",
    ]


def test_an_hour_that_never_happened_is_a_bad_row(tmp_path: Path) -> None:
    text = "timestamp,power_w\n2026-03-29 02:30:00,1\n"
    (bad,) = recording(tmp_path, text, zone="Europe/Paris").rows()
    assert isinstance(bad, BadRow)
    assert "never happened" in bad.reason


@pytest.mark.parametrize("text", ["", "time,power_w\n1,2\n"])
def test_a_file_without_the_time_column_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="--time-column"):
        recording(tmp_path, text)


def test_the_real_meter_is_read_whole() -> None:
    real = Recording(REAL, zone=ZoneInfo("Asia/Jakarta"))
    rows = list(real.rows())
    assert real.count() == len(rows) == 20_160
    assert all(isinstance(row, Row) and len(row.values) == 3 for row in rows)


def test_a_register_in_wh_is_read_to_the_last_digit_in_kwh(tmp_path: Path) -> None:
    text = "timestamp,energy_register_wh\n2026-01-15 10:30:45,123456789\n"
    (row,) = recording(tmp_path, text).rows()
    assert isinstance(row, Row)
    assert row.values == {"energy_register": 123456.789}


def test_a_register_is_never_negative(tmp_path: Path) -> None:
    text = "timestamp,energy_kwh\n2026-01-15 10:30:45,-1\n"
    (row,) = recording(tmp_path, text).rows()
    assert isinstance(row, BadRow)
    assert "energy_register: 0 to" in row.reason
