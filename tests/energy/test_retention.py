from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from meters.checks import retention_settings
from meters.energy.calendar import Calendar
from meters.energy.retention import Retention
from meters.models import Panel
from meters.mqtt.timestamps import to_datetime, to_microseconds


@pytest.mark.parametrize(
    ("days", "wrong"),
    [
        ((400, 1826, 0), set()),
        ((0, 0, 0), set()),
        ((1, 1, 1), set()),
        ((400, 399, 0), {"minute_days"}),
        ((0, 1826, 0), {"minute_days"}),
        ((400, 1826, 1825), {"hour_days"}),
        ((400, 0, 1826), {"hour_days"}),
        ((3, 2, 1), {"minute_days", "hour_days"}),
    ],
)
def test_nothing_may_go_before_what_it_is_computed_from(
    days: tuple[int, int, int], wrong: set[str]
) -> None:
    assert Retention(*days).problems().keys() == wrong


def test_what_goes_is_whole_days_of_the_site() -> None:
    zone = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 4, 1, 0, 30, tzinfo=zone)
    cuts = Retention(3, 4, 0).cuts(Calendar(zone), to_microseconds(now))
    assert cuts.raw and cuts.minutes
    assert to_datetime(cuts.raw) == datetime(2026, 3, 29, tzinfo=zone)
    assert to_datetime(cuts.minutes) == datetime(2026, 3, 28, tzinfo=zone)
    assert cuts.hours is None


def test_a_figure_that_leads_out_of_the_calendar_is_a_hundred_years() -> None:
    calendar, now_us = (
        Calendar(ZoneInfo("Asia/Jakarta")),
        to_microseconds(datetime.now().astimezone()),
    )
    cuts = Retention(999_999, 2_000_000_000, 0).cuts(calendar, now_us)
    assert cuts == Retention(36_500, 36_500, 0).cuts(calendar, now_us)


def test_settings_that_contradict_each_other_are_refused_by_the_check(settings: object) -> None:
    assert retention_settings(None) == []
    settings.MINUTE_RETENTION_DAYS = 30  # type: ignore[attr-defined]
    (error,) = retention_settings(None)
    assert error.id == "meters.E002"
    assert "400" in error.msg


def test_a_panels_own_figures_win_over_the_settings() -> None:
    panel = Panel(name="a", raw_retention_days=0, minute_retention_days=0)
    assert panel.retention == Retention(0, 0, 0)
    assert Panel(name="a").retention == Retention(400, 1826, 0)


def test_a_panel_is_refused_with_figures_that_contradict_each_other_or_the_settings() -> None:
    with pytest.raises(ValidationError) as refusal:
        Panel(name="a", raw_retention_days=2000).clean()
    assert "2000" in refusal.value.message_dict["minute_retention_days"][0]
