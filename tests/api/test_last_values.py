from collections.abc import Callable

from django.test import Client

from meters.models import Panel

Make = Callable[..., Panel]


def test_it_answers_exactly_the_four_metrics_and_the_newest_time(
    api: Client, make_panel: Make
) -> None:
    make_panel("trafo1", samples=3)
    assert api.get("/api/mqtt/last-values").json() == {
        "voltage": 230.0,
        "ampere": None,
        "power": 1000.0,
        "energy_cost": None,
        "timestamp": "2026-01-15T12:00:00Z",
    }


def test_with_several_panels_it_adds_all_of_them(api: Client, make_panel: Make) -> None:
    make_panel("b", samples=1)
    make_panel("a")
    answer = api.get("/api/mqtt/last-values").json()
    assert set(answer) == {"voltage", "ampere", "power", "energy_cost", "timestamp", "panels"}
    assert answer["voltage"] is None, "the first panel's, by name"
    assert answer["panels"]["b"]["voltage"] == 230.0
    assert "panels" not in api.get("/api/mqtt/last-values?panel=b").json()


def test_without_any_panel_everything_is_unknown(api: Client) -> None:
    answer = api.get("/api/mqtt/last-values").json()
    assert set(answer.values()) == {None}


def test_an_unknown_panel_is_not_found(api: Client) -> None:
    assert api.get("/api/mqtt/last-values?panel=nope").status_code == 404


def test_a_stranger_gets_nothing(client: Client, db: None) -> None:
    assert client.get("/api/mqtt/last-values").status_code == 403
