"""What the site adds up to."""

from decimal import Decimal

import pytest
from django.utils import translation

from dashboard.formatting import NBSP
from dashboard.overview import summary
from dashboard.overview.panels import whole_site
from dashboard.overview.totals import states, totals
from dashboard.presentation import StateView
from meters.condition import State
from tests.dashboard.overview.cast import NOW, day, make, tariff

pytestmark = pytest.mark.django_db


def written() -> dict[str, tuple[str, str]]:
    """Value and note of each figure, with ordinary spaces."""
    return {
        each.key: (each.value.replace(NBSP, " "), each.note.replace(NBSP, " "))
        for each in summary.figures(totals(whole_site(NOW)))
    }


def test_powers_that_are_old_are_not_added_up_and_that_is_said() -> None:
    for number in range(3):
        make(f"p{number}")
    make("old", age_s=100)
    make("silent", age_s=None)
    assert written()["power"] == ("13.80 kW", "of 3 of 5 panels")


def test_the_loading_is_that_of_the_panels_whose_rating_is_known() -> None:
    make("rated", rated_power_kva=10)
    make("too", rated_power_kva=10, ampere=40.0)
    make("unrated", ampere=1000.0)
    make("old", rated_power_kva=10, age_s=100)
    assert written()["loading"] == ("69 %", "of 20.00 kVA, 2 panels")


def test_without_any_rating_no_loading_is_made_up() -> None:
    make("unrated")
    assert written()["loading"] == ("–", "no panel has a rating")
    make("old", rated_power_kva=10, age_s=100)
    assert written()["loading"] == ("–", "of no panel")


def test_the_days_energy_says_how_much_of_the_day_it_knows() -> None:
    day(make("whole"), 12_000)
    day(make("half"), 3_000, energy_covered_s=13 * 1800)
    make("nothing")
    assert written()["energy"] == ("15.00 kWh", "50 % covered")


def test_money_of_two_currencies_is_not_added_up() -> None:
    for name, currency, cost in (("a", "IDR", "1500"), ("b", "IDR", "20.5"), ("c", "EUR", "7.25")):
        panel = make(name)
        tariff(panel, currency)
        day(panel, 1_000, cost)
    assert written()["cost"] == ("EUR 7.25 + IDR 1,521", "of all 3 panels")


def test_energy_without_a_price_is_told_beside_the_cost() -> None:
    priced = make("priced")
    tariff(priced)
    day(priced, 2_000, "2889.4", unpriced_wh=500)
    day(make("unpriced"), 1_000)
    whole = totals(whole_site(NOW))
    assert whole.costs == {"IDR": Decimal("2889.4")}
    assert written()["cost"] == ("IDR 2,889", "1.50 kWh without a price")


def test_a_day_of_yesterday_is_not_todays() -> None:
    panel = make("a")
    day(panel, 1_000)
    site = whole_site(NOW.replace(hour=18))  # 1:00 of the next day at the site
    assert site.panels[0].today.energy_wh is None
    assert site.day_s == 3600


@pytest.mark.parametrize(
    ("some", "key", "sentence"),
    [
        ({"normal": 20}, "live", "All 20 panels are normal."),
        ({"normal": 1}, "live", "The panel is normal."),
        ({"normal": 19, "none": 1}, "live", "No panel needs attention."),
        ({"normal": 19, "stale": 1}, "stale", "1 of 20 panels needs attention."),
        ({"normal": 1000, "stale": 1, "alarm": 1}, "alarm", "2 of 1,002 panels need attention."),
        ({"offline": 1}, "offline", "The panel needs attention."),
    ],
)
def test_one_sentence_says_how_the_site_is(some: dict[State, int], key: str, sentence: str) -> None:
    counts = states([]) | some
    with translation.override("en"):
        notice = summary.notice(StateView("connected", ""), counts)
    assert (notice.key, notice.text) == (key, sentence)


def test_that_nothing_can_arrive_comes_before_everything_else() -> None:
    counts = states([]) | {"alarm": 3}
    notice = summary.notice(StateView("disconnected", ""), counts)
    assert notice.key == "disconnected"
    assert "No connection to the MQTT broker" in notice.text
