from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models import Max, Min
from django.test.utils import CaptureQueriesContext

from meters.ingest import statements
from meters.models import DirtyRange, Panel, Trend
from meters.recorded.backfill import Backfill, Fate, UnknownPanelError
from meters.recorded.recording import Row
from tests.ingest.storing import readings

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 15, 3, tzinfo=UTC)


def backfill(**options: Any) -> Backfill:
    return Backfill("trafo1", max_panels=100, **options)


def row(minute: int, number: int = 1, **values: float) -> Row:
    return Row(number, START + timedelta(minutes=minute), values, number + 1)


def test_rows_become_samples_current_values_and_what_rollups_have_to_do() -> None:
    importing = backfill()
    plan = importing.write([row(0, voltage=230, power=500), row(1, voltage=231)])
    assert plan.fates == [Fate.NEW, Fate.NEW]
    assert importing.registers
    assert readings() == [{"voltage": 230, "power": 500}, {"voltage": 231}]
    panel = Panel.objects.get()
    assert (panel.name, panel.voltage, panel.power) == ("trafo1", 231, 500)
    dirty = DirtyRange.objects.filter(panel=panel).aggregate(first=Min("first"), last=Max("last"))
    assert dirty == {"first": START, "last": START + timedelta(minutes=1)}


def test_written_again_it_changes_nothing_not_even_what_rollups_have_to_do() -> None:
    rows = [row(0, voltage=230.1, power=500), row(1, energy_register=17.3)]
    backfill().write(rows)
    DirtyRange.objects.all().delete()
    again = backfill()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert again.write(rows).fates == [Fate.UNCHANGED, Fate.UNCHANGED]
    assert not again.registers
    assert not [each for each in queries if each["sql"].startswith(("INSERT", "UPDATE"))]
    assert not DirtyRange.objects.exists()


def test_what_stands_is_completed_and_corrected_and_never_emptied() -> None:
    backfill().write([row(0, voltage=230, power=500), row(1, voltage=231)])
    plan = backfill().write([row(0, voltage=232), row(1, ampere=5)])
    assert plan.fates == [Fate.CHANGED, Fate.CHANGED]
    assert readings() == [{"voltage": 232, "power": 500}, {"voltage": 231, "ampere": 5}]


def test_history_does_not_move_the_current_value_back() -> None:
    backfill().write([row(5, voltage=230)])
    backfill().write([row(0, voltage=999)])
    assert Panel.objects.get().voltage == 230


def test_a_row_without_a_reading_registers_no_panel() -> None:
    importing = backfill()
    assert importing.write([row(0)]).fates == [Fate.EMPTY]
    assert importing.registers is None
    assert not Panel.objects.exists()


@pytest.mark.parametrize("apart", [False, True])
def test_rows_of_one_time_complete_each_other_and_the_one_that_contradicts_is_refused(
    apart: bool,
) -> None:
    rows = [row(0, 1, voltage=230), row(0, 2, power=5), row(0, 3, voltage=231, ampere=1)]
    importing = backfill()
    batches = [[each] for each in rows] if apart else [rows]
    plans = [importing.write(batch) for batch in batches]
    (refused,) = [bad for plan in plans for bad in plan.refused]
    assert (refused.number, refused.line) == (3, 4)
    assert refused.reason == (
        "voltage 231 contradicts an earlier row of the same time, which has 230"
    )
    assert readings() == [{"voltage": 230, "power": 5}]
    again = backfill()
    repeated = [again.write(batch) for batch in batches]
    assert {fate for plan in repeated for fate in plan.fates} == {Fate.UNCHANGED}
    assert len([bad for plan in repeated for bad in plan.refused]) == 1


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    importing = backfill(dry_run=True)
    assert importing.write([row(0, voltage=230)]).fates == [Fate.NEW]
    assert importing.registers
    assert not Panel.objects.exists()
    backfill().write([row(0, voltage=230)])
    plan = backfill(dry_run=True).write([row(0, voltage=231), row(1, voltage=230)])
    assert plan.fates == [Fate.CHANGED, Fate.NEW]
    assert readings() == [{"voltage": 230}]


def test_no_more_panels_are_registered_than_are_allowed() -> None:
    Panel.objects.create(name="other")
    with pytest.raises(UnknownPanelError, match="MQTT_MAX_PANELS"):
        Backfill("trafo1", max_panels=1).write([row(0, voltage=230)])


def test_a_deadlock_is_tried_again_and_no_row_contradicts_itself_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backfill().write([row(0, voltage=230)])
    real, failures = statements.mark_ranges, [OperationalError(1213, "deadlock")]

    def mark_ranges(*arguments: Any) -> None:
        if failures:
            raise failures.pop()
        real(*arguments)

    monkeypatch.setattr(statements, "mark_ranges", mark_ranges)
    plan = backfill().write([row(0, voltage=231)])
    assert (plan.fates, plan.refused) == ([Fate.CHANGED], [])
    assert readings() == [{"voltage": 231}]


def test_an_outage_is_told_and_nothing_of_the_batch_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(*_: object) -> None:
        raise OperationalError(2006, "server has gone away")

    monkeypatch.setattr(statements, "mark_ranges", gone)
    with pytest.raises(OperationalError):
        backfill().write([row(0, voltage=230)])
    assert not Trend.objects.exists()
    assert not Panel.objects.exists()
