"""Every page of a site of 500 panels, on a desktop and on a phone, light and dark: looked at once,
then judged. The pictures stay in test-results/ for review."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.feeding import SOCKET, feed, held
from tests.browser.large_site import EMPTY, PAGES, PANELS, Place
from tests.browser.visiting import FOCUSED, SEEN_FOCUS, SIZES, STILL, Visit, Visitors
from tests.services.installation import Installation

SEED = "from tests.browser import large_site; large_site."
MOST_BYTES = 150 * 1024
pytestmark = pytest.mark.timeout(400)  # the first test waits until all pages have been looked at
Visits = dict[tuple[str, str], Visit]


@pytest.fixture(scope="module")
def empty_site(installation: Installation) -> Iterator[str]:
    installation.manage("shell", "-c", f"{SEED}welcome()")
    web = installation.start_web()
    installation.start_ingest()
    yield web.base_url
    installation.stop_all()


@pytest.fixture(scope="module")
def visitors(empty_site: str, chromium: Browser) -> Visitors:
    return Visitors(chromium, empty_site)


@pytest.fixture(scope="module")
def first_visits(visitors: Visitors) -> Visits:
    return look_at(EMPTY, visitors)


@pytest.fixture(scope="module")
def site(empty_site: str, first_visits: Visits, installation: Installation) -> str:
    installation.manage("shell", "-c", f"{SEED}fill()")
    return empty_site


@pytest.fixture(scope="module")
def visits(site: str, visitors: Visitors, first_visits: Visits) -> Visits:
    return first_visits | look_at(PAGES, visitors)


def look_at(pages: dict[str, Place], visitors: Visitors) -> Visits:
    return {
        (name, size): visitors.visit(name, place, size)
        for name, place in pages.items()
        for size in SIZES
    }


every_page = pytest.mark.parametrize("name", [*EMPTY, *PAGES])


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
        assert seen.shift < STILL, (size, seen.moved)


def test_among_many_panels_those_to_compare_are_found_by_typing(
    site: str, visitors: Visitors
) -> None:
    page = visitors.page("engineer", "desktop")
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


@pytest.mark.parametrize(
    ("path", "panels"),
    [
        ("/?sort=name", [f"trafo{number}" for number in range(1, 25)]),
        ("/panels/trafo1/", ["trafo1"]),
        ("/panels/trafo1/?window=1h", ["trafo1"]),
    ],
)
def test_a_page_that_is_told_100000_readings_neither_grows_nor_moves(
    site: str, visitors: Visitors, path: str, panels: list[str]
) -> None:
    page = visitors.page("engineer", "desktop")
    page.add_init_script(SOCKET)
    page.goto(site + path)
    feed(page, panels, 20_000)
    before = held(page)
    feed(page, panels, 100_000)
    after = held(page)
    feed(page, panels, 2_000, calm=True)
    page.evaluate("seen.shift = 0; seen.moved = []")
    feed(page, panels, 20_000, calm=True)
    shift, moved = page.evaluate("[seen.shift, seen.moved]")
    assert after.heap_bytes - before.heap_bytes < 1_000_000, (before, after)
    assert after.nodes - before.nodes < 200, (before, after)
    assert after.listeners - before.listeners < 20, (before, after)
    assert shift < STILL, moved
    page.context.close()


@pytest.mark.parametrize("name", [name for name, place in PAGES.items() if place.status == 200])
def test_by_keyboard_the_focus_is_seen_and_the_content_is_one_step_away(
    site: str, visitors: Visitors, name: str
) -> None:
    page = visitors.page(PAGES[name].who, "desktop")
    page.goto(site + PAGES[name].path)
    if name == "log-in":  # there, the first thing to do has the focus already
        page.locator(".skip").focus()
    else:
        page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    for _ in range(14):
        page.keyboard.press("Tab")
        assert page.evaluate(SEEN_FOCUS) in ("seen", "nothing"), page.evaluate(FOCUSED)
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.context.close()


def test_the_menu_works_by_keyboard_and_a_chosen_theme_survives_a_reload(
    site: str, visitors: Visitors
) -> None:
    page = visitors.page("engineer", "phone")
    page.goto(site)
    menu, button = page.locator("#user-menu"), page.locator("#user-menu summary")
    button.focus()
    page.keyboard.press("Enter")
    expect(menu).to_have_attribute("open", "")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Dark").press("Enter")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 19, 18)"
    bars = page.locator("meta[name=theme-color]").evaluate_all("all => all.map((m) => m.content)")
    assert bars == ["#161c1a", "#161c1a"]
    page.context.close()
