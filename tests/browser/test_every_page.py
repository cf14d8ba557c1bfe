"""Every page of a site of 500 panels, on a desktop and on a phone, light and dark: looked at once,
then judged. The pictures stay in test-results/ for review."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.large_site import PAGES, PANELS
from tests.browser.visiting import SIZES, Visit, Visitors
from tests.services.installation import Installation

SEED = "from tests.browser.large_site import fill; fill()"
MOST_BYTES = 150 * 1024
pytestmark = pytest.mark.timeout(400)  # the first test waits until all pages have been looked at
Visits = dict[tuple[str, str], Visit]


@pytest.fixture(scope="module")
def site(installation: Installation) -> Iterator[str]:
    installation.manage("shell", "-c", SEED)
    web = installation.start_web()
    installation.start_ingest()
    yield web.base_url
    installation.stop_all()


@pytest.fixture(scope="module")
def visits(site: str, chromium: Browser) -> Visits:
    visitors = Visitors(chromium, site)
    return {
        (name, size): visitors.visit(name, place, size)
        for name, place in PAGES.items()
        for size in SIZES
    }


every_page = pytest.mark.parametrize("name", PAGES)


@every_page
def test_it_answers_without_a_complaint_and_asks_no_other_host(
    visits: Visits, site: str, name: str
) -> None:
    for size in SIZES:
        seen = visits[name, size]
        assert seen.status == seen.place.status
        assert seen.complaints == [], size
        assert seen.violations == [], size
        assert seen.hosts <= {urlsplit(site).netloc}


@every_page
def test_axe_finds_nothing(visits: Visits, name: str) -> None:
    found = {f"{size} {each}" for size in SIZES for each in visits[name, size].inaccessible}
    assert not found, "\n".join(sorted(found))


@every_page
def test_nothing_is_wider_than_a_phone(visits: Visits, name: str) -> None:
    assert visits[name, "phone"].wider_px <= 0


@every_page
def test_it_weighs_less_than_150_kilobytes_in_all(visits: Visits, name: str) -> None:
    seen = visits[name, "desktop"]
    assert seen.weight < MOST_BYTES, sorted(seen.sizes.items(), key=lambda item: -item[1])[:12]


@every_page
def test_nothing_moves_while_it_loads(visits: Visits, name: str) -> None:
    for size in SIZES:
        seen = visits[name, size]
        assert seen.shift < 0.01, (size, seen.moved)


def test_among_many_panels_those_to_compare_are_found_by_typing(
    site: str, chromium: Browser
) -> None:
    page = Visitors(chromium, site).page("engineer", "desktop")
    page.goto(f"{site}/compare")
    chips = page.locator(".chip--panel:visible")
    expect(chips).to_have_count(PANELS)
    page.get_by_role("searchbox", name="Find a panel").fill("feeder 49")
    found = ["Feeder 49", *(f"Feeder 49{last}" for last in (0, 1, 3, 4, 6, 7, 9))]
    expect(chips).to_have_count(6 + len(found))  # and those that are chosen
    page.keyboard.press("Enter")
    page.get_by_label("Feeder 491").check()
    expect(page.locator("[data-mark=trafo491]")).to_have_text("7")
    assert "trafo491" in page.url
    page.context.close()
