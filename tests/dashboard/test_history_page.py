import json
import re
from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from dashboard import history
from meters.models import Panel, RollupState, Trend, TrendHour
from tests.dashboard.history_cast import START, ZONE, panel_with_history, priced

pytestmark = pytest.mark.django_db
DAY = "?range=day&date=2007-02-08"


@pytest.fixture
def page(viewer: User) -> Client:
    client = Client()
    client.force_login(viewer)
    return client


def embedded(content: str, name: str) -> Any:
    found = re.search(rf'<script id="{name}" type="application/json">(.*?)</script>', content, re.S)
    assert found
    return json.loads(found[1])


def shown(page: Client, query: str = "", name: str = "a") -> str:
    answer = page.get(f"/panels/{name}/history{query}")
    assert answer.status_code == 200
    return answer.content.decode().replace("\xa0", " ")


def viewed(page: Client, query: str = "", name: str = "a") -> dict[str, Any]:
    answer = page.get(f"/panels/{name}/history/range{query}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("path", ["/panels/a/history", "/panels/a/history/range"])
def test_a_stranger_is_sent_to_the_log_in(client: Client, path: str) -> None:
    Panel.objects.create(name="a")
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.parametrize("path", ["/panels/b/history", "/panels/b/history/range"])
def test_a_panel_that_is_not_shown_has_no_history_page(page: Client, path: str) -> None:
    Panel.objects.create(name="b", active=False)
    assert page.get(path).status_code == 404


def test_the_figures_stand_in_the_page_before_any_script_runs(page: Client) -> None:
    panel_with_history("a", display_name="Office feeder", rated_power_kva=6)
    content = shown(page, DAY)
    assert "Office feeder" in content
    assert "2.52 kWh" in content, "two hours of 1,260 W"
    assert "no tariff" in content
    assert "data-empty" not in content
    assert "8 Feb 2007 11:45" in content, "the quarter-hour of the highest demand"
    assert "Readings cover 8.3 % of the period; 22 h are missing." in content
    assert re.search(r'data-label="Mean" data-cell="mean">\s*1,260\.0 W', content)
    assert re.search(
        r"<th scope=\"row\">8 Feb 2007 10:00</th><td class=\"number\">1\.23 kWh", content
    )


def test_a_cost_of_only_a_part_says_what_it_leaves_out(page: Client) -> None:
    priced(panel_with_history("a", minutes=120))
    assert "kWh without a price" not in shown(page, DAY)
    TrendHour.objects.filter(start=START).update(cost=None)
    content = shown(page, "?from=2007-02-08T10:00:00%2B07:00&to=2007-02-08T12:00:00%2B07:00")
    assert "2.52 kWh in this period, IDR 1,290.00; 1.23 kWh without a price." in content
    assert "100 % covered · 1.23 kWh without a price" in content
    TrendHour.objects.filter(start=START).update(cost=600, unpriced_wh=630)
    content = shown(page, "?from=2007-02-08T10:00:00%2B07:00&to=2007-02-08T12:00:00%2B07:00")
    assert '<td class="number">IDR 600.00 (0.630 kWh without a price)</td>' in content
    TrendHour.objects.filter(start=START).update(unpriced_wh=0.3)
    content = shown(page, "?from=2007-02-08T10:00:00%2B07:00&to=2007-02-08T12:00:00%2B07:00")
    assert "kWh without a price" not in content, "it would be 0.000 kWh"


def test_what_is_no_longer_kept_by_the_hour_is_said_not_to_be(page: Client) -> None:
    panel = panel_with_history("a")
    TrendHour.objects.all().delete()
    RollupState.objects.update(minutes_from=START.replace(day=9), hours_from=START.replace(day=9))
    panel.refresh_from_db()
    content = shown(page, "?from=2007-02-08T00:00:00%2B07:00&to=2007-02-09T06:00:00%2B07:00")
    assert '<th scope="row">8 Feb 2007</th><td class="number">2.52 kWh' in content, "its day"
    content = shown(page, "?from=2007-02-08T06:00:00%2B07:00&to=2007-02-08T18:00:00%2B07:00")
    assert "<td>no longer kept</td>" in content
    assert "Of this time only whole days are kept." in content.split("</main>")[0]
    assert "No readings in this period." not in content.split("</main>")[0]


def test_indonesian_readers_see_their_own_commas(page: Client, settings: Any) -> None:
    settings.LANGUAGE_CODE = "id"
    panel_with_history("a")
    assert "2,52 kWh" in shown(page, DAY)


def test_the_first_data_is_what_the_api_answers(page: Client) -> None:
    panel_with_history("a")
    content = shown(page, DAY)
    view, first = embedded(content, "view"), embedded(content, "first")
    asked = {"from": view["range"]["start"], "to": view["range"]["end"]}
    more: dict[str, dict[str, Any]] = {
        "trends": {"metrics": "power,voltage", "points": history.FIRST_POINTS},
        "energy": {"by": "hour"},
        "statistics": {},
        "demand": {"points": history.DEMAND_POINTS},
    }
    assert first.keys() == more.keys()
    for name, parameters in more.items():
        answer = page.get(reverse(f"panel-{name}", args=["a"]), asked | parameters)
        assert first[name] == answer.json()


def test_without_an_address_it_shows_the_day_of_the_newest_reading(page: Client) -> None:
    panel_with_history("a", minutes=200)
    assert viewed(page)["range"]["title"] == "Thu 8 Feb 2007"


def test_while_there_are_only_some_hours_it_shows_those(page: Client) -> None:
    panel_with_history("a", minutes=90)
    assert viewed(page)["range"]["title"] == "8 Feb 2007 10:00 – 11:45"
    assert viewed(page, "?range=day")["range"]["title"] == "Thu 8 Feb 2007"


def test_hours_that_have_not_begun_are_not_missing(page: Client) -> None:
    Panel.objects.create(name="a")
    with time_machine.travel(datetime(2026, 11, 26, 14, 30, tzinfo=ZONE), tick=False):
        content = shown(page, "?range=day")
    assert content.count("<td>no readings</td>") == 15


def test_imported_readings_count_as_the_newest_too(page: Client) -> None:
    panel = Panel.objects.create(name="a")
    Trend.objects.create(panel=panel, timestamp=START, power=1.0)
    assert viewed(page, "?range=day")["range"]["title"] == "Thu 8 Feb 2007"


def test_a_panel_without_readings_says_so_and_what_will_come(page: Client) -> None:
    Panel.objects.create(name="a")
    content = shown(page)
    assert 'data-empty="panel"' in content
    assert "This panel has no readings yet." in content
    assert "No history yet" in content


def test_a_period_without_readings_leads_to_those_there_are(page: Client) -> None:
    panel_with_history("a")
    content = shown(page, "?range=day&date=2007-03-08")
    assert "No readings in this period." in content
    link = re.search(r'id="newest" href="\?range=day&amp;date=2007-02-08"(.*?)>(.*?)</a>', content)
    assert link
    assert "hidden" not in link[1]
    assert link[2] == "Newest readings: Thu 8 Feb 2007"


def test_the_sites_midnight_makes_the_day(page: Client) -> None:
    Panel.objects.create(name="a")
    found = viewed(page, DAY)["range"]
    assert (found["start"], found["end"]) == ("2007-02-07T17:00:00Z", "2007-02-08T17:00:00Z")
    assert found["by"] == "hour"
    assert found["previous"]["start"] == "2007-02-06T17:00:00Z"


def test_links_lead_around_and_carry_the_choices_on(page: Client) -> None:
    Panel.objects.create(name="a")
    links = viewed(page, DAY + "&metrics=voltage&compare=1")["range"]["links"]
    kept = "&metrics=voltage&compare=1"
    assert links["previous"] == "?range=day&date=2007-02-07" + kept
    assert links["next"] == "?range=day&date=2007-02-09" + kept
    assert links["week"] == "?range=week&date=2007-02-05" + kept
    assert links["month"] == "?range=month&date=2007-02-01" + kept
    assert links["year"] == "?range=year&date=2007-01-01" + kept


def test_there_is_no_way_into_the_future(page: Client) -> None:
    Panel.objects.create(name="a")
    found = viewed(page, "?range=month")["range"]
    assert found["links"]["next"] is None
    assert viewed(page, found["links"]["previous"])["range"]["links"]["next"] == found["query"]


def test_from_within_the_current_period_shorter_ones_are_todays(page: Client) -> None:
    Panel.objects.create(name="a")
    today = datetime.now(ZONE).date().isoformat()
    assert viewed(page, "?range=year")["range"]["links"]["day"] == f"?range=day&date={today}"


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("?range=week&date=2007-02-08", "5 Feb – 11 Feb 2007"),
        ("?range=week&date=2007-01-01", "1 Jan – 7 Jan 2007"),
        ("?range=week&date=2008-12-31", "29 Dec 2008 – 4 Jan 2009"),
        ("?range=month&date=2007-02-08", "February 2007"),
        ("?range=year&date=2007-02-08", "2007"),
        ("?range=custom&from=2007-02-01&to=2007-02-14", "1 Feb – 14 Feb 2007"),
        ("?range=custom&from=2007-02-08&to=2007-02-08", "Thu 8 Feb 2007"),
        (
            "?range=custom&from=2007-02-08T11:00:00Z&to=2007-02-08T12:30:00Z",
            "8 Feb 2007 18:00 – 19:30",
        ),
        (
            "?from=2007-02-08T18:00:00+07:00&to=2007-02-09T12:30:00Z",
            "8 Feb 2007 18:00 – 9 Feb 2007 19:30",
        ),
    ],
)
def test_an_address_keeps_its_range(page: Client, query: str, title: str) -> None:
    Panel.objects.create(name="a")
    found = viewed(page, query)["range"]
    assert found["title"] == title
    assert viewed(page, found["query"])["range"] == found


@pytest.mark.parametrize(
    "query",
    [
        "?range=century",
        "?range=day&date=2007-02-30",
        "?range=day&date=yesterday",
        "?range=custom&from=2007-02-08&to=2007-02-01",
        "?range=custom&from=2007-02-08T11:00:00&to=2007-02-08T12:30:00",
        "?range=custom&from=0001-01-01&to=9999-12-31",
        "?range=custom&from=2007-02-08T11:00:00Z&to=2007-02-08T11:00:10Z",
        "?metrics=volts&compare=maybe",
    ],
)
def test_a_mistyped_address_still_shows_something(page: Client, query: str) -> None:
    panel_with_history("a", minutes=200)
    assert viewed(page, query) == viewed(page)
    shown(page, query)


@pytest.mark.parametrize("date", ["1900-01-01", "9999-12-31"])
@pytest.mark.parametrize("kind", ["day", "week", "month", "year"])
def test_the_ends_of_the_calendar_are_shown_too(page: Client, kind: str, date: str) -> None:
    Panel.objects.create(name="a")
    shown(page, f"?range={kind}&date={date}&compare=1")


def test_metrics_may_be_given_together_or_one_by_one(page: Client) -> None:
    Panel.objects.create(name="a")
    for query in ("?metrics=ampere,power", "?metrics=ampere&metrics=power"):
        assert viewed(page, query)["metrics"] == ["power", "ampere"]


def test_forms_stay_in_the_range_without_scripts(page: Client) -> None:
    Panel.objects.create(name="a")
    content = shown(page, DAY + "&compare=1")
    choices = re.search(r'<form class="choices".*?</form>', content, re.S)
    assert choices
    assert '<input type="hidden" name="date" value="2007-02-08">' in choices[0]
    custom = re.search(r'<form class="custom".*?</form>', content, re.S)
    assert custom
    assert '<input type="hidden" name="compare" value="1">' in custom[0]


def test_a_panels_name_is_never_html(page: Client) -> None:
    panel_with_history("a", display_name="<b>x</b>", location="</script><i>")
    content = shown(page, DAY)
    assert "<b>x</b>" not in content
    assert "</script><i>" not in content


def test_the_panels_page_leads_to_its_history(page: Client) -> None:
    Panel.objects.create(name="a")
    assert 'href="/panels/a/history"' in page.get("/panels/a/").content.decode()


def test_a_hole_is_told_with_its_length(page: Client) -> None:
    panel_with_history("a", missing=range(31, 60))
    content = shown(page, "?from=2007-02-08T10:00:00%2B07:00&to=2007-02-08T12:00:00%2B07:00")
    assert "Readings cover 75 % of the period; 30 min are missing." in content
    assert "partly measured" in content
