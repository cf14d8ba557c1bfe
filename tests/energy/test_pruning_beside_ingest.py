"""Pruning and the ingest at the same time, on a database that has real row locks."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from meters.energy import pruning
from meters.energy.pruner import Pruner
from meters.energy.rolling import Roller
from meters.ingest.store import impatient
from meters.models import DirtyRange, Panel, RollupState, Trend, TrendMinute
from tests.ingest.messages import message, new_store
from tests.ingest.storing import save

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has one writer at a time"),
]
STEP = timedelta(seconds=20)
ROWS = 12_000
LOCK_WAIT_TIMEOUT = 1205


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> Panel:
    monkeypatch.setattr(pruning, "ROWS_AT_ONCE", 500)
    panel = Panel.objects.create(name="trafo1", raw_retention_days=1, minute_retention_days=1)
    start = timezone.now() - timedelta(days=6)
    Trend.objects.bulk_create(
        [Trend(panel=panel, timestamp=start + STEP * row, power=500.0) for row in range(ROWS)],
        batch_size=1000,
    )
    DirtyRange.objects.mark(panel, start, start + STEP * ROWS)
    roll(panel)
    return panel


def roll(panel: Panel) -> None:
    roller = Roller()
    while roller.round([panel.pk]):
        pass


class Beside(threading.Thread):
    """Does `work` again and again until it says that there is nothing left, or `ends` is set."""

    def __init__(self, work: Callable[[], bool]) -> None:
        super().__init__()
        self._work = work
        self.ends = threading.Event()
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            while not self.ends.is_set() and self._work():
                pass
        except Exception as error:  # raised in the test's own thread
            self.error = error
        finally:
            connection.close()

    def __enter__(self) -> "Beside":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ends.set()
        self.join(60)
        if self.error is not None:
            raise self.error


class ImpatientReadings:
    """Counts the statements of this thread's connection that would have had to wait for a row.
    (The server's own count has those of everybody in it, also of its background threads.)"""

    def __init__(self) -> None:
        self.waits = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        with impatient(), connection.cursor() as cursor:
            cursor.execute("SET SESSION innodb_lock_wait_timeout = 0")
            with connection.execute_wrapper(self._count):
                yield

    def _count(self, execute: Callable[..., object], *arguments: object) -> object:
        try:
            return execute(*arguments)
        except OperationalError as error:
            self.waits += error.args[0] == LOCK_WAIT_TIMEOUT
            raise


def expect_pruned(panel: Panel) -> None:
    state = RollupState.objects.get(panel=panel)
    assert state.raw_from
    assert not Trend.objects.filter(timestamp__lt=state.raw_from).exists()
    assert not TrendMinute.objects.filter(start__lt=state.raw_from, sealed=False).exists()


def test_no_reading_waits_for_it(panel: Panel) -> None:
    def prune() -> bool:
        return Pruner().run([panel], threading.Event()).pruned.rows > 0

    store, saves, readings = new_store(), 0, ImpatientReadings()
    with readings.counted(), Beside(prune) as pruning_now:
        while pruning_now.is_alive():
            save([message("panel/trafo1/power", "600", time.time())], store)
            saves += 1
    assert saves > 100
    assert readings.waits == 0
    assert Trend.objects.filter(panel=panel, power=600.0).count() == saves
    expect_pruned(panel)


def test_a_reading_that_waits_is_noticed(panel: Panel) -> None:
    """What the test before relies on."""
    locked, seen = threading.Event(), threading.Event()

    def hold_the_panel() -> bool:
        with transaction.atomic():
            Panel.objects.select_for_update().get(pk=panel.pk)
            locked.set()
            return not seen.wait(60)

    readings = ImpatientReadings()
    with readings.counted(), Beside(hold_the_panel):
        assert locked.wait(60)
        threading.Timer(0.01, seen.set).start()
        save([message("panel/trafo1/power", "600", time.time())], new_store())
    assert readings.waits > 0


def test_late_readings_in_what_is_pruned_just_now_are_all_taken(panel: Panel) -> None:
    roller = Roller()

    def prune_and_roll() -> bool:
        Pruner().run([panel], threading.Event())
        roller.round([panel.pk])
        return True

    store, oldest = new_store(), Trend.objects.order_by("timestamp")[0].timestamp
    with impatient(), Beside(prune_and_roll):
        for number in range(200):
            moment = (oldest + STEP * 50 * number).isoformat()
            text = f'{{"value": 230, "timestamp": "{moment}"}}'
            assert save([message("panel/trafo1/volt", text, time.time())], store).stored == 1
    roll(panel)
    assert Pruner().run([panel], threading.Event()).waiting == {}
    expect_pruned(panel)
