"""Which panels an address asks for, and in which order."""

import pytest

from dashboard.overview.asked import Asked, asked_of, chosen, locations, matching, view_of
from dashboard.overview.panels import Overseen, whole_site
from tests.dashboard.overview.cast import NOW, day, make


@pytest.fixture
def panels(db: None) -> list[Overseen]:
    make("trafo2", display_name="Chillers", location="Hall B", power=900.0, rated_power_kva=50)
    day(make("trafo10", location="Hall A", rated_power_kva=6), 2_000)
    make("trafo1", location="Hall A", age_s=60, power=7000.0)
    day(make("feeder", age_s=1000), 1_000)
    make("new", age_s=None)
    make("hot", voltage=260.0)
    return whole_site(NOW).panels


def names(of: list[Overseen]) -> list[str]:
    return [each.panel.name for each in of]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("name", ["feeder", "hot", "new", "trafo1", "trafo2", "trafo10"]),
        ("state", ["hot", "feeder", "trafo1", "new", "trafo2", "trafo10"]),
        ("loading", ["trafo10", "trafo2", "feeder", "hot", "new", "trafo1"]),
        ("power", ["trafo1", "feeder", "hot", "trafo10", "trafo2", "new"]),
        ("energy", ["trafo10", "feeder", "hot", "new", "trafo1", "trafo2"]),
        ("age", ["feeder", "trafo1", "hot", "trafo2", "trafo10", "new"]),
    ],
)
def test_each_order(panels: list[Overseen], sort: str, order: list[str]) -> None:
    asked = Asked(sort=sort)
    assert names(chosen(matching(panels, asked), asked)) == order


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "CHILL"}, ["trafo2"]),
        ({"q": "trafo  HALL b"}, ["trafo2"]),
        ({"location": "Hall B"}, ["trafo2"]),
        ({"q": "trafo", "state": "stale"}, ["trafo1"]),
        ({"state": "alarm"}, ["hot"]),
        ({"q": "nothing like it"}, []),
    ],
)
def test_each_filter(panels: list[Overseen], query: dict[str, str], found: list[str]) -> None:
    asked = asked_of(query | {"sort": "name"})
    assert names(chosen(matching(panels, asked), asked)) == found


def test_a_mistyped_address_shows_what_a_bare_one_shows() -> None:
    assert asked_of({"state": "purple", "sort": "x", "view": "3d", "page": "-1"}) == Asked()


def test_an_address_says_only_what_is_not_usual_and_reads_back_as_it_was_written() -> None:
    assert Asked().address() == "?"
    asked = Asked(q="hall a&b", location="Ö", state="stale", sort="age", view="rows")
    assert asked.address() == "?q=hall+a%26b&location=%C3%96&state=stale&sort=age&view=rows"
    assert asked.address(state="") == "?q=hall+a%26b&location=%C3%96&sort=age&view=rows"


@pytest.mark.parametrize(
    ("view", "remembered", "shown"),
    [("", None, "cards"), ("", "rows", "rows"), ("cards", "rows", "cards"), ("", "x", "cards")],
)
def test_the_view_is_the_addresss_else_the_one_chosen_last(
    view: str, remembered: str | None, shown: str
) -> None:
    assert view_of(Asked(view=view), remembered) == shown


def test_locations_are_offered_once_and_in_order(panels: list[Overseen]) -> None:
    assert locations(panels) == ["Hall A", "Hall B"]
