import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.compare import MOST_PANELS
from meters.models import Panel
from tests.dashboard.history_cast import panel_with_history, priced

pytestmark = pytest.mark.django_db
DAY = "?range=day&date=2007-02-08"


@pytest.fixture
def page(viewer: User) -> Client:
    client = Client()
    client.force_login(viewer)
    return client


def shown(page: Client, query: str = "") -> str:
    answer = page.get(f"/compare{query}")
    assert answer.status_code == 200
    return answer.content.decode().replace("\xa0", " ")


def chosen(page: Client, query: str = "") -> list[str]:
    found: dict[str, Any] = page.get(f"/compare/range{query}").json()
    assert [panel["number"] for panel in found["panels"]] == list(
        range(1, len(found["panels"]) + 1)
    )
    return [panel["name"] for panel in found["panels"]]


@pytest.mark.parametrize("path", ["/compare", "/compare/range"])
def test_a_stranger_is_sent_to_the_log_in(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


def test_the_ranking_stands_in_the_page_before_any_script_runs(page: Client) -> None:
    panel_with_history("a", power_w=1200)
    panel_with_history("b", power_w=2460, display_name="Workshop")
    content = shown(page, DAY + "&panels=a,b")
    rows = re.findall(r'<tr data-panel="(\w+)">.*?data-cell="share">([^<]*)<', content, re.S)
    assert rows == [("b", "66.6 %"), ("a", "33.3 %")]
    assert "Workshop" in content
    assert "7.56 kWh" in content, "both together"
    assert "Diversity factor" in content
    assert re.search(r'<rect class="share__part" width="67"', content)


def test_a_cost_of_only_some_panels_says_what_it_leaves_out(page: Client) -> None:
    priced(panel_with_history("a"))
    panel_with_history("b", power_w=2460)
    content = shown(page, DAY + "&panels=a,b")
    assert "5.04 kWh without a price" in content, "in the cost of both together"
    small = re.findall(r'<small data-cell="unpriced">(.*?)</small>', content)
    assert small[:2] == ["", ""], "one panel has a price for all, the other no cost at all"


def test_the_embedded_comparison_is_what_the_api_answers(page: Client) -> None:
    panel_with_history("a")
    panel_with_history("b")
    content = shown(page, DAY)
    found = re.search(r'<script id="first" type="application/json">(.*?)</script>', content, re.S)
    assert found
    asked = {"from": "2007-02-07T17:00:00Z", "to": "2007-02-08T17:00:00Z", "panels": "a,b"}
    assert json.loads(found[1]) == page.get("/api/comparison", asked).json()


def test_at_first_some_are_shown_of_those_with_readings(page: Client) -> None:
    for number in range(1, 8):
        Panel.objects.create(name=f"p{number}")
    assert chosen(page) == ["p1", "p2", "p3", "p4", "p5", "p6"]
    panel_with_history("z")
    assert chosen(page) == ["z"]


def test_panels_may_be_given_together_or_one_by_one(page: Client) -> None:
    for name in "abc":
        Panel.objects.create(name=name)
    assert chosen(page, "?panels=c,a") == chosen(page, "?panels=c&panels=a") == ["a", "c"]


def test_unknown_and_inactive_panels_are_left_out(page: Client) -> None:
    Panel.objects.create(name="a")
    Panel.objects.create(name="b", active=False)
    assert chosen(page, "?panels=a,b,c") == ["a"]


def test_it_says_how_many_can_be_compared(page: Client) -> None:
    for number in range(MOST_PANELS + 2):
        Panel.objects.create(name=f"p{number}")
    query = "?panels=" + ",".join(f"p{number}" for number in range(MOST_PANELS + 2))
    assert len(chosen(page, query)) == MOST_PANELS
    assert "Up to 12 panels can be compared at a time." in shown(page, query)


def test_links_carry_panels_and_metric_on(page: Client) -> None:
    for name in "ab":
        Panel.objects.create(name=name)
    found = page.get("/compare/range" + DAY + "&panels=b&metric=voltage").json()
    assert found["metric"] == "voltage"
    assert found["range"]["links"]["week"] == "?range=week&date=2007-02-05&panels=b&metric=voltage"


def test_the_picker_works_without_scripts(page: Client) -> None:
    for name in "ab":
        Panel.objects.create(name=name)
    form = re.search(r'<form class="picker.*?</form>', shown(page, DAY + "&panels=b"), re.S)
    assert form
    assert 'name="date" value="2007-02-08"' in form[0]
    assert re.search(r'name="panels" value="b" checked', form[0])
    assert not re.search(r'name="panels" value="a" checked', form[0])
    assert 'type="submit"' in form[0]


def test_of_many_panels_the_chosen_ones_come_first_and_the_others_can_be_searched(
    page: Client,
) -> None:
    Panel.objects.bulk_create(Panel(name=f"trafo{number}") for number in range(1, 31))
    many = shown(page, "?panels=trafo29,trafo7")
    boxes = re.findall(r'name="panels" value="(\w+)"( checked)?', many)
    assert len(boxes) == 30
    assert boxes[:3] == [("trafo7", " checked"), ("trafo29", " checked"), ("trafo1", "")]
    assert "data-find" in many
    Panel.objects.filter(pk__gt=Panel.objects.order_by("pk")[23].pk).delete()
    few = shown(page, "?panels=trafo9,trafo7")
    assert re.findall(r'name="panels" value="(\w+)"', few)[0] == "trafo1"
    assert "data-find" not in few


def test_without_any_panel_there_is_a_page_too(page: Client) -> None:
    assert "No panel yet" in shown(page)


def test_without_a_quarter_of_an_hour_of_all_there_is_no_highest_sum(page: Client) -> None:
    panel_with_history("a")
    Panel.objects.create(name="b")
    assert "there is no highest sum" in shown(page, DAY)


def test_the_header_leads_to_the_comparison(page: Client) -> None:
    Panel.objects.create(name="a")
    assert 'href="/compare"' in page.get("/").content.decode()


def test_a_panels_name_is_never_html(page: Client) -> None:
    panel_with_history("a", display_name="<b>x</b>")
    assert "<b>x</b>" not in shown(page)
