from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from meters.models import Panel, Trend

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def panel_with_samples(name: str, *ages_s: float) -> Panel:
    """A panel with a sample so many seconds before noon each."""
    panel = Panel(name=name)
    for age_s in ages_s:
        panel.advance("voltage", age_s, NOON - timedelta(seconds=age_s))
    panel.save()
    Trend.objects.bulk_create(
        Trend(panel=panel, timestamp=NOON - timedelta(seconds=age_s), voltage=age_s)
        for age_s in ages_s
    )
    return panel


def newest(panels: list[Panel], limit: int) -> list[tuple[str, float]]:
    names = {panel.pk: panel.name for panel in panels}
    return [
        (names[row.panel_id], row.voltage or 0.0) for row in Trend.objects.newest(panels, limit)
    ]


def test_the_newest_of_one_panel_come_first() -> None:
    panel = panel_with_samples("a", 0, 10, 5, 3600)
    assert newest([panel], 3) == [("a", 0), ("a", 5), ("a", 10)]


def test_the_newest_of_several_panels_are_merged_by_time() -> None:
    panels = [
        panel_with_samples("a", 0, 100, 86_400),
        panel_with_samples("b", 50, 5_000, 10_000_000),
        panel_with_samples("never measured"),
    ]
    everything = [("a", 0), ("b", 50), ("a", 100), ("b", 5_000), ("a", 86_400), ("b", 10_000_000)]
    for limit in range(1, 8):
        assert newest(panels, limit) == everything[:limit]


def test_of_a_moment_all_panels_are_there_once_also_at_the_edge_of_a_window() -> None:
    panels = [panel_with_samples(name, 0, 30, 60, 270) for name in "abc"]
    found = newest(panels, 100)
    assert len(found) == len(set(found)) == 12
    assert [age for _, age in found] == sorted(age for _, age in found)


def test_panels_that_never_measured_have_nothing() -> None:
    assert newest([panel_with_samples("a"), panel_with_samples("b")], 5) == []
    assert newest([], 5) == []


def test_it_ends_where_the_range_ends() -> None:
    panels = [panel_with_samples(name, 0, 100, 1_000) for name in "ab"]
    end = NOON - timedelta(seconds=100)
    found = Trend.objects.filter(timestamp__lt=end).newest(panels, 10, until=end)
    assert [row.voltage for row in found] == [1_000, 1_000]


def test_readings_from_long_ago_are_reached_in_few_steps() -> None:
    panels = [panel_with_samples(name, 0, 20 * 365 * 86_400) for name in "ab"]
    with CaptureQueriesContext(connection) as captured:
        assert len(newest(panels, 10)) == 4
    assert len(captured) < 25


def test_a_sample_is_kept_to_the_microsecond() -> None:
    panel = Panel.objects.create(name="a")
    moment = NOON + timedelta(microseconds=123_457)
    Trend.objects.create(panel=panel, timestamp=moment, power=0.1 + 0.2)
    row = Trend.objects.get(pk=(panel.pk, moment))
    assert (row.timestamp, row.power, row.voltage) == (moment, 0.1 + 0.2, None)


def test_a_panel_has_one_sample_a_moment() -> None:
    panel = panel_with_samples("a", 0)
    with pytest.raises(IntegrityError), transaction.atomic():
        Trend.objects.bulk_create([Trend(panel=panel, timestamp=NOON)])
    Trend.objects.create(panel=panel, timestamp=NOON + timedelta(microseconds=1))
    assert Trend.objects.count() == 2
