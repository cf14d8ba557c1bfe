"""`/system`: is all well, and where isn't it."""

import asyncio
import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from model_bakery import baker
from pytest_django import DjangoAssertNumQueries

from dashboard.system.amounts import size
from dashboard.system.facts import BAD, GOOD, WARN
from dashboard.system.page import Verdict, system_context
from dashboard.system.visible import visible
from dashboard.system.work import JOB_NAMES, job_view
from meters.jobs import all_jobs
from meters.models import DirtyRange, IngestWorker, JobRun, Panel, RejectedMessage, Trend
from meters.mqtt.broker import Broker

SUM = {"stored": 90, "duplicate": 4, "rejected": 3, "spooled": 2, "in_memory": 1}


@pytest.fixture
def page(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def ingest(name: str = "pelbiot-1", age_s: float = 0, **columns: Any) -> IngestWorker:
    now = timezone.now()
    usual = {
        "connected": True,
        "connected_since": now - timedelta(hours=2),
        "heartbeat_at": now - timedelta(seconds=age_s),
        "broker": "mqtt://broker.plant.example:1883",
        "protocol": "5",
        "subscriptions": ["panel/+/volt"],
        "message_rate": 12.5,
        "received": 98,
        **SUM,
        "spooled": 0,
        "last_message": None,
        "last_error": "",
    }
    return baker.make(IngestWorker, client_id=name, **(usual | columns))


def rejected(at: datetime) -> None:
    RejectedMessage.objects.create(
        topic="t", payload="?", payload_bytes=1, reason="?", received_at=at
    )


def worker_runs(error: str = "", age_s: float = 0) -> None:
    JobRun.objects.record("roll up", every_s=10, took_s=0.1, error=error)
    JobRun.objects.update(ended_at=timezone.now() - timedelta(seconds=age_s))


def health(key: str) -> tuple[str, str]:
    (check,) = [check for check in system_context()["checks"] if check.key == key]
    return check.health, check.text


def verdict() -> Verdict:
    found: Verdict = system_context()["verdict"]
    return found


def text(client: Client, path: str = "/system") -> str:
    content = client.get(path).content.decode()
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", content)))


def test_all_is_well_where_ingest_and_worker_run(db: None) -> None:
    ingest()
    worker_runs()
    assert (verdict().health, verdict().text) == (GOOD, "All is well.")


def test_an_empty_installation_says_what_to_start(page: Client) -> None:
    shown = text(page)
    assert "2 things need attention." in shown
    assert "Start it: manage.py mqtt_ingest" in shown
    assert "Start it: manage.py worker" in shown


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, (GOOD, "1 of 1 connected")),
        ({"connected": False}, (BAD, "Not connected to the broker")),
        ({"age_s": 60}, (BAD, "No ingest is running")),
    ],
)
def test_the_ingest_is_judged_by_its_sign_of_life_and_its_connection(
    db: None, columns: Any, expected: tuple[str, str]
) -> None:
    ingest(**columns)
    assert health("ingest") == expected


def test_two_workers_of_which_one_is_dead_are_told_apart(page: Client) -> None:
    ingest("alive")
    ingest("dead", age_s=3600)
    content = page.get("/system").content.decode()
    found = re.findall(
        r'class="sheet worker" data-health="(\w+)".*?<code>(\w+)</code>', content, re.S
    )
    assert found == [("normal", "alive"), ("warning", "dead")]
    assert "No sign of life since" in content


def test_the_messages_of_a_worker_add_up_and_it_is_told_where_they_do_not(page: Client) -> None:
    worker = ingest(received=100, spooled=2)
    worker_runs()
    assert "does not add up" not in text(page)
    IngestWorker.objects.update(received=107)
    assert "the sum is 100, so 7 messages are untold" in text(page)
    assert health("ingest") == (WARN, "The messages don't add up")
    assert str(worker) in text(page)


def test_readings_in_the_spool_are_told_also_those_of_a_dead_worker(db: None) -> None:
    ingest("dead", age_s=3600, spooled=1200, received=1298)
    assert health("spool") == (WARN, "1,200 readings wait")


def test_an_absent_member_of_a_share_group_is_told(db: None) -> None:
    ingest("here")
    ingest("gone", age_s=3600, subscriptions=["$share/plant/panel/+/volt"])
    assert health("members") == (WARN, "Away: gone")


def test_messages_rejected_lately_are_told_and_those_of_yesterday_are_not(db: None) -> None:
    rejected(timezone.now() - timedelta(days=1))
    assert health("rejected") == (GOOD, "None in the last hour")
    rejected(timezone.now())
    assert health("rejected") == (WARN, "1 in the last hour")


@pytest.mark.parametrize(
    ("error", "age_s", "expected"),
    [
        ("", 0, (GOOD, "All jobs run")),
        ("no room", 0, (WARN, "Fails: roll up")),
    ],
)
def test_the_worker_is_judged_by_its_jobs(
    db: None, error: str, age_s: float, expected: tuple[str, str]
) -> None:
    worker_runs(error, age_s)
    assert health("worker") == expected


def test_a_worker_that_died_is_told(db: None) -> None:
    worker_runs(age_s=600)
    state, sentence = health("worker")
    assert state == WARN
    assert sentence.startswith("No sign of life since ")


def test_a_failed_job_shows_its_error(page: Client) -> None:
    worker_runs(error="ZeroDivisionError: by nothing")
    assert "ZeroDivisionError: by nothing" in text(page)
    assert job_view(JobRun.objects.get(), timezone.now()).state == "Failed"


def test_a_long_backlog_of_rollups_is_told(db: None) -> None:
    panel = Panel.objects.create(name="a")
    start = timezone.now() - timedelta(days=1)
    assert health("rollups") == (GOOD, "Up to date")
    for minute in range(150):
        moment = start + timedelta(minutes=minute)
        DirtyRange.objects.mark(panel, moment, moment)
    assert health("rollups") == (WARN, "150 ranges wait")


def test_a_channel_layer_that_is_away_leaves_the_rest_of_the_page(
    page: Client, settings: Any
) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": ["redis://127.0.0.1:9/0"]},
        }
    }
    ingest()
    shown = text(page)
    assert "Redis doesn't answer" in shown
    assert "1 of 1 connected" in shown


class Hanging:
    """A channel layer whose server takes connections and never answers."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await asyncio.Event().wait()


def test_a_channel_layer_that_hangs_holds_the_page_up_no_longer_than_its_time(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.system.services.get_channel_layer", Hanging)
    monkeypatch.setattr("dashboard.system.services.TIMEOUT_S", 0.01)
    assert health("channels")[0] == BAD
    assert "doesn't answer" in text(page)


def test_every_job_of_the_worker_has_a_name_for_people() -> None:
    assert {job.name for job in all_jobs()} == set(JOB_NAMES)


def test_a_part_that_the_database_refuses_leaves_the_rest_of_the_page(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("SELECT command denied")

    monkeypatch.setattr("dashboard.system.storage.server", refuse)
    ingest()
    shown = text(page)
    assert "The database gave no answer to this" in shown
    assert "1 of 1 connected" in shown
    assert verdict().health == BAD


def test_the_broker_is_shown_without_its_password(page: Client, settings: Any) -> None:
    settings.MQTT_BROKER = Broker.from_url("mqtts://meter:very-secret@broker.plant.example")
    content = page.get("/system").content.decode()
    assert "mqtts://broker.plant.example:8883" in content
    assert "very-secret" not in content


def test_the_first_and_the_last_reading_and_the_number_of_samples_are_told(page: Client) -> None:
    now = timezone.now()
    for name, days in (("a", 3), ("b", 5)):
        panel = Panel.objects.create(name=name, voltage=230, voltage_at=now)
        Trend.objects.create(panel=panel, timestamp=now - timedelta(days=days), voltage=230)
    database = {fact.label: fact.value for fact in system_context()["sections"]["database"].facts}
    assert database["Samples"] == "about 2"
    day = timezone.localtime(now - timedelta(days=5))
    assert database["Oldest reading"].startswith(f"{day.day} {day:%b %Y}")


def test_versions_are_told(page: Client) -> None:
    versions = {fact.label: fact.value for fact in system_context()["versions"]}
    assert re.fullmatch(r"\d+\.\d+\.\d+", versions["PELBIOT"])
    assert versions["uPlot"] == "1.6.32"
    assert {"Python", "Django", "Channels", "daphne", "paho-mqtt", "mysqlclient"} <= set(versions)


def test_the_figures_alone_are_what_stands_in_the_page(page: Client) -> None:
    ingest()
    part = page.get("/system/figures").content.decode()
    assert "<html" not in part
    assert 'id="verdict"' in part
    assert "no-store" in page.get("/system/figures")["Cache-Control"]


def test_the_last_message_of_a_worker_is_shown_and_not_run(page: Client) -> None:
    ingest(
        last_message={
            "topic": "panel/<b>x</b>/volt",
            "value": "<script>alert(1)</script>",
            "timestamp": "2026-01-15T03:30:45Z",
        }
    )
    content = page.get("/system").content.decode()
    assert "<script>alert(1)" not in content
    assert "&lt;script&gt;alert(1)" in content


def test_the_work_does_not_grow_with_the_panels(
    page: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    Panel.objects.bulk_create(Panel(name=f"p{number}") for number in range(500))
    ingest()
    worker_runs()
    with django_assert_max_num_queries(25):
        assert page.get("/system").status_code == 200


@pytest.mark.parametrize(
    ("octets", "shown"),
    [(1, "1 byte"), (512, "512 bytes"), (1234, "1.2 kB"), (999_960, "1.0 MB"), (84e9, "84.0 GB")],
)
def test_sizes_are_written_as_disks_are_sold(octets: int, shown: str) -> None:
    assert size(int(octets)).replace("\xa0", " ") == shown


def test_what_cannot_be_seen_in_a_text_is_told() -> None:
    pieces = visible("a\x1b[31m\u202eb\nc")
    assert [(piece.text, piece.control) for piece in pieces] == [
        ("a", False),
        ("\\x1b", True),
        ("[31m", False),
        ("\\u202e", True),
        ("b", False),
        ("\\n", True),
        ("\nc", False),
    ]
