from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from dashboard import quantities
from dashboard.formatting import NBSP, money


def apart(text: str) -> str:
    """With a space at which no line ends."""
    return text.replace(" ", NBSP)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0.0 W"),
        (1802.94, "1,802.9 W"),
        (-812.0, "-812.0 W"),
        (12_345.6, "12.35 kW"),
        (2_345_678.0, "2,345.68 kW"),
    ],
)
def test_powers_grow_into_kilowatts(value: float | None, text: str) -> None:
    assert quantities.power(value) == apart(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (123.0, "0.123 kWh"),
        (12_345.0, "12.35 kWh"),
        (12_345_678.0, "12,345.7 kWh"),
    ],
)
def test_energies_are_kilowatt_hours_as_on_a_bill(value: float | None, text: str) -> None:
    assert quantities.energy(value) == apart(text)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.99999, "99.9 %"),
        (0.9, "90 %"),
        (0.853472, "85.3 %"),
        (0.29, "29 %"),
    ],
)
def test_a_share_is_cut_off_and_never_all_by_rounding(share: float | None, text: str) -> None:
    assert quantities.percent(share) == apart(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 min"),
        (59 * 60, "59 min"),
        (3600, "1 h"),
        (3599.9, "1 h"),
        (12_660, "3 h 31 min"),
        (259_199, "72 h"),
        (259_200, "3.0 days"),
    ],
)
def test_a_span_of_time_is_told_in_what_fits(seconds: float, text: str) -> None:
    assert quantities.lasting(seconds) == text


def test_metrics_have_their_units() -> None:
    assert quantities.measured("voltage", 230.456) == apart("230.46 V")
    assert quantities.measured("energy_cost", 1_234_567.4) == apart("IDR 1,234,567")
    assert quantities.measured("ampere", None) == "–"


def test_what_a_meter_reports_as_cost_is_written_like_every_other_cost() -> None:
    assert quantities.measured("energy_cost", 1_000) == money(Decimal(1_000), "IDR", 0)
    with translation.override("id"):
        assert quantities.measured("energy_cost", 1_000) == apart("Rp 1.000")
        assert quantities.units()["energy_cost"] == "Rp"


def test_indonesians_read_commas() -> None:
    with translation.override("id"):
        assert quantities.energy(12_345.0) == apart("12,35 kWh")
        assert quantities.percent(0.853) == apart("85,3 %")


def test_moments_are_the_sites() -> None:
    moment = datetime(2007, 1, 31, 17, tzinfo=UTC)
    assert quantities.when(moment) == "1 Feb 2007 00:00"
    assert quantities.place(moment, "month") == "Feb 2007"
    assert quantities.place(moment, "day") == "1 Feb 2007"
