"""The page of a month's bill in a real browser: it needs no script, and fits a phone."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.services.installation import Installation

People = Callable[..., Person]
# One bill with all kinds of lines, in a month that is over.
FILL = """
from decimal import Decimal
from meters.models import Panel
from tests.quarters import use
from tests.tariffs import assign, make_version
panel = Panel.objects.create(name="trafo1", display_name="Transformer 1", rated_power_kva=630)
version = make_version("I-9/TM", kvarh_price=Decimal("1114.74"), power_factor_limit=Decimal("0.95"))
version.surcharges.create(name="PPJ", percent=3, enabled=True)
assign(panel, version.tariff)
use(panel, wh=54321.0)
"""
ADDRESS = "/panels/trafo1/bill?month=2026-01"


@pytest.fixture(scope="module")
def site(installation: Installation) -> Iterator[str]:
    installation.env["DJANGO_SUPERUSER_PASSWORD"] = "of-a-test"
    installation.manage(
        "createsuperuser", "--noinput", "--username=engineer", "--email=e@example.com"
    )
    installation.manage("shell", "-v0", "-c", FILL)
    yield installation.start_web().base_url
    installation.stop_all()


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")]
)
def test_the_bill_fits_and_what_if_answers(
    site: str, person: People, width: int, scheme: str
) -> None:
    someone = person(site, width=width, scheme=scheme)
    someone.log_in("engineer", "of-a-test")
    page = someone.page
    page.goto(site + ADDRESS)
    expect(page.locator("[data-bill=actual] .bill__total")).to_contain_text("IDR")
    for line in ("LWBP", "WBP", "Reactive energy", "PPJ"):
        expect(page.locator("[data-bill=actual] tbody")).to_contain_text(line)
    page.fill("[name=shift_percent]", "20")
    page.click(".what-if [type=submit]")
    expect(page.locator("[data-bill=supposed] .bill__difference")).to_contain_text("Cheaper")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    someone.picture(f"bill-{width}-{scheme}")
