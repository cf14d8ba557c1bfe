from collections.abc import Callable

from django.test import Client

from meters.models import Panel

Make = Callable[..., Panel]


def test_it_answers_topic_value_and_time(api: Client, make_panel: Make) -> None:
    make_panel("trafo1", samples=1)
    assert api.get("/api/mqtt/last-value/panel/trafo1/power").json() == {
        "topic": "panel/trafo1/power",
        "value": 1000.0,
        "timestamp": "2026-01-15T12:00:00Z",
    }


def test_what_was_never_published_is_not_found(api: Client, make_panel: Make) -> None:
    make_panel("trafo1", samples=1)
    for topic in ("panel/trafo1/ampere", "panel/other/power", "something/else"):
        answer = api.get(f"/api/mqtt/last-value/{topic}")
        assert answer.status_code == 404
        assert answer.json()["detail"]
