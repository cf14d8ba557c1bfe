from decimal import Decimal

import pytest

from meters.recorded.columns import Column, choose_columns

HEADER = ["timestamp", "voltage_v", "current_a", "active_power_kw", "reactive_power_kvar"]


def test_a_column_is_a_metric_a_name_and_a_factor() -> None:
    assert Column.parse("voltage=V1") == Column("voltage", "V1", Decimal(1))
    assert Column.parse("power=p*1000") == Column("power", "p", Decimal(1000))
    assert Column.parse("power=a*b*0.001") == Column("power", "a*b", Decimal("0.001"))
    assert str(Column.parse("power=p*1000")) == "power=p*1000"


@pytest.mark.parametrize(
    "text", ["power", "power=", "watts=p", "power=p*", "power=p*x", "power=p*nan", "power=p*0"]
)
def test_it_refuses_what_it_cannot_read_with_what_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match="METRIC=COLUMN|use "):
        Column.parse(text)


def test_well_known_headers_need_no_columns() -> None:
    assert [str(column) for column in choose_columns(HEADER, [])] == [
        "voltage=voltage_v",
        "ampere=current_a",
        "power=active_power_kw*1000",
    ]


def test_wanted_columns_replace_the_well_known_ones() -> None:
    wanted = [Column.parse("power=reactive_power_kvar")]
    assert choose_columns(HEADER, wanted) == wanted


def test_a_missing_column_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"'kw'.*active_power_kw"):
        choose_columns(HEADER, [Column.parse("power=kw")])


def test_a_file_of_unknown_headers_says_how_to_name_them() -> None:
    with pytest.raises(ValueError, match="--column"):
        choose_columns(["time", "x"], [])


def test_a_metric_cannot_come_from_two_columns() -> None:
    with pytest.raises(ValueError, match="more than one"):
        choose_columns(HEADER, [Column.parse("power=voltage_v"), Column.parse("power=current_a")])


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("energy_kwh", "energy_register=energy_kwh"),
        ("Energy_Register_kWh", "energy_register=Energy_Register_kWh"),
        ("energy_wh", "energy_register=energy_wh*0.001"),
        ("energy_register_wh", "energy_register=energy_register_wh*0.001"),
    ],
)
def test_a_register_is_known_by_its_header_in_kwh_or_wh(header: str, column: str) -> None:
    assert [str(each) for each in choose_columns(["timestamp", header], [])] == [column]


def test_well_known_columns_of_metrics_that_are_not_asked_for_are_left_out() -> None:
    found = choose_columns(["voltage_v", "energy_kwh"], [], ["voltage", "power"])
    assert [column.metric for column in found] == ["voltage"]
