"""Several panels side by side."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from meters.energy.bucket import Bucket
from meters.energy.calendar import Calendar
from meters.energy.comparison import Comparison, compare
from meters.energy.history import Period
from meters.energy.readings import Subject
from meters.models import Panel
from tests.energy.filling import fill_and_roll
from tests.energy.test_peaks import staircase

QUARTER = 900_000_000
JAKARTA = Calendar(ZoneInfo("Asia/Jakarta"))
START = JAKARTA.midnight(date(2026, 1, 12))
pytestmark = pytest.mark.django_db


def compared(*watts: list[float], quarters: int = 8) -> Comparison:
    subjects = []
    for number, some in enumerate(watts, start=1):
        panel = Panel.objects.create(name=f"trafo{number}")
        if some:
            fill_and_roll(panel, staircase(some))
        subjects.append(Subject.of(panel))
    return compare(subjects, JAKARTA, Period(START, START + quarters * QUARTER))


def test_the_maximum_of_the_sum_is_not_the_sum_of_the_maxima() -> None:
    found = compared([100, 900, 100, 100], [800, 100, 100, 100])
    assert found.maximum_w == pytest.approx(1000, rel=1e-6)
    assert found.maximum_at == START + QUARTER
    assert found.diversity_factor == pytest.approx(1700 / 1000, rel=1e-6)


def test_panels_that_peak_together_have_a_diversity_factor_of_one() -> None:
    found = compared([100, 900, 100], [50, 300, 60])
    assert found.diversity_factor == pytest.approx(1, rel=1e-6)
    assert compared_alone() == pytest.approx(1)


def compared_alone() -> float | None:
    panel = Panel.objects.create(name="alone")
    fill_and_roll(panel, staircase([100, 200]))
    period = Period(START, START + 2 * QUARTER)
    return compare([Subject.of(panel)], JAKARTA, period).diversity_factor


def test_only_quarter_hours_that_are_known_of_all_count_for_the_maximum_of_the_sum() -> None:
    """The second panel is silent when the first has its peak."""
    found = compared([100, 200, 100, 5000], [100, 100, 100])
    assert found.maximum_w == pytest.approx(300, rel=1e-6)
    assert found.maximum_at == START + QUARTER
    assert found.diversity_factor == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("watts", [([], []), ([100, 100], []), ([0, 0], [0, 0])])
def test_without_a_load_in_common_there_is_no_diversity_factor(
    watts: tuple[list[float], list[float]],
) -> None:
    assert compared(*watts).diversity_factor is None


def known(*wh: float | None) -> Comparison:
    """Panels with so many Wh, each within an hour."""
    totals = {}
    for number, each in enumerate(wh):
        totals[number] = Bucket(START, energy_wh=each)
        totals[number].energy_covered_s = 0 if each is None else 3600
    return Comparison(totals, {}, None, None, None)


def test_shares_add_up_to_the_whole() -> None:
    assert known(100, 300).shares() == {0: 0.25, 1: 0.75}
    assert known(100, None, 100).shares() == {0: 0.5, 1: None, 2: 0.5}


@pytest.mark.parametrize("wh", [(0, 0), (None, None), (500, -100)])
def test_there_are_no_shares_of_nothing_or_of_what_is_fed_in(wh: tuple[float | None, ...]) -> None:
    assert set(known(*wh).shares().values()) == {None}


def test_the_imbalance_is_the_largest_deviation_from_the_mean() -> None:
    assert known(100, 100, 100).imbalance_percent() == 0
    assert known(100, 100, 160).imbalance_percent() == pytest.approx(40 / 120 * 100)
    assert known(100, 80, 120).imbalance_percent() == pytest.approx(20)
    assert known(100).imbalance_percent() is None
    assert known(0, 0).imbalance_percent() is None


def test_where_a_panel_feeds_in_nothing_is_said_of_balance() -> None:
    assert compared([100, 100], [-50, -50]).imbalance_percent() is None
    assert compared_two([100, 100], [50, 50]) == pytest.approx(100 / 3)


def compared_two(*watts: list[float]) -> float | None:
    Panel.objects.all().delete()
    return compared(*watts).imbalance_percent()
