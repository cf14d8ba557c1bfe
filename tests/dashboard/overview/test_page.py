"""The overview as the server sends it."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from meters.models import IngestWorker, Panel, Trend
from tests.dashboard.overview.cast import day


@pytest.fixture
def page(viewer: User) -> Client:
    client = Client()
    client.force_login(viewer)
    return client


def now_panel(name: str, age_s: float = 1.0, **described: Any) -> Panel:
    values = {"voltage": 230.45, "ampere": 53.21, "power": 12_345.6, "energy_cost": 4_428_312.5}
    values |= {key: described.pop(key) for key in list(described) if key in values}
    panel = Panel(name=name, **described)
    for metric, value in values.items():
        panel.advance(metric, value, timezone.now() - timedelta(seconds=age_s))
    panel.save()
    return panel


def embedded(content: str, name: str) -> Any:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', content, re.S)
    assert found
    return json.loads(found[1])


def cards(content: str) -> dict[str, str]:
    """The text of each card by its panel, without the template that scripts clone."""
    shown = content[: content.index("<template")]
    found = re.findall(r'<li class="unit" data-panel="([^"]+)"(.*?)</li>', shown, re.S)
    return {name: " ".join(re.sub(r"<[^>]*>", " ", card).split()) for name, card in found}


def test_a_card_says_it_all_before_any_script_runs(page: Client) -> None:
    now_panel("trafo1", display_name="Main", location="Hall", rated_power_kva=20)
    card = cards(page.get("/").content.decode())["trafo1"]
    for words in ("Main", "Hall", "Normal", "12.35 kW", "230.45 V", "53.21 A", "IDR 4,428,313"):
        assert words in card
    assert "Loading 61\u00a0%".replace("\u00a0", " ") in card.replace("\u00a0", " ")


def test_what_is_wrong_is_said_in_words(page: Client) -> None:
    now_panel("high", voltage=252.1)
    now_panel("both", voltage=180.0, rated_current_a=50)
    now_panel("unrated")
    found = {
        name: card.replace("\u00a0", " ")
        for name, card in cards(page.get("/").content.decode()).items()
    }
    assert "Warning" in found["high"]
    assert "Voltage 252.10 V above 241.5 V" in found["high"]
    assert "Alarm" in found["both"]
    assert "Voltage 180.00 V below 195.5 V, and 1 more" in found["both"]
    assert "no rating" in found["unrated"]


def test_old_panels_say_since_when(page: Client) -> None:
    now_panel("old", age_s=150)
    now_panel("gone", age_s=3 * 86_400)
    Panel.objects.create(name="new")
    found = cards(page.get("/").content.decode())
    assert "Stale" in found["old"] and "2 min ago" in found["old"]
    assert "Offline" in found["gone"] and "3 d ago" in found["gone"]
    assert "No reading since" in found["gone"]
    assert "Nothing received so far" in found["new"]


def test_a_value_that_stopped_does_not_pass_for_as_new_as_the_others(page: Client) -> None:
    panel = now_panel("half", rated_power_kva=20)
    stopped_at = timezone.now() - timedelta(hours=3)
    Panel.objects.filter(pk=panel.pk).update(ampere_at=stopped_at, energy_cost_at=stopped_at)
    content = page.get("/").content.decode()
    clock = timezone.localtime(stopped_at)
    assert "Current: no reading since" in cards(content)["half"]
    assert f"{clock:%H:%M:%S}" in cards(content)["half"] or f"{clock:%b %Y}" in content
    old = re.findall(r'data-value="(\w+)" data-old', content[: content.index("<template")])
    assert old == ["ampere", "loading"]


def test_the_worst_stand_first_and_the_states_are_counted(page: Client) -> None:
    now_panel("a")
    now_panel("b", voltage=300.0)
    now_panel("c", age_s=60)
    content = page.get("/").content.decode()
    assert list(cards(content)) == ["b", "c", "a"]
    chips = dict(re.findall(r'data-choice="(\w*)".*?chip__count">(\d+)', content))
    assert chips == {
        "": "3",
        "alarm": "1",
        "warning": "0",
        "offline": "0",
        "stale": "1",
        "none": "0",
        "normal": "1",
    }


def test_filters_work_by_the_address_alone_and_page_by_page(page: Client) -> None:
    for number in range(60):
        now_panel(f"p{number}", location="Hall A" if number % 2 else "Hall B")
    content = page.get("/?location=Hall+A&sort=name&page=2&view=rows").content.decode()
    assert list(cards(content)) == [f"p{number}" for number in (49, 51, 53, 55, 57, 59)]
    assert "30 of 60 panels are shown." in content
    assert "Page 2 of 2" in content
    assert 'href="?location=Hall+A&amp;sort=name&amp;view=rows&amp;page=1"' in content
    assert 'data-view="rows"' in content


def test_the_chosen_view_is_remembered_by_the_browser(page: Client) -> None:
    now_panel("a")
    page.cookies["overview_view"] = "rows"
    assert 'data-view="rows"' in page.get("/").content.decode()
    assert 'data-view="cards"' in page.get("/?view=cards").content.decode()


def test_a_filter_that_nothing_matches_offers_the_way_back(page: Client) -> None:
    now_panel("a")
    content = page.get("/?q=zzz").content.decode()
    assert "No panel matches the filter." in content
    assert '<a href="/">Show all panels</a>' in content


@pytest.mark.parametrize(
    ("path", "most"), [("/", 12), ("/overview", 8), ("/overview/points?panel={}", 7)]
)
def test_the_queries_do_not_grow_with_the_panels(page: Client, path: str, most: int) -> None:
    def queries(panels: int) -> int:
        for number in range(Panel.objects.count(), panels):
            day(now_panel(f"p{number}"), 1_000)
        names = "&panel=".join(f"p{number}" for number in range(min(panels, 60)))
        with CaptureQueriesContext(connection) as captured:
            assert page.get(path.format(names)).status_code == 200
        return len(captured)

    page.get("/")  # what is asked only once
    assert queries(2) == queries(80) <= most


def test_only_the_first_screens_cards_are_rendered_and_all_panels_are_told(page: Client) -> None:
    Panel.objects.bulk_create(Panel(name=f"p{number}") for number in range(500))
    answer = page.get("/", headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert len(answer.content) < 40_000
    content = page.get("/").content.decode()
    assert len(cards(content)) == 24
    told = embedded(content, "overview")
    assert len(told["panels"]) == 500
    assert page.get("/overview").json()["panels"] == told["panels"]
    assert len(told["limits"]) == 1, "panels with the same limits share them"


def test_the_points_of_many_panels_come_in_one_answer_and_follow_what_each_measures(
    page: Client,
) -> None:
    at = timezone.now()
    with_power, without = now_panel("power"), Panel.objects.create(name="voltage", voltage=230)
    Panel.objects.filter(name="voltage").update(voltage_at=at)
    for panel, values in ((with_power, {"power": 7.04}), (without, {"voltage": 231.5})):
        Trend.objects.bulk_create(
            Trend(panel=panel, timestamp=at - timedelta(seconds=age), **(values if age % 2 else {}))
            for age in range(150)
        )
    Panel.objects.create(name="silent")
    points = page.get("/overview/points?panel=power&panel=voltage&panel=silent").json()["panels"]
    assert {name: len(found) for name, found in points.items()} == {
        "power": 48,
        "voltage": 48,
        "silent": 0,
    }
    assert points["power"] == sorted(points["power"])
    assert points["power"][-1][1] == 7.0
    assert points["voltage"][-1][1] == 231.5


def test_too_many_points_at_once_are_refused_with_the_reason(page: Client) -> None:
    answer = page.get("/overview/points?" + "&".join(f"panel=p{number}" for number in range(61)))
    assert (answer.status_code, answer.json()) == (
        400,
        {"detail": "Ask for at most 60 panels at a time."},
    )


def test_a_hidden_panel_is_nowhere(page: Client) -> None:
    now_panel("shown")
    now_panel("secret", active=False)
    assert "secret" not in page.get("/").content.decode()
    assert "secret" not in page.get("/overview").content.decode()
    assert page.get("/overview/points?panel=secret").json() == {"panels": {}}


def test_hostile_names_are_shown_and_not_run(page: Client) -> None:
    nasty = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    now_panel("a", display_name=nasty, location=nasty)
    content = page.get("/?q=%3C").content.decode()
    assert nasty not in content
    assert escape(nasty) in content


def test_without_a_panel_it_says_how_to_send_the_first_reading(page: Client) -> None:
    assert "mosquitto_pub" in page.get("/").content.decode()


def test_that_no_ingest_runs_comes_before_the_states_of_panels(page: Client) -> None:
    now_panel("a", voltage=300.0)
    assert "No ingest is running" in page.get("/").content.decode()
    now = timezone.now()
    IngestWorker.objects.create(
        client_id="i", host="h", pid=1, connected=True, started_at=now, heartbeat_at=now
    )
    assert "The panel needs attention." in page.get("/").content.decode()


def test_indonesian_readers_see_their_own_figures(page: Client) -> None:
    now_panel("a")
    page.cookies["django_language"] = "id"
    content = page.get("/").content.decode()
    assert "12,35\u00a0kW" in content
    assert "4.428.313" in content


@pytest.mark.parametrize("path", ["/", "/overview", "/overview/points?panel=a"])
def test_nothing_of_it_is_kept_by_caches(page: Client, path: str) -> None:
    now_panel("a")
    assert "no-store" in page.get(path)["Cache-Control"]
