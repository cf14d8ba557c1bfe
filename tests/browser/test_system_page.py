"""What operators and newcomers see, in a real Chromium on the real processes. The first test finds no
panel yet; the others come after it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Person
from tests.services.clients import MqttClient
from tests.services.installation import Installation
from tests.services.mosquitto import Mosquitto
from tests.services.waiting import eventually

LIMIT_MS = 15_000
People = Callable[..., Person]
OPERATOR = """
from django.contrib.auth.models import Group, User
operator = User.objects.create_user("operator", password="of-a-test")
operator.groups.add(Group.objects.get(name="Operators"))
"""


@dataclass
class Site:
    """An installation that runs, and its broker."""

    base_url: str
    broker: Mosquitto

    def publish(self, topic: str, payload: str) -> None:
        with MqttClient(self.broker.url) as meter:
            meter.publish(f"panel/{topic}", payload)


@pytest.fixture(scope="module")
def site(installation: Installation, mosquitto: Mosquitto) -> Iterator[Site]:
    installation.manage("shell", "-v0", "-c", OPERATOR)
    web = installation.start_web()
    installation.start_ingest()
    eventually(lambda: web.status_of("/readyz") == 200, 30, "getting ready")
    yield Site(web.base_url, mosquitto)
    installation.stop_all()


def wide(page: Page) -> bool:
    """Whether the page would have to be moved sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_a_newcomer_sees_what_was_rejected_then_the_first_reading_and_is_led_on(
    site: Site, person: People
) -> None:
    newcomer = person(site.base_url, width=360, height=740)
    still = person(site.base_url, reduced_motion="reduce")
    for someone in (newcomer, still):
        someone.log_in("operator", "of-a-test")
        expect(someone.page.locator("#heard")).to_contain_text("Waiting for the first reading")
        assert not wide(someone.page)
    site.publish("trafo1/volt", "230,45")
    expect(newcomer.page.locator("#heard")).to_contain_text("decimal comma", timeout=LIMIT_MS)
    expect(newcomer.page.locator("#announcement")).to_contain_text("decimal comma")
    newcomer.picture("first-reading-rejected")
    site.publish("trafo1/volt", "230.45")
    arrived = still.page.locator("[data-arrived]")
    expect(arrived).to_contain_text("trafo1 sent its first reading: 230.45", timeout=LIMIT_MS)
    still.picture("first-reading-arrived")
    newcomer.page.wait_for_selector(".unit[data-panel=trafo1]", timeout=LIMIT_MS)
    expect(arrived).to_be_visible()  # who wants no motion goes on by the button
    arrived.get_by_role("link").press("Enter")
    still.page.wait_for_selector(".unit[data-panel=trafo1]", timeout=LIMIT_MS)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_the_system_page_fits_and_renews_itself_without_taking_the_focus(
    site: Site, person: People, width: int, scheme: str
) -> None:
    someone = person(site.base_url, width=width, scheme=scheme)
    someone.log_in("operator", "of-a-test")
    page = someone.page
    page.get_by_role("link", name="System").click()
    expect(page.locator("[data-check=ingest]")).to_contain_text("1 of 1 connected")
    expect(page.locator("#socket-state")).to_have_text("Live", timeout=LIMIT_MS)
    link = page.locator("[data-check=rejected] a")
    link.focus()
    before = link.inner_text()
    site.publish("trafo1/volt", "nothing")
    expect(link).not_to_have_text(before, use_inner_text=True, timeout=LIMIT_MS)
    expect(link).to_be_focused()
    assert not wide(page)
    someone.picture(f"system-{width}-{scheme}")
    someone.expected = "ERR_FAILED"
    page.route("**/system/figures", lambda route: route.abort())
    expect(page.locator("#figures-age")).to_contain_text(
        "The server gives no answer. These are the figures of", timeout=LIMIT_MS
    )


def test_a_rejected_message_is_found_and_opened_by_keyboard(site: Site, person: People) -> None:
    site.publish("find/volt", "<b>230 V</b>\x1b")
    someone = person(site.base_url, width=360)
    someone.log_in("operator", "of-a-test")
    page = someone.page
    page.goto(f"{site.base_url}/system/rejected")
    page.get_by_label("Topic, reason or payload contains").focus()
    page.keyboard.type("panel/find")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=panel*")
    rows = page.locator(".messages__table tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("<b>230 V</b>\\x1b")
    assert not wide(page)
    someone.picture("rejected")
    rows.get_by_role("link").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/system/rejected/*")
    expect(page.locator(".payload")).to_have_text("<b>230 V</b>\\x1b")
    expect(page.locator(".accepted")).to_contain_text("A number with a decimal point")
    assert not wide(page)
    someone.picture("rejected-message")
    page.get_by_role("link", name="Back to the list").press("Enter")
    expect(page.get_by_label("Topic, reason or payload contains")).to_have_value("panel/find")
