"""The figures of a chart's points, added up by the database."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from meters.energy import steps
from meters.energy.bucket import Statistics
from meters.energy.calendar import Calendar, Level
from meters.energy.history import Period, buckets, take_apart
from meters.energy.steps import Run
from meters.models import Panel, TrendDay, TrendHour, TrendMinute
from meters.mqtt.timestamps import to_datetime

S = 1_000_000
MINUTE, HOUR, DAY = 60 * S, 3600 * S, 86_400 * S
BERLIN = Calendar(ZoneInfo("Europe/Berlin"))
pytestmark = pytest.mark.django_db


@pytest.fixture
def panel() -> Panel:
    return Panel.objects.create(name="trafo1")


def hour(panel: Panel, start: int, **columns: float | None) -> None:
    TrendHour.objects.create(panel=panel, start=to_datetime(start), **columns)


def power(
    count: int, covered_s: float, mean: float, least: float | None, most: float | None
) -> dict[str, float | None]:
    names = ("count", "covered_s", "mean", "min", "max")
    values = (count, covered_s, mean, least, most)
    return {f"power_{name}": value for name, value in zip(names, values, strict=True)}


def figures(
    panel: Panel, level: Level, edges: Sequence[int], *metrics: str
) -> dict[int, dict[str, tuple[float | None, ...]]]:
    """(covered seconds, mean, smallest, largest) of each metric of each point."""
    parts = take_apart(BERLIN, Period(edges[0], edges[-1]), level)
    found = steps.figures(panel.pk, parts, edges, metrics or ["power"])
    return {
        start: {metric: shown(each) for metric, each in some.items()}
        for start, some in found.items()
    }


def shown(each: Statistics) -> tuple[float | None, ...]:
    return each.covered_s, each.mean, each.minimum, each.maximum


def test_means_are_weighted_by_the_time_that_is_covered(panel: Panel) -> None:
    hour(panel, 0, **power(5, 3600, 100, 90, 110))
    hour(panel, HOUR, **power(2, 1200, 200, 150, 210))
    mean = (100 * 3600 + 200 * 1200) / 4800
    assert figures(panel, Level.HOUR, [0, 2 * HOUR]) == {0: {"power": (4800, mean, 90, 210)}}


def test_single_readings_count_where_no_time_is_covered_and_only_there(panel: Panel) -> None:
    hour(panel, 0, **power(1, 0, 100, 100, 100))
    hour(panel, HOUR, **power(3, 0, 200, 150, 250))
    hour(panel, 2 * HOUR, **power(1, 0, 900, 900, 900))
    hour(panel, 3 * HOUR, **power(9, 60, 300, 300, 300))
    assert figures(panel, Level.HOUR, [0, 2 * HOUR, 4 * HOUR]) == {
        0: {"power": (0, 175, 100, 250)},
        2 * HOUR: {"power": (60, 300, 300, 900)},
    }


def test_an_hour_that_only_a_line_crosses_has_a_mean_and_no_extremes(panel: Panel) -> None:
    hour(panel, 0, **power(0, 3600, 100, None, None))
    assert figures(panel, Level.HOUR, [0, HOUR]) == {0: {"power": (3600, 100, None, None)}}


def test_what_is_not_known_is_left_out(panel: Panel) -> None:
    hour(panel, 0, **power(1, 0, 100, 100, 100))
    found = figures(panel, Level.HOUR, [0, HOUR, 2 * HOUR], "power", "voltage")
    assert found == {0: {"power": (0, 100, 100, 100)}}


def test_only_the_panels_own_buckets_from_the_first_edge_to_the_last_count(panel: Panel) -> None:
    other = Panel.objects.create(name="trafo2")
    for each, start in ((panel, 0), (panel, HOUR), (panel, 2 * HOUR), (other, HOUR)):
        hour(each, start, **power(1, 3600, start / HOUR, 1, 1))
    assert figures(panel, Level.HOUR, [HOUR, 2 * HOUR]) == {HOUR: {"power": (3600, 1, 1, 1)}}


def test_a_point_is_put_together_from_the_buckets_of_every_level(panel: Panel) -> None:
    """From 00:58 to 02:00: two minutes and an hour."""
    for start, mean in ((58, 10.0), (59, 20.0)):
        TrendMinute.objects.create(
            panel=panel, start=to_datetime(start * MINUTE), **power(2, 60, mean, mean, mean)
        )
    hour(panel, HOUR, **power(9, 3600, 30, 5, 40))
    mean = (60 * 10 + 60 * 20 + 3600 * 30) / 3720
    edges = [58 * MINUTE, 2 * HOUR, 4 * HOUR]
    assert figures(panel, Level.HOUR, edges) == {58 * MINUTE: {"power": (3720, mean, 5, 40)}}


def test_points_of_one_length_are_one_run() -> None:
    edges = [2 * HOUR, 3 * HOUR, 6 * HOUR, 9 * HOUR, 12 * HOUR, 13 * HOUR]
    assert list(steps._runs(Period(edges[0], edges[-1]), edges)) == [
        Run(2 * HOUR, 3 * HOUR, HOUR),
        Run(3 * HOUR, 12 * HOUR, 3 * HOUR),
        Run(12 * HOUR, 13 * HOUR, HOUR),
    ]
    assert list(steps._runs(Period(4 * HOUR, 6 * HOUR), edges)) == [
        Run(4 * HOUR, 6 * HOUR, 2 * HOUR)
    ]


@pytest.mark.parametrize("changed", [date(2026, 3, 29), date(2026, 10, 25)])
def test_days_of_changed_clocks_keep_their_own_figures(panel: Panel, changed: date) -> None:
    midnight = BERLIN.midnight(changed)
    edges = BERLIN.edges(Level.DAY, midnight - 2 * DAY, midnight + 3 * DAY)
    for place, start in enumerate(edges[:-1]):
        TrendDay.objects.create(
            panel=panel, start=to_datetime(start), **power(1, 3600, place, place, place)
        )
    found = figures(panel, Level.DAY, edges)
    assert len({end - start for start, end in pairwise(edges)}) == 2
    assert {start: each["power"][1] for start, each in found.items()} == {
        start: place for place, start in enumerate(edges[:-1])
    }


def test_a_century_of_changed_clocks_is_asked_for_in_parts(panel: Panel) -> None:
    """SQLite takes no more than 500 selects in one statement."""
    calendar = Calendar(ZoneInfo("Africa/Casablanca"))
    century = Period(calendar.midnight(date(2005, 1, 1)), calendar.midnight(date(2100, 1, 1)))
    days = buckets(calendar, Level.DAY, century)
    edges = [day.start for day in days] + [century.end]
    for start in (edges[0], edges[-2]):
        TrendDay.objects.create(panel=panel, start=to_datetime(start), **power(1, 1, 7, 7, 7))
    with CaptureQueriesContext(connection) as asked:
        found = steps.figures(panel.pk, {Level.DAY: [century]}, edges, ["power"])
    assert sorted(found) == [edges[0], edges[-2]]
    assert len(asked) > 1
