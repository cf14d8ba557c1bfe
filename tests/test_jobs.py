from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.utils import timezone
from model_bakery import baker

from meters.jobs import (
    FORGET_WORKER_AFTER,
    SQLITE_PAUSE_S,
    Job,
    all_jobs,
    let_others_write,
    record_run,
    roll_up,
    run_worker,
    step,
    tell_of_absent_members,
)
from meters.models import (
    DirtyRange,
    IngestCheckpoint,
    IngestCheckpointPage,
    IngestWorker,
    JobRun,
    Panel,
    RejectedMessage,
    Trend,
    TrendHour,
)
from meters.mqtt.timestamps import to_microseconds
from tests.clock import Clock
from tests.energy.filling import fill


class Steps:
    """A stop flag that is set after so many waits, which it writes down instead of waiting."""

    def __init__(self, count: int, clock: Clock) -> None:
        self.count = count
        self.clock = clock
        self.waits: list[float] = []

    def is_set(self) -> bool:
        return len(self.waits) >= self.count

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.clock.now_s += seconds
        return self.is_set()


def test_each_job_runs_when_it_is_due() -> None:
    ran: list[str] = []
    jobs = [
        Job("often", 10, lambda: ran.append("often")),
        Job("rare", 25, lambda: ran.append("rare")),
    ]
    assert step(jobs, 100.0) == 10
    assert step(jobs, 105.0) == 5
    assert step(jobs, 110.0) == 10
    assert step(jobs, 125.0) == 10
    assert ran == ["often", "rare", "often", "often", "rare"]


@pytest.mark.parametrize("error", [OperationalError("gone away"), ZeroDivisionError()])
def test_a_failing_job_does_not_keep_the_others_from_running(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meters.jobs.connection.close", lambda: None)
    tries: list[str] = []

    def fail() -> None:
        tries.append("failed")
        raise error

    jobs = [Job("fails", 10, fail), Job("works", 10, lambda: tries.append("worked"))]
    step(jobs, 0.0)
    step(jobs, 10.0)
    assert tries == ["failed", "worked"] * 2


def test_the_worker_waits_just_until_the_next_job_and_ends_when_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("meters.jobs.connection.close", lambda: None)
    ran: list[float] = []
    clock = Clock(0.0)
    stop = Steps(3, clock)
    run_worker(stop, clock, [Job("job", 7, lambda: ran.append(clock()))])
    assert ran == [0, 7, 14]
    assert stop.waits == [7, 7, 7]


def test_a_job_that_takes_long_does_not_put_off_the_next_one() -> None:
    clock, ran = Clock(0), list[float]()

    def work() -> None:
        ran.append(clock())
        clock.now_s += 8

    stop = Steps(3, clock)
    run_worker(stop, clock, [Job("job", 10, work)])
    assert ran == [0, 10, 20]
    assert stop.waits == [2, 2, 2]


def test_on_sqlite_the_others_get_their_turn_between_two_rounds() -> None:
    stop = Steps(1, Clock())
    let_others_write(stop)
    assert stop.waits == ([SQLITE_PAUSE_S] if connection.vendor == "sqlite" else [])


@pytest.mark.django_db
def test_the_jobs_remove_what_is_old_and_keep_the_rest(settings: pytest.FixtureRequest) -> None:
    settings.MQTT_REJECTED_KEEP = 3  # type: ignore[attr-defined]
    now = timezone.now()
    RejectedMessage.objects.bulk_create(
        RejectedMessage(topic="t", payload="?", payload_bytes=1, reason="?", received_at=now)
        for _ in range(5)
    )
    for name, age in (("alive", timedelta()), ("dead", FORGET_WORKER_AFTER + timedelta(hours=1))):
        baker.make(IngestWorker, client_id=name, heartbeat_at=now - age)
        baker.make(IngestCheckpoint, client_id=name)
        baker.make(IngestCheckpointPage, client_id=name)
    for key, age in (("in use", timedelta()), ("expired", timedelta(days=1))):
        Session.objects.create(session_key=key, expire_date=now + timedelta(hours=1) - age)
    newest = set(RejectedMessage.objects.order_by("-pk").values_list("pk", flat=True)[:3])
    step(all_jobs(), 0.0)
    assert set(RejectedMessage.objects.values_list("pk", flat=True)) == newest
    for model in (IngestWorker, IngestCheckpoint, IngestCheckpointPage):
        assert model._default_manager.get().client_id == "alive"
    assert Session.objects.get().session_key == "in use"


@pytest.mark.django_db
def test_how_a_job_went_is_written_down() -> None:
    went_well: list[bool] = [True]

    def work() -> None:
        if not went_well[-1]:
            raise ZeroDivisionError("by nothing")

    jobs = [Job("job", 10, work)]
    step(jobs, 0.0, record_run)
    first = JobRun.objects.get(name="job")
    assert (first.every_s, first.error, first.is_fresh) == (10, "", True)
    went_well.append(False)
    step(jobs, 10.0, record_run)
    second = JobRun.objects.get(name="job")
    assert second.error == "ZeroDivisionError: by nothing"
    assert second.succeeded_at == first.succeeded_at


def test_a_run_that_the_database_does_not_take_down_keeps_no_job_from_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("gone away")

    monkeypatch.setattr("meters.jobs.JobRun.objects.record", away)
    monkeypatch.setattr("meters.jobs.connection.close", lambda: None)
    ran: list[str] = []
    step([Job("job", 10, lambda: ran.append("job"))], 0.0, record_run)
    assert ran == ["job"]


@pytest.mark.django_db
def test_an_absent_member_of_a_share_group_is_told(caplog: pytest.LogCaptureFixture) -> None:
    now = timezone.now()
    for name, subscription, age in (
        ("alive", "$share/plant/panel/+/volt", timedelta()),
        ("absent", "$share/plant/panel/+/volt", timedelta(hours=2)),
        ("forgotten", "$share/plant/panel/+/volt", timedelta(days=20)),
        ("alone", "panel/+/volt", timedelta(hours=2)),
    ):
        baker.make(
            IngestWorker, client_id=name, subscriptions=[subscription], heartbeat_at=now - age
        )
    tell_of_absent_members()
    (line,) = caplog.messages
    assert line.startswith("the ingest absent gives no sign of life since ")


@pytest.mark.django_db
def test_old_readings_are_deleted_by_the_worker_some_at_a_time(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = Panel.objects.create(name="a")
    for days in (1, 500, 501):
        Trend.objects.create(panel=panel, timestamp=timezone.now() - timedelta(days=days), power=1)
    monkeypatch.setattr("meters.energy.pruning.ROWS_AT_ONCE", 1)
    monkeypatch.setattr("meters.jobs.PRUNE_FOR_S", 0.0)
    (job,) = [job for job in all_jobs() if job.name == "delete old history"]
    with caplog.at_level("INFO"):
        job.run()
    assert Trend.objects.count() == 2
    assert "deleted 1 readings, 0 minutes" in caplog.text
    job.run()
    assert Trend.objects.count() == 1


@pytest.mark.django_db
def test_old_readings_that_are_not_rolled_up_stay_and_that_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    panel = Panel.objects.create(name="a")
    old = timezone.now() - timedelta(days=500)
    Trend.objects.create(panel=panel, timestamp=old, power=1)
    DirtyRange.objects.mark(panel, old, old)
    (job,) = [job for job in all_jobs() if job.name == "delete old history"]
    with caplog.at_level("INFO"):
        job.run()
        job.run()
    assert caplog.text.count("old history of a stays") == 1
    assert Trend.objects.exists()


@pytest.mark.django_db
def test_the_roll_up_job_adds_up_what_is_waiting() -> None:
    panel = Panel.objects.create(name="trafo1")
    moment = to_microseconds(datetime(2026, 1, 15, 12, tzinfo=UTC))
    fill(panel, [(moment + n * 60_000_000, {"power": 1000.0}) for n in range(61)])
    assert DirtyRange.objects.exists()
    step(all_jobs(), 0.0)
    assert not DirtyRange.objects.exists()
    rows = TrendHour.objects.filter(panel=panel).values_list("energy_wh", flat=True)
    assert list(rows) == [pytest.approx(1000), None]


@pytest.mark.django_db
def test_the_roll_up_job_leaves_the_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is waiting, it ends when its time is over, and goes on the next time."""
    monkeypatch.setattr("meters.jobs.ROLL_UP_FOR_S", 0.0)
    panel = Panel.objects.create(name="trafo1")
    fill(panel, [(to_microseconds(datetime(2026, 1, 15, 12, tzinfo=UTC)), {"power": 1.0})])
    roll_up()
    assert DirtyRange.objects.exists()
    monkeypatch.setattr("meters.jobs.ROLL_UP_FOR_S", 8.0)
    roll_up()
    assert not DirtyRange.objects.exists()
