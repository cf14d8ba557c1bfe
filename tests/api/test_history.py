from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from meters.models import Panel, Trend
from tests.api.conftest import NOON
from tests.ingest.messages import TOPICS

Make = Callable[..., Panel]


def history(api: Client, **query: Any) -> Any:
    answer = api.get("/api/mqtt/history", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_it_lists_readings_newest_first(api: Client, make_panel: Make) -> None:
    make_panel("trafo1", samples=60)
    readings = history(api, limit=5)
    assert readings[0] == {
        "topic": "panel/trafo1/volt",
        "panel": "trafo1",
        "metric": "voltage",
        "value": 230.0,
        "timestamp": "2026-01-15T12:00:00Z",
    }
    assert [row["metric"] for row in readings] == [
        "voltage",
        "power",
        "voltage",
        "power",
        "voltage",
    ]
    times = [row["timestamp"] for row in readings]
    assert times == sorted(times, reverse=True)


def test_the_limit_is_100_unless_told(api: Client, make_panel: Make) -> None:
    make_panel("trafo1", samples=60)
    assert len(history(api)) == 100
    assert len(history(api, limit=1)) == 1
    assert len(history(api, limit=1000)) == 120


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "many", "1.5"])
def test_a_wrong_limit_is_refused_by_name(api: Client, limit: str) -> None:
    answer = api.get("/api/mqtt/history", {"limit": limit})
    assert answer.status_code == 400
    assert set(answer.json()) == {"limit"}


@pytest.mark.parametrize("name", ["from", "to"])
@pytest.mark.parametrize("moment", ["2026-01-15T12:00:00", "yesterday", "1768435200"])
def test_a_time_without_an_offset_is_refused_by_name(api: Client, name: str, moment: str) -> None:
    answer = api.get("/api/mqtt/history", {name: moment})
    assert answer.status_code == 400
    assert set(answer.json()) == {name}
    assert "offset" in str(answer.json())


def test_the_range_includes_its_start_and_excludes_its_end(api: Client, make_panel: Make) -> None:
    make_panel("trafo1", samples=60)
    readings = history(
        api,
        topic="panel/trafo1/power",
        **{"from": "2026-01-15T11:50:00Z", "to": "2026-01-15T18:55:00+07:00"},
    )
    assert [row["timestamp"][11:16] for row in readings] == [
        "11:54",
        "11:53",
        "11:52",
        "11:51",
        "11:50",
    ]


def test_a_plus_that_arrived_as_a_space_is_understood(api: Client, make_panel: Make) -> None:
    make_panel("trafo1", samples=2)
    answer = api.get("/api/mqtt/history?from=2026-01-15T19:00:00+07:00")
    assert len(answer.json()) == 2


def test_an_empty_range_is_refused(api: Client) -> None:
    answer = api.get(
        "/api/mqtt/history", {"from": "2026-01-15T12:00:00Z", "to": "2026-01-15T12:00:00Z"}
    )
    assert answer.status_code == 400
    assert "to" in answer.json()


def test_topic_and_panel_choose(api: Client, make_panel: Make) -> None:
    make_panel("a", samples=2)
    make_panel("b", samples=2)
    assert {row["topic"] for row in history(api, topic="panel/a/volt")} == {"panel/a/volt"}
    assert {row["panel"] for row in history(api, panel="b")} == {"b"}
    assert history(api, topic="panel/a/volt", panel="b") == []


def test_what_never_published_has_no_history(api: Client, make_panel: Make) -> None:
    make_panel("a")
    assert history(api) == []
    assert history(api, panel="nobody") == []
    assert history(api, topic="panel/a/ampere") == []


def test_a_topic_outside_the_space_is_refused_by_name(api: Client) -> None:
    answer = api.get("/api/mqtt/history", {"topic": "panel/a/pressure"})
    assert answer.status_code == 400
    assert set(answer.json()) == {"topic"}


def test_several_panels_are_merged_by_time_over_a_long_silence(
    api: Client, make_panel: Make
) -> None:
    make_panel("a", samples=3, until=NOON - timedelta(days=400))
    make_panel("b", samples=3)
    make_panel("never")
    readings = history(api, limit=1000)
    assert len(readings) == 12
    assert [row["panel"] for row in readings] == ["b"] * 6 + ["a"] * 6


def test_the_work_does_not_grow_with_the_panels(
    api: Client, make_panel: Make, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(50):
        make_panel(f"p{number}", samples=100)
    with django_assert_max_num_queries(12):
        assert len(history(api, limit=1000)) == 1000


@pytest.fixture
def with_register(settings: Any, make_panel: Make) -> Panel:
    settings.MQTT_TOPICS = TOPICS
    panel = make_panel("trafo1", samples=1)
    Trend.objects.create(panel=panel, timestamp=NOON + timedelta(minutes=1), energy_register=17.5)
    Panel.objects.update(energy_register=17.5, energy_register_at=NOON + timedelta(minutes=1))
    return panel


def test_the_register_is_answered_to_who_asks_for_its_topic(
    api: Client, with_register: Panel
) -> None:
    (reading,) = history(api, topic="panel/trafo1/energy")
    assert reading == {
        "topic": "panel/trafo1/energy",
        "panel": "trafo1",
        "metric": "energy_register",
        "value": 17.5,
        "timestamp": "2026-01-15T12:01:00Z",
    }
    answer = api.get("/api/mqtt/last-value/panel/trafo1/energy")
    assert answer.json()["value"] == 17.5


def test_the_register_is_none_of_the_four_that_everybody_gets(
    api: Client, with_register: Panel
) -> None:
    assert {row["metric"] for row in history(api)} == {"voltage", "power"}
    answer = api.get("/api/mqtt/last-values").json()
    assert answer.keys() == {"voltage", "ampere", "power", "energy_cost", "timestamp"}
    assert answer["timestamp"] == "2026-01-15T12:01:00Z"


def test_without_a_topic_of_its_own_the_register_cannot_be_asked_for(
    api: Client, make_panel: Make
) -> None:
    answer = api.get("/api/mqtt/history", {"topic": "panel/trafo1/energy"})
    assert answer.status_code == 400
    assert set(answer.json()) == {"topic"}
