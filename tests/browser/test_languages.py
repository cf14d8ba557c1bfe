"""Choosing the language in a real browser, and every page in Indonesian on a phone."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.services.installation import Installation

People = Callable[..., Person]
# Two panels with an hour of readings, a tariff, and a message that was refused.
FILL = """
from datetime import timedelta
from django.utils import timezone
from meters.models import Panel, RejectedMessage
from tests.energy.filling import fill_and_roll
from tests.tariffs import assign, make_version
now = timezone.now()
start_us = int((now - timedelta(hours=1)).timestamp()) * 1_000_000
for name in ("trafo1", "trafo2"):
    panel = Panel.objects.create(name=name, display_name=f"Gardu {name}", rated_power_kva=10)
    assign(panel, make_version(f"I-{name[-1]}/TM").tariff)
    values = {"voltage": 231.5, "ampere": 30.25, "power": 6543.2, "energy_cost": 12345678.0}
    fill_and_roll(panel, [(start_us + 10_000_000 * step, values) for step in range(360)])
RejectedMessage.objects.create(
    topic="panel/trafo1/volt", payload="230,5", payload_bytes=5, received_at=now,
    reason="'230,5' has a decimal comma: use a decimal point",
)
"""
PATHS = [
    "/",
    "/panels/trafo1/",
    "/panels/trafo1/history",
    "/panels/trafo1/bill",
    "/compare",
    "/system",
    "/system/rejected",
]


@pytest.fixture(scope="module")
def site(installation: Installation) -> Iterator[str]:
    installation.env["DJANGO_SUPERUSER_PASSWORD"] = "of-a-test"
    for name in ("engineer", "insinyur"):
        installation.manage(
            "createsuperuser", "--noinput", f"--username={name}", "--email=e@example.com"
        )
    installation.manage("shell", "-v0", "-c", FILL)
    yield installation.start_web().base_url
    installation.stop_all()


def test_the_language_changes_and_the_view_stays(site: str, person: People) -> None:
    someone = person(site)
    someone.log_in("engineer", "of-a-test")
    page = someone.page
    page.goto(f"{site}/panels/trafo1/history?range=week")
    page.click("[data-go=previous]")  # by script: the server doesn't know of it
    expect(page).to_have_url(re.compile("date="))
    seen = page.url
    page.click("#user-menu summary")
    page.click("text=Bahasa Indonesia")
    expect(page.locator("html")).to_have_attribute("lang", "id")
    assert page.url == seen
    expect(page.locator("[data-go=month]")).to_have_text("Bulan")
    page.click("#user-menu summary")
    expect(page.locator(".choice[lang=id]")).to_have_attribute("aria-pressed", "true")
    page.click(".choice[lang=en]")
    expect(page.locator("[data-go=month]")).to_have_text("Month")


def test_an_open_page_keeps_its_language_when_another_tab_changes_it(
    site: str, person: People
) -> None:
    someone = person(site)
    someone.log_in("engineer", "of-a-test")
    page, other = someone.page, someone.page.context.new_page()
    page.goto(f"{site}/panels/trafo1/")
    figure = page.locator("[data-fact=energy]")
    expect(figure.locator(".stat__note")).to_contain_text("covered")
    other.goto(f"{site}/")
    other.click("#user-menu summary")
    other.click("text=Bahasa Indonesia")
    expect(other.locator("html")).to_have_attribute("lang", "id")
    with page.expect_response("**/today") as answer:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    assert answer.value.header_value("Content-Language") == "en"
    expect(figure.locator(".stat__note")).to_contain_text("covered")
    other.click("#user-menu summary")
    other.click(".choice[lang=en]")
    expect(other.locator("html")).to_have_attribute("lang", "en")


def test_it_is_chosen_before_the_log_in_without_a_script_and_kept(
    site: str, person: People
) -> None:
    someone = person(site, java_script_enabled=False)
    page = someone.page
    page.goto(f"{site}/compare")
    page.click("button[lang=id]")
    expect(page.locator("h1")).to_have_text("Masuk")
    page.fill("[name=username]", "insinyur")
    page.fill("[name=password]", "of-a-test")
    page.locator("[type=submit]").first.click()
    expect(page).to_have_url(f"{site}/compare")
    expect(page.locator("html")).to_have_attribute("lang", "id")
    elsewhere = person(site, locale="en-US")
    elsewhere.log_in("insinyur", "of-a-test")
    expect(elsewhere.page.locator("html")).to_have_attribute("lang", "id")


def test_the_browsers_own_language_is_spoken_to_who_never_chose(site: str, person: People) -> None:
    page = person(site, locale="id-ID").page
    page.goto(site)
    expect(page.locator("h1")).to_have_text("Masuk")


@pytest.mark.parametrize("width", [360, 768])
def test_indonesian_words_fit_every_page(site: str, person: People, width: int) -> None:
    someone = person(site, width=width, height=740, locale="id-ID")
    someone.page.goto(f"{site}/login/")
    someone.page.click("button[lang=id]")
    someone.log_in("insinyur", "of-a-test")
    for path in PATHS:
        someone.page.goto(site + path, wait_until="networkidle" if "history" in path else "load")
        expect(someone.page.locator("html")).to_have_attribute("lang", "id")
        assert someone.page.evaluate("document.documentElement.scrollWidth") == width, path
        someone.picture(f"id-{width}{path.replace('/', '-')}")


def test_live_figures_and_axes_are_those_of_the_language(site: str, person: People) -> None:
    someone = person(site, locale="id-ID")
    someone.log_in("insinyur", "of-a-test")
    page = someone.page
    page.goto(f"{site}/panels/trafo1/history")
    expect(page.locator("[data-part=trends] .plot__summary").first).to_contain_text("rata-rata")
    expect(page.locator("[data-fact=cost] .stat__value")).to_contain_text("Rp")
    assert page.evaluate("(12345.6).toLocaleString(document.documentElement.lang)") == "12.345,6"
