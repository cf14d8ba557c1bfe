from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from meters.models import DirtyRange, Panel
from tests.quarters import JANUARY, use
from tests.tariffs import assign, make_version

D = Decimal
PATH = "/api/panels/trafo1/bill"


@pytest.fixture
def panel(db: None) -> Panel:
    panel = Panel.objects.create(name="trafo1", rated_power_kva=10)
    version = make_version(
        kvarh_price=D(500), peak_factor_min=D("1.4"), peak_factor_max=D(2), minimum_hours=D(1)
    )
    assign(panel, version.tariff)
    DirtyRange.objects.all().delete()
    return panel


def bill(api: Client, **query: str) -> Any:
    answer = api.get(PATH, {"month": "2026-01"} | query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_it_answers_a_months_bill_line_by_line(api: Client, panel: Panel) -> None:
    use(panel)
    days = {"from": "2026-01-01", "to": "2026-01-31"}
    usage = {"kind": "usage", "unit": "kWh"} | days
    assert bill(api) == {
        "panel": "trafo1",
        "month": "2026-01",
        "from": "2025-12-31T17:00:00Z",
        "to": "2026-01-31T17:00:00Z",
        "timezone": "Asia/Jakarta",
        "coverage": 1.0,
        "recovered": 0.0,
        "complete": True,
        "usage": {
            "kwh": 2976.0,
            "periods": [{"name": "LWBP", "kwh": 2356.0}, {"name": "WBP", "kwh": 620.0}],
            "unpriced_kwh": 0.0,
            "kvarh": 1488.0,
            "power_factor": 0.8944,
            "reactive_coverage": 1.0,
            "maximum_demand_w": 4000.0,
            "maximum_demand_at": "2025-12-31T17:00:00Z",
        },
        "tariff": "test",
        "contract_kva": 10.0,
        "currency": "IDR",
        "lines": [
            usage | {"name": "LWBP", "quantity": 2356.0, "price": 1000.0, "amount": 2356000.0},
            usage | {"name": "WBP", "quantity": 620.0, "price": 1500.0, "amount": 930000.0},
        ],
        "minimum": {"amount": 10000.0, "binding": False},
        "total": 3286000.0,
        "what_if": None,
    }


def test_what_if_stands_beside_it_with_the_difference(api: Client, panel: Panel) -> None:
    use(panel)
    make_version("flat", peak=False, price_per_kwh=D(1200), minimum_hours=D(40))
    what_if = bill(api, tariff="flat", contract_kva="630")["what_if"]
    assert what_if["changes"] == {
        "tariff": "flat",
        "k": None,
        "shift_percent": None,
        "contract_kva": 630.0,
    }
    assert [line["name"] for line in what_if["lines"]] == ["LWBP", "Up to the minimum"]
    assert what_if["minimum"] == {"amount": 30240000.0, "binding": True}
    assert what_if["total"] == 30240000.0
    assert what_if["difference"] == 30240000.0 - 3286000.0
    assert bill(api, k="2")["what_if"]["difference"] == 310000.0
    assert bill(api, shift_percent="20")["what_if"]["difference"] == -62000.0


def test_money_keeps_its_hundredths(api: Client, panel: Panel) -> None:
    use(panel, end=JANUARY + timedelta(minutes=15), wh=1234567890123.45)
    line = bill(api)["lines"][0]
    assert line["amount"] == 1234567890123.45
    assert line["quantity"] == 1234567890.123


@pytest.mark.parametrize("month", ["", "2026", "2026-1", "2026-13", "2026-00", "1969-12", "x"])
def test_a_wrong_month_is_refused_by_name(api: Client, panel: Panel, month: str) -> None:
    answer = api.get(PATH, {"month": month})
    assert answer.status_code == 400
    assert set(answer.json()) == {"month"}


def test_a_month_must_be_named(api: Client, panel: Panel) -> None:
    assert set(api.get(PATH).json()) == {"month"}


@pytest.mark.parametrize("month", ["1970-01", "2999-12"])
def test_the_months_at_the_ends_have_answers(api: Client, panel: Panel, month: str) -> None:
    answer = api.get(PATH, {"month": month})
    assert answer.status_code == (400 if month < "2020" else 200)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tariff", "nope"),
        ("k", "3"),
        ("k", "1,5"),
        ("k", "NaN"),
        ("shift_percent", "101"),
        ("shift_percent", "-1"),
        ("contract_kva", "-1"),
        ("contract_kva", "Infinity"),
    ],
)
def test_a_wrong_supposition_is_refused_by_name(
    api: Client, panel: Panel, name: str, value: str
) -> None:
    answer = api.get(PATH, {"month": "2026-01", name: value})
    assert answer.status_code == 400
    assert set(answer.json()) == {name}


def test_a_form_that_is_left_empty_supposes_nothing(api: Client, panel: Panel) -> None:
    assert bill(api, tariff="", k="", shift_percent="", contract_kva="")["what_if"] is None


def test_a_panel_without_a_tariff_says_so_and_takes_one_to_suppose(api: Client, db: None) -> None:
    panel = Panel.objects.create(name="trafo1")
    make_version("flat", peak=False)
    use(panel, end=JANUARY + timedelta(days=1))
    answer = api.get(PATH, {"month": "2026-01"})
    assert answer.status_code == 400
    assert set(answer.json()) == {"tariff"}
    assert "no tariff" in str(answer.json())
    found = bill(api, tariff="flat")
    assert (found["total"], found["lines"], found["tariff"]) == (None, [], None)
    assert found["what_if"]["total"] == 96000.0
    assert found["what_if"]["difference"] is None
    assert found["usage"]["unpriced_kwh"] == 96.0


def test_an_unknown_panel_has_no_bill(api: Client, db: None) -> None:
    answer = api.get(PATH, {"month": "2026-01"})
    assert answer.status_code == 404
    assert "trafo1" in answer.json()["detail"]


def test_an_answer_that_is_still_the_same_does_not_travel_again(api: Client, panel: Panel) -> None:
    first = api.get(PATH, {"month": "2026-01"})
    again = {"If-None-Match": first["ETag"]}
    assert api.get(PATH, {"month": "2026-01"}, headers=again).status_code == 304
    use(panel)
    assert api.get(PATH, {"month": "2026-01"}, headers=again).status_code == 200


def test_a_stranger_is_told_nothing(client: Client, panel: Panel) -> None:
    assert client.get(PATH, {"month": "2026-01"}).status_code == 403


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_bill_is_only_read(api: Client, panel: Panel, method: str) -> None:
    assert getattr(api, method)(PATH).status_code == 405


def test_it_asks_the_database_a_bounded_number_of_times(
    api: Client, panel: Panel, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 10):
        make_version("test", date(2026, 1, 1 + number), price_per_kwh=D(number))
    make_version("flat", peak=False)
    use(panel)
    with django_assert_max_num_queries(20):
        bill(api, tariff="flat")
