"""A panel's live page as the server makes it: its head, figures, limits, newest readings, details."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from meters.condition import STALE_AFTER_S
from meters.models import IngestWorker, Panel, Trend
from tests.dashboard.history_cast import START, ZONE, panel_with_history, priced

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(viewer: User) -> Client:
    client = Client()
    client.force_login(viewer)
    return client


def shown(page: Client, name: str = "a") -> str:
    answer = page.get(f"/panels/{name}/")
    assert answer.status_code == 200
    return answer.content.decode().replace("\xa0", " ").replace("&nbsp;", " ")


def embedded(content: str, name: str) -> Any:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', content, re.S)
    assert found
    return json.loads(found[1])


def reading(panel: Panel, at: datetime, **values: float) -> None:
    Trend.objects.create(panel=panel, timestamp=at, **values)
    for metric, value in values.items():
        panel.advance(metric, value, at)
    panel.save()


@pytest.mark.parametrize("path", ["/panels/a/", "/panels/a/window?window=5m", "/panels/a/today"])
def test_a_stranger_is_sent_to_the_log_in(client: Client, path: str) -> None:
    Panel.objects.create(name="a")
    assert client.get(path)["Location"].startswith("/login/?next=/panels/a/")


@pytest.mark.parametrize("path", ["/panels/b/", "/panels/b/window?window=5m", "/panels/b/today"])
def test_a_panel_that_is_not_shown_has_no_page(page: Client, path: str) -> None:
    Panel.objects.create(name="b", active=False)
    assert page.get(path).status_code == 404


def test_an_old_value_says_since_when_it_is_stale(page: Client) -> None:
    now = timezone.now()
    IngestWorker.objects.create(
        client_id="i", host="h", pid=1, connected=True, started_at=now, heartbeat_at=now
    )
    reading(Panel.objects.create(name="a"), now - timedelta(seconds=STALE_AFTER_S + 5), voltage=230)
    content = shown(page)
    assert "Stale since" in content
    assert "No new reading since" in content


# -- the head ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tab", ["", "history", "bill"])
def test_each_view_leads_to_the_same_view_of_the_panels_beside_it(page: Client, tab: str) -> None:
    for name in ("trafo10", "trafo2", "trafo9"):
        Panel.objects.create(name=name, display_name=f"Feeder {name}")
    content = page.get(f"/panels/trafo9/{tab}").content.decode()
    links = dict(re.findall(r'rel="(prev|next)" href="(/panels[^"?]*)', content))
    assert links == {"prev": f"/panels/trafo2/{tab}", "next": f"/panels/trafo10/{tab}"}
    assert "2 of 3" in content
    assert "Next panel: Feeder trafo10" in content


def test_the_switcher_knows_all_panels_that_are_shown_in_the_order_people_count(
    page: Client,
) -> None:
    Panel.objects.create(name="trafo10", location="Yard")
    Panel.objects.create(name="trafo2", display_name="Pump")
    Panel.objects.create(name="hidden", active=False)
    assert page.get("/panels.json").json()["panels"] == [
        ["trafo2", "Pump", "trafo2"],
        ["trafo10", "trafo10", "Yard"],
    ]


def test_the_work_does_not_grow_with_the_panels(
    page: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    panel_with_history("a")
    Panel.objects.bulk_create(Panel(name=f"p{number}") for number in range(200))
    with django_assert_max_num_queries(28):
        content = shown(page)
    assert content.count("p199") == 0, "no list of all panels in the page"


# -- limits ---------------------------------------------------------------------------------------


def test_what_is_beyond_a_limit_is_told_with_value_limit_and_severity(page: Client) -> None:
    panel = Panel.objects.create(name="a", rated_power_kva=5, rated_current_a=25)
    reading(panel, timezone.now(), voltage=245.0, ampere=18.0)
    content = shown(page)
    assert 'data-severity="warning">Voltage 245.00 V, above 241.5 V<' in content
    assert 'data-severity="warning">Loading 88.2 %, above 80 %<' in content
    assert 'id="panel-state" data-state="warning">Warning<' in content
    assert "88.2 % of 5 kVA" in content
    assert "Warning outside 207 V to 241.5 V, alarm outside 195.5 V to 253 V" in content
    assert "Alarm above the rated 25 A" in content
    assert embedded(content, "limits")["ampere_alarm"] == 25


def test_old_values_are_not_judged(page: Client) -> None:
    reading(Panel.objects.create(name="a"), timezone.now() - timedelta(minutes=5), voltage=300.0)
    content = shown(page)
    assert "nobody knows whether it is inside" in content
    assert 'class="finding"' not in content
    assert "No rated power is set" in content


def test_the_episodes_of_the_last_day_stand_in_the_page_and_are_marked_in_its_charts(
    page: Client,
) -> None:
    with time_machine.travel(START + timedelta(hours=3), tick=False):
        panel_with_history("a", nominal_voltage_v=220)  # 230 to 232 V; warned above 231
        content = shown(page)
    assert 'data-cell="what">Voltage above 231 V<' in content
    assert 'data-cell="start">8 Feb 2007 10:02<' in content
    assert 'data-cell="worst">232.00 V<' in content
    (drawn,) = embedded(content, "episodes")
    assert (drawn["quantity"], drawn["severity"]) == ("voltage", "warning")
    assert drawn["start"] == (START + timedelta(minutes=2)).timestamp() * 1000


# -- today ----------------------------------------------------------------------------------------


def test_todays_figures_stand_in_the_page_and_are_what_it_asks_for_later(page: Client) -> None:
    with time_machine.travel(START.replace(hour=13), tick=False):
        priced(panel_with_history("a"))
        content = shown(page)
        asked = page.get("/panels/a/today").json()
    for value in ("2.52 kWh", "IDR 2,520.00", "1,320.0 W", "1,312.5 W", "8 Feb 2007 12:00"):
        assert value in content
    assert asked["facts"]["peak"] == ["1,320.0\xa0W", "8 Feb 2007 12:00"]
    figure = r'data-fact="(\w+)">\s*<dt[^>]*>[^<]*</dt>\s*<dd class="stat__value">([^<]*)<'
    later = {key: value.replace("\xa0", " ") for key, (value, _) in asked["facts"].items()}
    assert later == dict(re.findall(figure, content))
    assert asked["episodes"] == []
    assert "as far as there are readings" in asked["said"]


# -- live windows ---------------------------------------------------------------------------------


def test_a_window_holds_its_time_and_no_more(page: Client) -> None:
    panel, now = Panel.objects.create(name="a"), timezone.now()
    for age_s in (10, 290, 310, 4000):
        reading(panel, now - timedelta(seconds=age_s), voltage=230.0 + age_s / 1000)
    of = {name: page.get(f"/panels/a/window?window={name}").json() for name in ("5m", "1h")}
    assert [value for _, value in of["5m"]["metrics"]["voltage"]] == [230.29, 230.01]
    assert [value for _, value in of["1h"]["metrics"]["voltage"]] == [230.31, 230.29, 230.01]
    assert (of["5m"]["length_ms"], of["1h"]["length_ms"]) == (300_000, 3_600_000)
    assert of["1h"]["metrics"]["power"] == []


def test_a_peak_of_a_moment_survives_in_an_hour_of_seconds(page: Client) -> None:
    panel = Panel.objects.create(name="a")
    now = timezone.now().replace(second=0, microsecond=0)
    Trend.objects.bulk_create(
        Trend(panel=panel, timestamp=now - timedelta(seconds=s), power=9999.0 if s == 1775 else 5.0)
        for s in range(3500)
    )
    points = page.get("/panels/a/window?window=1h").json()["metrics"]["power"]
    assert len(points) <= 2 * 361
    assert [value for _, value in points if value > 5] == [9999.0]


def test_what_lies_before_many_samples_is_told_by_its_minutes(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.live_windows._MOST_SAMPLES", 10)
    with time_machine.travel(START + timedelta(minutes=60), tick=False):
        panel_with_history("a", minutes=60)
        points = page.get("/panels/a/window?window=1h").json()["metrics"]["voltage"]
    moments = [at for at, _ in points]
    assert moments == sorted(set(moments))
    assert moments[0] <= (START + timedelta(minutes=1)).timestamp() * 1000
    assert len(points) >= 58


@pytest.mark.parametrize("asked", ["", "2h", "last"])
def test_another_window_is_refused_with_what_there_is(page: Client, asked: str) -> None:
    Panel.objects.create(name="a")
    answer = page.get(f"/panels/a/window?window={asked}")
    assert answer.status_code == 400
    assert "5m, 1h" in answer.json()["window"][0]


# -- newest readings, details ---------------------------------------------------------------------


def test_the_newest_twenty_samples_stand_in_a_table_newest_first(page: Client) -> None:
    panel = Panel.objects.create(name="a")
    start = datetime(2026, 1, 15, 10, 30, tzinfo=ZONE)
    for second in range(25):
        reading(panel, start + timedelta(seconds=second), voltage=200.0 + second)
    content = shown(page)
    rows = re.findall(r"<tr><th scope=\"row\">([^<]*)</th><td class=\"number\">([^<]*)", content)
    assert len(rows) == 20
    assert rows[0] == ("15 Jan 2026 10:30:24", "224.00 V")
    assert len(embedded(content, "readings")["samples"]) == 20


def test_details_tell_ratings_tariff_topics_and_how_far_the_history_reaches(page: Client) -> None:
    with time_machine.travel(START + timedelta(hours=3), tick=False):
        panel = panel_with_history("a", rated_power_kva=6.6, phases=3, raw_retention_days=30)
        priced(panel)
        content = shown(page)
    for said in (
        "<dd>6.6 kVA</dd>",
        "<dd>230 V</dd>",
        "<dd>not set</dd>",
        "<code>panel/a/volt</code>",
        "<code>panel/a/energy_cost</code>",
        "8 Feb 2007 10:00:00 WIB",
        "readings 30 days",
        "IDR 1,000.00 per kWh just now",
    ):
        assert said in content


def test_only_who_may_change_the_panel_is_offered_to(page: Client, viewer: User) -> None:
    panel = Panel.objects.create(name="a")
    address = f"/admin/meters/panel/{panel.pk}/change/"
    assert address not in shown(page)
    viewer.is_staff = True
    viewer.save()
    viewer.user_permissions.add(Permission.objects.get(codename="change_panel"))
    assert address in shown(page)


def test_a_panel_without_any_reading_has_a_page_that_says_so(page: Client) -> None:
    Panel.objects.create(name="a")
    content = shown(page)
    assert "This panel has not sent a reading yet." in content
    assert "No reading yet" in content
