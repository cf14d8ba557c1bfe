"""The page of a month's bill."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from meters.energy.usage import month_usage
from meters.models import DirtyRange, Panel, RollupState, TrendQuarter
from tests.quarters import FEBRUARY, JANUARY, use
from tests.tariffs import assign, last_month, make_version

D = Decimal
PATH = "/panels/trafo1/bill"


@pytest.fixture
def page(viewer: User) -> Client:
    client = Client()
    client.force_login(viewer)
    return client


@pytest.fixture
def panel(db: None) -> Panel:
    panel = Panel.objects.create(name="trafo1", display_name="Transformer", rated_power_kva=10)
    version = make_version(
        minimum_hours=D(1), kvarh_price=D(500), peak_factor_min=D("1.4"), peak_factor_max=D(2)
    )
    assign(panel, version.tariff)
    DirtyRange.objects.all().delete()
    return panel


def seen(page: Client, **query: str) -> str:
    """The page's text, without its tags and superfluous space."""
    answer = page.get(PATH, {"month": "2026-01"} | query)
    assert answer.status_code == 200
    body = re.sub(
        r"<script.*?</script>", "", answer.content.decode().replace("\xa0", " "), flags=re.S
    )
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


def test_the_bill_stands_line_by_line_with_its_total(page: Client, panel: Panel) -> None:
    use(panel)
    text = seen(page)
    assert "January 2026" in text
    assert "LWBP 2,356.00 kWh IDR 1,000.00 IDR 2,356,000.00" in text
    assert "WBP 620.00 kWh IDR 1,500.00 IDR 930,000.00" in text
    assert "Total IDR 3,286,000.00" in text
    assert "Minimum bill: 1 h × 10 kVA × IDR 1,000.00 = IDR 10,000.00; it does not bind." in text
    assert "Computed from 100 % of the month." in text
    assert "20.8 % of it at the peak price" in text
    assert "plays no part in it" in text, "the meters' own cost is something else"


def test_indonesians_read_their_own_money(page: Client, panel: Panel, settings: Any) -> None:
    settings.LANGUAGE_CODE = "id"
    use(panel)
    assert "Rp 3.286.000,00" in seen(page)


def test_it_tells_how_much_of_the_month_it_knows(page: Client, panel: Panel) -> None:
    use(panel, end=FEBRUARY - timedelta(days=1))
    TrendQuarter.objects.filter(start__lt=JANUARY + timedelta(days=3.1)).update(
        energy_covered_s=0, energy_recovered_s=900
    )
    text = seen(page)
    assert (
        "Computed from 96.7 % of the month: what was used in the rest is not in the bill." in text
    )
    assert "10 % of the time was recovered" in text


def test_a_month_without_readings_says_so(page: Client, panel: Panel) -> None:
    assert "Nothing was measured in this month." in seen(page)


def test_a_month_whose_quarter_hours_were_pruned_is_not_called_unmeasured(
    page: Client, panel: Panel
) -> None:
    RollupState.objects.create(panel=panel, hours_from=FEBRUARY)
    assert "are not kept any more" in seen(page)
    assert month_usage(panel, JANUARY.year, JANUARY.month, FEBRUARY).complete is False


def test_a_running_month_is_a_bill_so_far(page: Client, panel: Panel) -> None:
    use(panel, end=JANUARY + timedelta(days=5))
    with patch.object(timezone, "now", return_value=JANUARY + timedelta(days=10)):
        answer = page.get(PATH, {"month": "2026-01"}).content.decode().replace("\xa0", " ")
    assert "this is the bill so far, computed from 50 % of the time up to now" in answer
    assert re.search(r'rel="next"[^>]*hidden', answer), "no month leads into the future"


def test_a_month_that_is_being_computed_says_so(page: Client, panel: Panel) -> None:
    use(panel)
    DirtyRange.objects.mark(panel, JANUARY, JANUARY)
    assert "just being computed anew" in seen(page)


def test_what_if_stands_beside_the_bill_with_the_difference(page: Client, panel: Panel) -> None:
    use(panel)
    make_version("flat", peak=False, price_per_kwh=D(1200))
    dearer = seen(page, tariff="flat")
    assert "Energy" in dearer
    assert "Dearer than the bill by IDR 285,200.00" in dearer
    assert "Cheaper than the bill by IDR 62,000.00" in seen(page, shift_percent="20")
    assert "No difference to the bill IDR 0.00" in seen(page, k="1.5")
    assert "than the bill" not in seen(page)


def test_the_form_keeps_what_was_asked_and_tells_what_holds_now(page: Client, panel: Panel) -> None:
    content = page.get(PATH, {"month": "2026-01", "k": "1.6"}).content.decode().replace("\xa0", " ")
    assert re.search(r'name="k"[^>]*value="1.6"|value="1.6"[^>]*name="k"', content)
    assert 'name="month" value="2026-01"' in content
    for now in ("now test", "now 1.5", "now 10"):
        assert now in content


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("k", "3", "test allows K from 1.4 to 2."),
        ("k", "x", "Enter a number."),
        ("shift_percent", "101", "less than or equal to 100"),
        ("contract_kva", "-1", "greater than or equal to 0"),
        ("tariff", "nope", "nope is not one of the available choices"),
    ],
)
def test_what_can_not_be_supposed_is_told_and_the_bill_stands(
    page: Client, panel: Panel, name: str, value: str, sentence: str
) -> None:
    use(panel)
    text = seen(page, **{name: value})
    assert sentence in text
    assert "Total IDR 3,286,000.00" in text
    assert "What if" not in text


def test_a_panel_without_a_tariff_can_be_given_one_to_suppose(page: Client, db: None) -> None:
    panel = Panel.objects.create(name="trafo1")
    make_version("flat", peak=False)
    use(panel)
    nothing = seen(page)
    assert "has no tariff in this month" in nothing
    assert "Computed from" not in nothing
    text = seen(page, tariff="flat")
    assert "Total IDR 2,976,000.00" in text
    assert "has no tariff in this month" in text


def test_days_without_a_tariff_are_told(page: Client, db: None) -> None:
    panel = Panel.objects.create(name="trafo1")
    assign(panel, make_version().tariff, date(2026, 1, 22))
    use(panel)
    assert "2,016.00 kWh were used on days without a tariff" in seen(page)


def test_a_month_of_two_versions_tells_their_days(page: Client, panel: Panel) -> None:
    use(panel)
    make_version(valid_from=date(2026, 1, 11), price_per_kwh=D(2000))
    text = seen(page)
    assert "LWBP 1 Jan – 10 Jan 760.00 kWh" in text
    assert "LWBP 11 Jan – 31 Jan 1,596.00 kWh IDR 2,000.00" in text


def test_without_a_month_it_is_the_last_that_has_a_bill(page: Client, panel: Panel) -> None:
    running = timezone.localdate().replace(day=1)
    assert page.get(PATH).context["month"] == f"{running:%Y-%m}"
    zone = timezone.get_default_timezone()
    middle = datetime.combine(last_month() + timedelta(days=14), time(12), zone)
    use(panel, middle, middle + timedelta(hours=1))
    assert page.get(PATH).context["month"] == f"{last_month():%Y-%m}"


@pytest.mark.parametrize("month", ["", "2026", "2026-13", "1969-12", "x"])
def test_a_month_that_is_none_is_not_found(page: Client, panel: Panel, month: str) -> None:
    assert page.get(PATH, {"month": month}).status_code == 404


def test_it_is_for_those_who_have_logged_in_and_for_panels_that_are_shown(
    client: Client, page: Client, panel: Panel
) -> None:
    assert client.get(PATH).status_code == 302
    assert page.get("/panels/nope/bill").status_code == 404
    assert reverse("panel-bill", args=["trafo1"]) == PATH
    assert "no-store" in page.get(PATH)["Cache-Control"]


def test_hostile_names_are_shown_and_not_run(page: Client, panel: Panel) -> None:
    nasty = "<img src=x onerror=alert(1)>"
    version = panel.assignments.get().tariff.versions.get()
    version.periods.update(name=nasty)
    version.tariff.name = nasty
    version.tariff.save()
    use(panel)
    assert nasty not in page.get(PATH, {"month": "2026-01"}).content.decode().replace("\xa0", " ")
