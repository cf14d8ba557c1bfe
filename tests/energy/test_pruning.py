"""Pruning, with the real rollups."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import OperationalError, connection, models, transaction
from django.test.utils import CaptureQueriesContext

from meters.energy import pruning
from meters.energy.pruner import Outcome, Pruner
from meters.energy.pruning import PanelPruning, Pruned
from meters.energy.rolling import Roller
from meters.models import (
    DirtyRange,
    Panel,
    RollupState,
    Trend,
    TrendDay,
    TrendHour,
    TrendMinute,
    TrendQuarter,
    VoltageTenMinutes,
)

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Jakarta")
NOW = datetime(2026, 1, 15, 10, 30, tzinfo=ZONE)
ROLLUPS: list[type[models.Model]] = [TrendMinute, TrendQuarter, TrendHour, TrendDay]


def day(number: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 1, number, hour, minute, second, tzinfo=ZONE)


class Stop:
    """Set after so many waits, none of which takes time."""

    def __init__(self, waits: int = 1_000_000) -> None:
        self.waits = waits

    def is_set(self) -> bool:
        return self.waits <= 0

    def wait(self, seconds: float) -> bool:
        self.waits -= 1
        return self.is_set()


def make_panel(name: str = "trafo1", **figures: int) -> Panel:
    days = {"raw": 2, "minute": 4, "hour": 8} | figures
    return Panel.objects.create(
        name=name, **{f"{level}_retention_days": value for level, value in days.items()}
    )


def store(panel: Panel, moments: Iterable[datetime], **values: float) -> None:
    values = values or {"voltage": 230.0, "ampere": 5.0, "power": 1150.0}
    rows = [Trend(panel=panel, timestamp=moment, **values) for moment in moments]
    keys = None if connection.vendor == "mysql" else ["panel", "timestamp"]
    with transaction.atomic():
        Trend.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=keys, update_fields=list(values)
        )
        DirtyRange.objects.mark(panel, rows[0].timestamp, rows[-1].timestamp)
        for metric, value in values.items():
            panel.advance(metric, value, rows[-1].timestamp)
        panel.save()


def every(minutes: float, start: datetime, end: datetime) -> list[datetime]:
    count = int((end - start) / timedelta(minutes=minutes))
    return [start + timedelta(minutes=minutes) * number for number in range(count)]


def roll(panel: Panel) -> None:
    roller = Roller()
    while roller.round([panel.pk]):
        pass


def prune(panel: Panel, now: datetime = NOW, stop: Stop | None = None) -> Outcome:
    return Pruner().run([panel], stop or Stop(), now=now)


def history(panel: Panel) -> dict[str, list[dict[str, Any]]]:
    """All rollups as they stand, but for whether they are sealed."""
    tables: list[type[models.Model]] = [*ROLLUPS, VoltageTenMinutes]
    fields = {
        model: [field.attname for field in model._meta.concrete_fields if field.name != "sealed"]
        for model in tables
    }
    return {
        model.__name__: list(
            model._default_manager.filter(panel=panel).order_by("start").values(*names)
        )
        for model, names in fields.items()
    }


def sealed(model: type[models.Model], panel: Panel) -> list[datetime]:
    rows = model._default_manager.filter(panel=panel, sealed=True).order_by("start")
    return list(rows.values_list("start", flat=True))


@pytest.fixture
def panel() -> Panel:
    """Six days of a reading every four minutes, rolled up."""
    panel = make_panel()
    store(panel, every(4, day(9), day(15)))
    roll(panel)
    return panel


def test_readings_before_the_cut_go_and_their_minutes_stay_sealed(panel: Panel) -> None:
    before = history(panel)
    outcome = prune(panel)
    # The cut is at midnight of the 13th; the longest gap before it is kept.
    kept_from = day(12, 23, 55)
    first = Trend.objects.order_by("timestamp").first()
    assert first and first.timestamp == day(12, 23, 56)
    assert outcome.pruned.readings == 4 * 360 - 1
    state = RollupState.objects.get(panel=panel)
    assert state.raw_from == kept_from
    minutes = sealed(TrendMinute, panel)
    assert minutes[-1] == day(12, 23, 59)
    unsealed = TrendMinute.objects.filter(panel=panel, sealed=False).order_by("start")
    assert unsealed[0].start == day(13)
    after = history(panel)
    kept = len(after["TrendMinute"])
    assert after["TrendMinute"] == before["TrendMinute"][-kept:]
    assert after["TrendDay"] == before["TrendDay"]


def test_minutes_before_their_cut_go_and_what_is_made_of_them_stays_sealed(panel: Panel) -> None:
    before = history(panel)
    prune(panel)
    assert TrendMinute.objects.order_by("start")[0].start == day(11)
    state = RollupState.objects.get(panel=panel)
    assert state.minutes_from == day(11)
    after = history(panel)
    for name in ("TrendQuarter", "TrendHour", "TrendDay", "VoltageTenMinutes"):
        assert after[name] == before[name], name
    assert sealed(TrendQuarter, panel)[-1] == day(10, 23, 45)
    assert sealed(TrendHour, panel)[-1] == day(10, 23)
    assert sealed(TrendDay, panel) == [day(9), day(10)]
    assert sealed(VoltageTenMinutes, panel)[-1] == day(10, 23, 50)


def test_hours_before_their_cut_go_and_days_stay_for_ever() -> None:
    panel = make_panel(hour=4)
    store(panel, every(4, day(9), day(15)))
    roll(panel)
    days = history(panel)["TrendDay"]
    prune(panel)
    for model in (TrendQuarter, TrendHour, VoltageTenMinutes):
        assert model._default_manager.order_by("start")[0].start == day(11)
    assert RollupState.objects.get(panel=panel).hours_from == day(11)
    assert history(panel)["TrendDay"] == days
    assert sealed(TrendDay, panel) == [day(9), day(10)]


def test_rollups_computed_anew_after_pruning_are_what_they_were(panel: Panel) -> None:
    prune(panel)
    before = history(panel)
    DirtyRange.objects.mark(panel, day(9), day(15))
    roll(panel)
    assert history(panel) == before


def test_a_late_reading_is_stored_and_leaves_the_sealed_as_they_are(panel: Panel) -> None:
    prune(panel)
    before = history(panel)
    late = day(12, 12, 1, 30)
    store(panel, [late], voltage=400.0, power=1e6)
    roll(panel)
    assert Trend.objects.filter(panel=panel, timestamp=late).exists()
    assert history(panel) == before
    outcome = prune(panel)
    assert outcome.pruned.readings == 1
    assert history(panel) == before
    assert RollupState.objects.get(panel=panel).raw_from == day(12, 23, 55)


def test_the_first_minutes_after_the_cut_can_still_be_computed_anew(panel: Panel) -> None:
    store(panel, [day(13, 0, 1)], power=2000.0)
    roll(panel)
    before = history(panel)
    prune(panel)
    store(panel, [day(13, 0, 1)], power=3000.0)
    roll(panel)
    assert history(panel) != before
    store(panel, [day(13, 0, 1)], power=2000.0)
    roll(panel)
    assert history(panel)["TrendDay"] == before["TrendDay"]


def test_nothing_goes_before_it_is_rolled_up(panel: Panel) -> None:
    store(panel, [day(10, 12, 1)])
    outcome = prune(panel)
    assert outcome.pruned == Pruned()
    assert outcome.waiting == {"trafo1": day(10, 12, 1)}
    roll(panel)
    assert prune(panel).pruned.readings > 0


def test_a_reading_that_is_not_rolled_up_in_the_middle_stops_it_there(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "ROWS_AT_ONCE", 100)
    steps = PanelPruning(panel, NOW).steps()
    next(steps)
    store(panel, [day(11)], power=1.0)
    with pytest.raises(pruning.NotRolledUpError):
        next(steps)


@pytest.mark.parametrize("at_once", [23, 100])
def test_broken_off_after_any_chunk_it_is_consistent_and_goes_on(
    panel: Panel, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "ROWS_AT_ONCE", at_once)
    before = history(panel)
    prune(panel, stop=Stop(3))
    state = RollupState.objects.get(panel=panel)
    first = Trend.objects.order_by("timestamp")[0].timestamp
    assert state.raw_from and state.raw_from <= first
    assert Trend.objects.count() == 6 * 360 - 3 * at_once
    affected = TrendMinute.objects.filter(start__lt=state.raw_from, sealed=False)
    assert not affected.exists()
    # A rollup between the two runs changes nothing.
    DirtyRange.objects.mark(panel, day(9), day(15))
    roll(panel)
    assert history(panel) == before
    prune(panel)
    whole = make_panel("whole")
    store(whole, every(4, day(9), day(15)))
    roll(whole)
    prune(whole)
    for model in (Trend, TrendMinute, TrendHour):
        column = "timestamp" if model is Trend else "start"
        left = [
            list(model._default_manager.filter(panel=each).order_by(column).values_list(column))
            for each in (panel, whole)
        ]
        assert left[0] == left[1], model


def test_a_second_run_finds_nothing_and_a_later_day_goes_on(panel: Panel) -> None:
    prune(panel)
    assert prune(panel).pruned == Pruned()
    assert prune(panel, NOW + timedelta(days=1)).pruned.readings == 360


def test_a_panel_that_is_done_is_not_looked_at_again_before_the_next_midnight(
    panel: Panel,
) -> None:
    pruner = Pruner()
    pruner.run([panel], Stop(), now=NOW)
    with CaptureQueriesContext(connection) as queries:
        pruner.run([panel], Stop(), now=NOW + timedelta(hours=1))
    assert len(queries) == 0
    assert pruner.run([panel], Stop(), now=NOW + timedelta(days=1)).pruned.readings > 0


def test_what_is_kept_for_ever_stays_and_minutes_stay_as_long_as_their_readings() -> None:
    panel = make_panel(raw=0, minute=0, hour=0)
    store(panel, every(4, day(9), day(10)))
    roll(panel)
    assert prune(panel).pruned == Pruned()
    # Settings that can't be entered by the form all the same.
    Panel.objects.update(minute_retention_days=1, hour_retention_days=1)
    panel.refresh_from_db()
    assert prune(panel).pruned == Pruned()


def test_the_registers_last_reading_before_the_cut_is_kept_for_what_it_says_after_it() -> None:
    panel = make_panel()
    store(panel, every(4, day(9), day(12, 20)))
    store(panel, [day(12, 19)], energy_register=100.0)
    store(panel, [day(13, 6)], energy_register=150.0)
    roll(panel)
    before = history(panel)["TrendDay"]
    prune(panel)
    assert Trend.objects.order_by("timestamp")[0].timestamp == day(12, 19)
    DirtyRange.objects.mark(panel, day(13, 3), day(13, 4))
    roll(panel)
    assert history(panel)["TrendDay"] == before


def test_a_zone_whose_midnight_lies_within_ten_minutes_of_utc_loses_none(
    settings: Any,
) -> None:
    settings.TIME_ZONE = "Asia/Kathmandu"
    panel = make_panel()
    store(panel, every(4, day(9), day(15)))
    roll(panel)
    before = history(panel)
    prune(panel)
    DirtyRange.objects.mark(panel, day(9), day(15))
    roll(panel)
    after = history(panel)
    for name in ("TrendQuarter", "TrendHour", "TrendDay", "VoltageTenMinutes"):
        assert after[name] == before[name], name


def test_what_would_go_is_counted_exactly(panel: Panel) -> None:
    due = PanelPruning(panel, NOW).count()
    assert due.readings and due.minutes
    assert prune(panel).pruned == due


def test_other_panels_are_left_alone(panel: Panel) -> None:
    other = make_panel("other")
    store(other, every(4, day(9), day(10)))
    prune(panel)
    assert Trend.objects.filter(panel=other).count() == 360


def test_a_chunk_is_a_handful_of_statements_whatever_its_size(panel: Panel) -> None:
    steps = PanelPruning(panel, NOW).steps()
    with CaptureQueriesContext(connection) as queries:
        next(steps)
    deletes = [each["sql"] for each in queries if each["sql"].startswith("DELETE")]
    assert len(queries) < 16
    assert len(deletes) == 1
    assert "OFFSET" not in deletes[0]
    assert " IN " not in deletes[0]


@pytest.mark.parametrize("error", [OperationalError(1213, "deadlock")])
def test_a_deadlock_is_tried_again(
    panel: Panel, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [error]
    seal: Callable[..., None] = PanelPruning._seal

    def failing(self: PanelPruning, *arguments: Any) -> None:
        if errors:
            raise errors.pop()
        seal(self, *arguments)

    monkeypatch.setattr(PanelPruning, "_seal", failing)
    assert prune(panel).pruned.readings == 4 * 360 - 1
