import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from meters.models import IngestWorker, Panel, Trend


@pytest.fixture
def page(viewer: User) -> Client:
    client = Client()
    client.force_login(viewer)
    return client


def make_panel(name: str, at: datetime | None = None, samples: int = 0, **values: Any) -> Panel:
    at = at or timezone.now()
    panel = Panel(name=name, **values)
    if samples:
        panel.advance("voltage", 230.45, at)
        panel.advance("energy_cost", 4428312.5, at)
    panel.save()
    rows = [
        Trend(panel=panel, timestamp=at - timedelta(seconds=2 * age), voltage=230.45 + age)
        for age in range(samples)
    ]
    Trend.objects.bulk_create(rows)
    return panel


def ingest(connected: bool) -> None:
    now = timezone.now()
    IngestWorker.objects.create(
        client_id="i", host="h", pid=1, connected=connected, started_at=now, heartbeat_at=now
    )


def embedded(content: str, name: str) -> Any:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', content, re.S)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize(
    "path", ["/", "/overview", "/overview/points", "/panels/a/", "/panels/a/points"]
)
def test_a_stranger_is_sent_to_the_log_in(client: Client, db: None, path: str) -> None:
    make_panel("a")
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"] == f"/login/?next={path}"


def test_the_log_in_lets_in_and_the_log_out_out(viewer: User, client: Client) -> None:
    assert b"Log in" in client.get("/login/").content
    wrong = client.post("/login/", {"username": "viewer", "password": "x"})
    assert wrong.status_code == 200
    assert b'role="alert"' in wrong.content
    right = client.post("/login/", {"username": "viewer", "password": "viewer"})
    assert (right.status_code, right["Location"]) == (302, "/")
    assert client.get("/logout/").status_code == 405, "a link must not log anybody out"
    client.post("/logout/")
    assert client.get("/").status_code == 302


def test_values_stand_in_the_page_with_their_units_before_any_script_runs(page: Client) -> None:
    make_panel("trafo1", samples=1)
    content = page.get("/panels/trafo1/").content.decode()
    assert re.search(r"230\.45</span>(?:\s|&nbsp;)*<span class=\"tile__unit\">V", content)
    assert re.search(r"IDR</span>(?:\s|&nbsp;)*<span class=\"tile__number\">4,428,313", content)
    assert "meter-reported" in content
    assert "–" in content, "what was never measured is not 0"


def test_indonesian_readers_see_their_own_commas(page: Client, settings: Any) -> None:
    settings.LANGUAGE_CODE = "id"
    make_panel("trafo1", samples=1)
    content = page.get("/panels/trafo1/").content.decode()
    assert '<html lang="id">' in content
    assert "230,45" in content
    assert "4.428.313" in content


def test_times_are_those_of_the_site(page: Client) -> None:
    make_panel("trafo1", at=datetime(2026, 1, 15, 3, 30, 45, tzinfo=UTC), samples=1)
    content = page.get("/panels/trafo1/").content.decode()
    assert "15 Jan 2026 10:30:45 WIB" in content


def test_the_charts_first_48_points_are_in_the_page_oldest_first(page: Client) -> None:
    make_panel("trafo1", samples=60)
    readings = embedded(page.get("/panels/trafo1/").content.decode(), "readings")
    points = readings["metrics"]["voltage"]["points"]
    assert len(points) == 48
    assert points == sorted(points)
    assert points[-1][1] == 230.45
    assert readings["metrics"]["power"]["points"] == []
    assert page.get("/panels/trafo1/points").json()["metrics"] == readings["metrics"]


def test_a_metric_that_comes_seldom_has_its_points_too(page: Client) -> None:
    panel = make_panel("trafo1", samples=300)
    rows = list(Trend.objects.filter(panel=panel).order_by("timestamp"))[::5]
    for row in rows:
        row.power = 7.0
    Trend.objects.bulk_update(rows, ["power"])
    panel.advance("power", 7.0, rows[-1].timestamp)
    panel.save()
    metrics = page.get("/panels/trafo1/points").json()["metrics"]
    assert len(metrics["power"]["points"]) == 48


def test_each_panel_has_its_page(page: Client) -> None:
    make_panel("b", samples=1, display_name="Second")
    make_panel("a", samples=1, display_name="First", location="Hall")
    make_panel("hidden", active=False)
    first = page.get("/panels/a/").content.decode()
    assert '<h1 class="detail__title">First</h1>' in first
    assert "Hall" in first
    assert "hidden" not in re.sub(r"<[^>]*>", "", first).split()
    assert '<h1 class="detail__title">Second</h1>' in page.get("/panels/b/").content.decode()
    for name in ("nope", "hidden"):
        assert page.get(f"/panels/{name}/").status_code == 404


@pytest.mark.parametrize(
    ("connected", "state", "sentence"),
    [
        (True, "MQTT connected", "Readings are arriving"),
        (False, "MQTT disconnected", "No connection to the MQTT broker"),
        (None, "No ingest running", "No ingest is running"),
    ],
)
def test_the_state_of_the_connection_stands_in_the_page(
    page: Client, connected: bool | None, state: str, sentence: str
) -> None:
    make_panel("a", samples=1)
    if connected is not None:
        ingest(connected)
    content = page.get("/panels/a/").content.decode()
    assert state in content
    assert sentence in content


def test_without_a_panel_it_says_how_to_send_the_first_reading(page: Client) -> None:
    content = page.get("/").content.decode()
    assert "mosquitto_pub" in content
    assert "panel/" in content


def test_hostile_names_are_shown_and_not_run(page: Client) -> None:
    nasty = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    make_panel("a", samples=1, display_name=nasty[:100], location=nasty)
    content = page.get("/panels/a/").content.decode()
    assert nasty not in content
    assert escape(nasty) in content


def test_pages_are_not_kept_by_caches(page: Client) -> None:
    make_panel("a", samples=1)
    for path in ("/", "/panels/a/", "/panels/a/points"):
        assert "no-store" in page.get(path)["Cache-Control"]


def test_an_unknown_page_is_told_in_our_own_words(page: Client) -> None:
    answer = page.get("/nothing/here/")
    assert answer.status_code == 404
    assert b"PELBIOT" in answer.content


def test_a_meter_with_a_register_has_the_same_four_tiles_and_no_fewer_points(page: Client) -> None:
    names = ("voltage", "ampere", "power", "energy_cost", "energy_register")
    at = timezone.now()
    panel = make_panel("trafo1", at=at, samples=1)
    for number, name in enumerate(names):
        panel.advance(name, 1.0, at)
        Trend.objects.bulk_create(
            Trend(panel=panel, timestamp=at - timedelta(seconds=age, milliseconds=number + 1))
            for age in range(60)
        )
        moments = [at - timedelta(seconds=age, milliseconds=number + 1) for age in range(60)]
        Trend.objects.filter(timestamp__in=moments).update(**{name: 1.0})
    panel.save()
    metrics = page.get("/panels/trafo1/points").json()["metrics"]
    assert list(metrics) == list(names[:4])
    assert all(len(metric["points"]) == 48 for metric in metrics.values())


def test_a_panel_that_only_publishes_a_register_is_shown_as_live(page: Client) -> None:
    at = timezone.now()
    make_panel("trafo1", energy_register=48213.7, energy_register_at=at)
    content = page.get("/panels/trafo1/").content.decode()
    assert 'data-state="live"' in content
    assert "48,213" not in content
