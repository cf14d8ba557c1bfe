"""When a panel was outside its limits, out of its minutes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from meters.energy.episodes import Episode, episodes
from meters.energy.history import Period
from meters.models import Panel
from tests.energy.filling import fill_and_roll

pytestmark = pytest.mark.django_db
S = 1_000_000
MINUTE = 60 * S
START = round(datetime(2026, 3, 2, 5, tzinfo=UTC).timestamp()) * S
FINE = {"voltage": 230.0, "ampere": 10.0}


@pytest.fixture
def panel() -> Panel:
    """230 V: warned outside 207 to 241.5 V, alarmed outside 195.5 to 253 V; 20 A, 5 kVA."""
    return Panel.objects.create(name="trafo1", rated_current_a=20, rated_power_kva=5)


def found(panel: Panel, by_minute: Mapping[int, Mapping[str, float]], **of: Any) -> list[Episode]:
    """Of two hours of a reading each half minute, all well but in the minutes given."""
    last = of.get("last", 120)
    fill_and_roll(
        panel,
        [
            (START + n * MINUTE + half * 30 * S, {**FINE, **by_minute.get(n, {})})
            for n in range(last)
            for half in (0, 1)
            if n not in of.get("missing", ())
        ],
    )
    now = START + of.get("now", 300) * MINUTE
    return episodes(panel, Period(START, START + 600 * MINUTE), now)


def minutes_of(episode: Episode) -> tuple[int, int]:
    return (episode.start - START) // MINUTE, (episode.end - START) // MINUTE


def of_current(several: list[Episode]) -> list[Episode]:
    return [episode for episode in several if episode.quantity == "ampere"]


def test_minutes_that_follow_one_another_are_one_episode_with_its_worst_value(panel: Panel) -> None:
    voltages = {10: 243.0, 11: 246.5, 12: 242.0}
    (episode,) = found(panel, {n: {"voltage": v} for n, v in voltages.items()})
    assert minutes_of(episode) == (10, 13)
    assert (episode.quantity, episode.side, episode.severity) == ("voltage", "above", "warning")
    assert (episode.worst, episode.limit, episode.minutes) == (246.5, 241.5, 3)
    assert episode.worst_at == START + 11 * MINUTE
    assert not episode.ongoing


def test_an_episode_that_reaches_the_alarm_is_an_alarm_from_its_beginning_on(panel: Panel) -> None:
    voltages = {10: 205.0, 11: 190.0, 12: 206.0}
    (episode,) = found(panel, {n: {"voltage": v} for n, v in voltages.items()})
    assert minutes_of(episode) == (10, 13)
    assert (episode.side, episode.severity) == ("below", "alarm")
    assert episode.worst == 190.0
    assert episode.limit == pytest.approx(195.5)


def test_a_value_on_its_limit_is_inside(panel: Panel) -> None:
    assert (
        found(panel, {10: {"voltage": 207.0}, 20: {"ampere": 20.0, "voltage": 200.0 + 7.0}}) == []
    )


def test_a_short_pause_doesnt_end_an_episode_and_a_longer_one_does(panel: Panel) -> None:
    outside = {n: {"ampere": 20.5} for n in (10, 16, 23)}
    later, earlier = of_current(found(panel, outside))
    assert minutes_of(earlier) == (10, 17)
    assert earlier.minutes == 2, "the five minutes between were inside"
    assert minutes_of(later) == (23, 24)


def test_a_gap_without_readings_is_not_bridged(panel: Panel) -> None:
    outside = {n: {"ampere": 25.0} for n in (10, 30)}
    later, earlier = of_current(found(panel, outside, missing=range(11, 30)))
    assert (minutes_of(earlier), minutes_of(later)) == ((10, 11), (30, 31))


def test_loading_is_judged_by_a_minutes_means(panel: Panel) -> None:
    (episode,) = found(panel, {n: {"ampere": 18.5} for n in (40, 41, 42, 43)})
    assert (episode.quantity, episode.severity, episode.limit) == ("loading", "warning", 80.0)
    assert episode.worst == pytest.approx(230 * 18.5 / 50, rel=1e-6)


def test_several_quantities_have_episodes_of_their_own_the_newest_first(panel: Panel) -> None:
    both = {20: {"voltage": 180.0}, 50: {"voltage": 260.0}}
    assert [(e.side, minutes_of(e)[0]) for e in found(panel, both)] == [
        ("above", 50),
        ("below", 20),
    ]


def test_what_is_still_outside_says_so_until_a_minute_is_inside(panel: Panel) -> None:
    outside = {n: {"voltage": 250.0} for n in range(115, 120)}
    (episode,) = found(panel, outside, now=121)
    assert episode.ongoing
    (after_a_while,) = episodes(panel, Period(START, START + 600 * MINUTE), START + 130 * MINUTE)
    assert not after_a_while.ongoing, "nobody knows any more"


def test_without_ratings_only_the_voltage_has_limits() -> None:
    panel = Panel.objects.create(name="trafo2")
    assert found(panel, {10: {"ampere": 1000.0}}) == []
