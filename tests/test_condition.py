"""The condition of a panel: what is beyond its limits, and the one word for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meters.condition import Finding, findings, limits_of, loading_percent, state
from meters.models import Panel

NOW = datetime(2026, 11, 26, 3, 30, tzinfo=UTC)


def panel(voltage: float | None = 230.0, ampere: float | None = 10.0, **fields: Any) -> Panel:
    at = NOW - fields.pop("age", timedelta(seconds=2))
    return Panel(
        name="trafo1",
        voltage=voltage,
        voltage_at=at if voltage is not None else None,
        ampere=ampere,
        ampere_at=at if ampere is not None else None,
        **fields,
    )


@pytest.mark.parametrize(
    ("voltage", "expected"),
    [
        (230.0, []),
        (241.5, []),
        (241.6, [("warning", "above", 241.5)]),
        (253.0, [("warning", "above", 241.5)]),
        (253.1, [("alarm", "above", 253.0)]),
        (207.0, []),
        (206.9, [("warning", "below", 207.0)]),
        (195.5, [("warning", "below", 207.0)]),
        (195.4, [("alarm", "below", 195.5)]),
        (0.0, [("alarm", "below", 195.5)]),
        (None, []),
    ],
)
def test_voltage_is_held_against_the_service_band_and_the_outer_band(
    voltage: float | None, expected: list[tuple[str, str, float]]
) -> None:
    found = findings(panel(voltage), NOW)
    assert [(one.severity, one.side, one.limit) for one in found] == expected


@pytest.mark.parametrize(
    ("ampere", "phases", "expected"),
    [
        (22.9, 1, []),  # 5,267 VA of 6,600
        (22.96, 1, ["warning"]),  # 80.01 %
        (28.7, 1, ["alarm"]),  # 100.02 %
        (13.2, 3, []),  # 5,258 VA
        (13.3, 3, ["warning"]),
        (16.6, 3, ["alarm"]),
    ],
)
def test_loading_warns_above_80_and_alarms_above_100_percent_of_the_rating(
    ampere: float, phases: int, expected: list[str]
) -> None:
    found = findings(panel(ampere=ampere, phases=phases, rated_power_kva=6.6), NOW)
    assert [one.severity for one in found] == expected
    assert all(one.quantity == "loading" for one in found)


def test_current_alarms_above_the_rated_current_and_the_alarm_comes_first() -> None:
    found = findings(panel(245.0, 25.1, rated_current_a=25.0), NOW)
    assert found == [
        Finding("ampere", "alarm", "above", 25.1, 25.0),
        Finding("voltage", "warning", "above", 245.0, 241.5),
    ]


def test_a_panel_without_ratings_has_no_loading_and_no_alarm_of_it() -> None:
    unrated = panel(ampere=900.0)
    assert loading_percent(230.0, 900.0, limits_of(unrated)) is None
    assert findings(unrated, NOW) == []


def test_values_that_are_no_longer_true_raise_nothing() -> None:
    mixed = panel(300.0)
    mixed.voltage_at = NOW - timedelta(seconds=31)
    assert findings(mixed, NOW) == []
    assert state(mixed, NOW) == "normal"


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(0, "alarm"), (30, "alarm"), (30.1, "stale"), (600, "stale"), (600.1, "offline")],
)
def test_its_age_comes_before_what_it_said_last(age_s: float, expected: str) -> None:
    assert state(panel(300.0, age=timedelta(seconds=age_s)), NOW) == expected


def test_a_panel_that_never_sent_anything_has_no_state() -> None:
    assert state(panel(None, None), NOW) == "none"


def test_zero_ratings_are_no_ratings() -> None:
    nothing = panel(ampere=5.0, rated_current_a=0, rated_power_kva=0)
    assert findings(nothing, NOW) == []
