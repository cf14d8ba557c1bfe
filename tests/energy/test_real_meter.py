"""Two weeks of a real meter, rolled up and asked for, against sums straight out of its file.

The computation beside it uses the csv module, fractions, and the fact that Jakarta is UTC+7.
"""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import pytest_django
from django.contrib.auth.models import User
from django.test import Client

from meters.models import Panel
from tests.energy.filling import fill_and_roll

pytestmark = pytest.mark.django_db
FILE = Path(__file__).parents[1] / "data" / "household_2007-02-01_14.csv"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
JAKARTA = timedelta(hours=7)
DAY, QUARTER, MINUTE = 1440, 15, 1  # in rows of the file: it has one a minute, without a hole
TOTAL_WH = 532_959.833333
WH_OF_DAYS = [30_420.9000, 27_814.7667, 67_161.6667, 59_905.7000]


class File:
    """The columns of the file, exactly as written."""

    def __init__(self) -> None:
        with FILE.open() as file:
            rows = list(csv.DictReader(file))
        self.start = datetime.fromisoformat(rows[0]["timestamp"]).replace(tzinfo=UTC) - JAKARTA
        self.volt = [Fraction(row["voltage_v"]) for row in rows]
        self.ampere = [Fraction(row["current_a"]) for row in rows]
        self.watt = [Fraction(row["active_power_kw"]) * 1000 for row in rows]

    def moment(self, row: int) -> datetime:
        return self.start + timedelta(minutes=row)

    def samples(self) -> Iterator[tuple[int, dict[str, float]]]:
        columns = zip(self.volt, self.ampere, self.watt, strict=True)
        for row, (volt, ampere, watt) in enumerate(columns):
            us = (self.moment(row) - EPOCH) // timedelta(microseconds=1)
            yield (
                us,
                {"voltage": float(volt), "ampere": float(ampere), "power": float(watt)},
            )

    def mean(self, column: list[Fraction], first: int, length: int) -> Fraction:
        """By trapezoids over the minutes from one row to the next."""
        part = column[first : first + length + 1]
        return sum(((a + b) / 2 for a, b in pairwise(part)), Fraction(0)) / (len(part) - 1)

    def demands_w(self) -> list[Fraction]:
        """Of each quarter of an hour; the last one's last minute is not in the file."""
        return [self.mean(self.watt, at, QUARTER) for at in range(0, len(self.watt), QUARTER)]


@pytest.fixture(scope="module")
def file() -> File:
    return File()


@pytest.fixture(scope="module")
def house(
    file: File, django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> Iterator[Panel]:
    """Once for all tests: rolling up two weeks takes some seconds."""
    with django_db_blocker.unblock():
        panel = Panel.objects.create(name="house", nominal_voltage_v=240, rated_power_kva=6)
        fill_and_roll(panel, file.samples())
    yield panel
    with django_db_blocker.unblock():
        panel.delete()


@pytest.fixture
def ask(house: Panel, file: File, viewer: User) -> Any:
    client = Client()
    client.force_login(viewer)

    def asked(call: str, first_day: int = 0, days: int = 14, **query: str | int) -> Any:
        start = file.start + timedelta(days=first_day)
        end = start + timedelta(days=days)
        period: dict[str, str | int] = {"from": start.isoformat(), "to": end.isoformat()}
        answer = client.get(f"/api/panels/house/{call}", period | query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    return asked


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_energy_is_that_of_the_file_in_total_and_on_each_local_day(
    ask: Any, file: File
) -> None:
    answer = ask("energy", by="day")
    minutes = len(file.watt) - 1
    wanted_wh = file.mean(file.watt, 0, minutes) * minutes / 60
    assert answer["energy_wh"] == pytest.approx(float(wanted_wh), rel=1e-9)
    assert answer["energy_wh"] == pytest.approx(TOTAL_WH, rel=1e-6)
    assert answer["timezone"] == "Asia/Jakarta"
    assert len(answer["buckets"]) == 14
    for day, bucket in enumerate(answer["buckets"]):
        first = day * DAY
        length = min(DAY, minutes - first)
        wh = file.mean(file.watt, first, length) * length / 60
        assert bucket["start"] == iso(file.moment(first))
        assert bucket["energy_wh"] == pytest.approx(float(wh), rel=1e-9)
        assert bucket["quality"] == ("measured" if day < 13 else "partial")
    assert [bucket["energy_wh"] for bucket in answer["buckets"][:4]] == pytest.approx(
        WH_OF_DAYS, rel=1e-6
    )


@pytest.mark.parametrize("by", ["hour", "day", "month"])
def test_the_buckets_add_up_to_the_total(ask: Any, by: str) -> None:
    answer = ask("energy", by=by)
    parts = [bucket["energy_wh"] for bucket in answer["buckets"]]
    assert len(parts) == {"hour": 336, "day": 14, "month": 1}[by]
    assert sum(parts) == pytest.approx(TOTAL_WH, rel=1e-6)
    assert answer["coverage"] == pytest.approx(20_159 / 20_160, abs=1e-6)


def test_each_days_extremes_and_means_are_those_of_the_file(ask: Any, file: File) -> None:
    for day in range(13):
        answer = ask("statistics", day, 1)
        for metric, column in (
            ("voltage", file.volt),
            ("ampere", file.ampere),
            ("power", file.watt),
        ):
            values = column[day * DAY : (day + 1) * DAY]
            got = answer["metrics"][metric]
            assert (got["count"], got["coverage"]) == (DAY, 1)
            assert (got["min"], got["max"]) == (float(min(values)), float(max(values)))
            assert got["min_at"] == iso(file.moment(day * DAY + values.index(min(values))))
            assert got["max_at"] == iso(file.moment(day * DAY + values.index(max(values))))
            mean = file.mean(column, day * DAY, DAY)
            assert got["mean"] == pytest.approx(float(mean), rel=1e-9)


def test_the_maximum_demand_is_that_of_the_files_quarter_hours(ask: Any, file: File) -> None:
    answer = ask("demand")
    demands = file.demands_w()
    highest = demands.index(max(demands))
    assert answer["maximum"] == {
        "start": iso(file.moment(highest * QUARTER)),
        "end": iso(file.moment((highest + 1) * QUARTER)),
        "demand_w": pytest.approx(float(demands[highest]), rel=1e-9),
    }
    assert answer["maximum"]["start"] == "2007-02-03T11:45:00Z"
    assert answer["maximum"]["demand_w"] == pytest.approx(7_371.800000, rel=1e-6)
    assert (answer["blocks_complete"], answer["blocks_incomplete"]) == (1344, 0)
    mean_w = sum(demands) / len(demands)
    assert answer["load_factor"] == pytest.approx(float(mean_w / demands[highest]), rel=1e-9)


def test_the_load_duration_curve_is_the_files_quarter_hours_from_the_highest_down(
    ask: Any, file: File
) -> None:
    answer = ask("load-duration", points=5000)
    demands = sorted(file.demands_w(), reverse=True)
    assert (answer["blocks"], answer["hours"]) == (1344, 336)
    got = [point["power_w"] for point in answer["points"]]
    assert got == pytest.approx([float(each) for each in (demands[0], *demands)], rel=1e-9)
    percents = [point["percent"] for point in answer["points"]]
    assert percents[0] == 0
    assert percents[1:] == pytest.approx([(n + 1) / 1344 * 100 for n in range(1344)])


def test_a_charts_points_are_the_files_means_and_extremes(ask: Any, file: File) -> None:
    answer = ask("trends", points=400, metrics="power")
    assert (answer["level"], answer["step_s"]) == ("hour", 3600)
    assert len(answer["points"]) == 336
    for hour, point in enumerate(answer["points"][:-1]):
        values = file.watt[hour * 60 : hour * 60 + 60]
        mean = file.mean(file.watt, hour * 60, 60)
        assert point["start"] == iso(file.moment(hour * 60))
        assert point["power"] == {
            "mean": pytest.approx(float(mean), rel=1e-9),
            "min": float(min(values)),
            "max": float(max(values)),
        }
        assert point["coverage"] == 1


def test_minutes_above_the_rating_are_those_of_the_files_volt_times_ampere(
    ask: Any, file: File
) -> None:
    """A transformer of 6 kVA. A minute's apparent power is that of its mean voltage and current."""
    load = ask("statistics")["load"]
    minutes = len(file.watt) - 1
    va = [file.mean(file.volt, m, 1) * file.mean(file.ampere, m, 1) for m in range(minutes)]
    assert load["apparent_max_va"] == pytest.approx(float(max(va)), rel=1e-9)
    assert load["apparent_max_at"] == iso(file.moment(va.index(max(va))))
    assert load["loading_max_percent"] == pytest.approx(float(max(va)) / 60, rel=1e-9)
    for percent in (80, 100, 120):
        over = sum(1 for each in va if each > percent * 60)
        assert load[f"minutes_over_{percent}"] == over
    assert load["minutes_over_80"] > 100
