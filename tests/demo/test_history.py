from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from meters.demo.history import fill_history
from meters.demo.panels import register_panels, simulated_panels
from meters.energy.pending import left_s
from meters.models import Panel, Trend

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 11, 10, 20, 30, tzinfo=UTC)  # a Wednesday, 17:20:30 in Jakarta
DAYS = 3
SOME = ("trafo1", "trafo3", "trafo8")


def fill(now: datetime = NOW, days: int = DAYS) -> int:
    panels = simulated_panels()
    return fill_history({name: panels[name] for name in SOME}, now, days)


def moments(name: str) -> list[datetime]:
    rows = Trend.objects.filter(panel__name=name).order_by("timestamp")
    return [
        moment.astimezone(ZoneInfo(settings.TIME_ZONE))
        for (moment,) in rows.values_list("timestamp")
    ]


@pytest.fixture
def registered(db: None) -> None:
    register_panels()


def test_every_panel_has_whole_days_up_to_now(registered: None) -> None:
    assert fill() == Trend.objects.count()
    for name in SOME:
        first, *_, last = moments(name)
        assert first.isoformat() < "2026-03-08T00:03", name
        assert NOW - last < timedelta(seconds=100), name
        panel = Panel.objects.get(name=name)
        assert panel.power_at == panel.voltage_at == last


def test_the_last_hour_is_as_dense_as_what_follows(registered: None) -> None:
    fill()
    lately = [moment for moment in moments("trafo1") if NOW - moment <= timedelta(minutes=60)]
    assert {b - a for a, b in pairwise(lately)} == {timedelta(seconds=2)}


def test_an_outage_is_a_gap_and_the_radio_link_breaks_off(registered: None) -> None:
    fill()
    assert max(b - a for a, b in pairwise(moments("trafo1"))) == timedelta(minutes=1)
    assert max(b - a for a, b in pairwise(moments("trafo3"))) > timedelta(hours=3)
    silences = [b - a for a, b in pairwise(moments("trafo8")) if b - a >= timedelta(seconds=90)]
    assert len(silences) > 100
    assert max(silences) < timedelta(minutes=5)


def test_all_of_it_is_left_to_be_rolled_up_day_by_day(registered: None) -> None:
    fill()
    days = (NOW - datetime(2026, 3, 7, 17, tzinfo=UTC)).total_seconds()
    assert left_s() == pytest.approx(days * len(SOME), rel=0.01)


def test_a_second_start_adds_nothing_and_a_later_one_what_has_been_missed(
    registered: None,
) -> None:
    fill()
    stored = Trend.objects.count()
    assert fill(NOW + timedelta(minutes=30)) == 0
    assert Trend.objects.count() == stored
    added = fill(NOW + timedelta(days=1))
    assert 0 < added == Trend.objects.count() - stored
    assert max(b - a for a, b in pairwise(moments("trafo1"))) <= timedelta(minutes=2)


def test_nothing_is_written_before_or_over_what_stands(registered: None) -> None:
    panel = Panel.objects.get(name="trafo1")
    own = NOW - timedelta(hours=5)
    Trend.objects.create(panel=panel, timestamp=own, voltage=1)
    panel.advance("voltage", 1, own)
    panel.save()
    fill()
    assert moments("trafo1")[0] == own
    assert Trend.objects.get(panel=panel, timestamp=own).voltage == 1


def test_no_days_are_no_history(registered: None) -> None:
    assert fill(days=0) == 0
