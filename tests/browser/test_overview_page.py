"""The overview of 500 panels in a real Chromium, on the real processes and servers."""

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Person, session_of
from tests.browser.feeding import SOCKET
from tests.services.clients import MqttClient
from tests.services.installation import Installation, WebProcess
from tests.services.mosquitto import Mosquitto
from tests.services.waiting import eventually

LIMIT_MS = 15_000
PANELS = "JSON.parse(document.getElementById('overview').textContent).panels.length"
People = Callable[..., Person]
SEED = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from meters.models import Panel, Trend
User.objects.create_user("engineer", password="of-a-test")
at = timezone.now() - timedelta(days=3)
old = dict(voltage=231.25, ampere=12.5, power=2890.6)
moments = {f"{name}_at": at for name in old}
rated = [None, 5, 25.5]
Panel.objects.bulk_create(
    Panel(name=f"p{n}", display_name=f"Feeder {n}" if n % 3 else "", location=f"Hall {n % 7}",
          rated_power_kva=rated[n % 3], **(old | moments if n % 5 else {}))
    for n in range(1, 501)
)
Trend.objects.bulk_create(
    Trend(panel=panel, timestamp=at - timedelta(seconds=2 * n), power=2890.6 + 7 * (n % 11))
    for panel in Panel.objects.filter(power_at=at)[:80] for n in range(60)
)
"""


@dataclass
class Site:
    broker: Mosquitto
    web: WebProcess
    session: dict[str, object]

    def publish(self, topic: str, payload: float | str) -> None:
        with MqttClient(self.broker.url) as meter:
            meter.publish(f"panel/{topic}", str(payload))


@pytest.fixture(scope="module")
def site(installation: Installation, mosquitto: Mosquitto, chromium: Browser) -> Iterator[Site]:
    installation.manage("shell", "-c", SEED)
    web = installation.start_web()
    installation.start_ingest()
    eventually(lambda: web.status_of("/readyz") == 200, 30, "getting ready")
    yield Site(mosquitto, web, session_of(chromium, web.base_url))
    installation.stop_all()


@pytest.fixture
def opened(site: Site, person: People) -> Callable[..., Page]:
    def open_overview(query: str = "", **of_the_person: object) -> Page:
        someone = person(site.web.base_url, storage_state=site.session, **of_the_person)
        someone.page.goto(f"{site.web.base_url}/{query}")
        if of_the_person.get("java_script_enabled", True):
            live = someone.page.locator("#socket-state")
            expect(live).to_have_text("Live", timeout=LIMIT_MS)
        return someone.page

    return open_overview


Opened = Callable[..., Page]


def card(page: Page, name: str) -> Locator:
    return page.locator(f'.unit[data-panel="{name}"]')


def names(page: Page) -> list[str]:
    return [each.get_attribute("data-panel") or "" for each in page.locator(".unit").all()]


def words(page: Page) -> list[str]:
    """What stands on the page, the cards without their ages, which go on."""
    page.locator(".unit__age").evaluate_all("ages => ages.forEach((age) => age.replaceChildren())")
    parts = [page.locator(part).inner_text() for part in ("#notice", "#chips", ".sums", "#shown")]
    cards = page.locator(".unit").all_text_contents()[:8]
    return [" ".join(each.split()) for each in parts + cards]


def alike(page: Page, without: Page) -> bool:
    """Whether scripts have written what the server writes now."""
    without.reload()
    page.wait_for_timeout(1100)  # a tick: everything was written anew
    return words(page) == words(without)


def soon(page: Page, condition: Callable[[], bool]) -> None:
    """Unlike `eventually`, lets the page's events come in between."""
    for _ in range(LIMIT_MS // 50):
        if condition():
            return
        page.wait_for_timeout(50)
    pytest.fail("it didn't come about")


def test_a_reading_reaches_its_card_its_line_and_the_sums(site: Site, opened: Opened) -> None:
    for metric, value in (("volt", 230.5), ("ampere", 21.7), ("power", 5000)):
        site.publish(f"main1/{metric}", value)
    page = opened("?q=main1")
    expect(card(page, "main1")).to_contain_text("5,000.0 W", timeout=LIMIT_MS)
    site.publish("main1/power", 12_345.6)
    expect(card(page, "main1")).to_contain_text("12.35 kW", timeout=LIMIT_MS)
    expect(card(page, "main1")).to_have_attribute("data-state", "normal")
    expect(card(page, "main1").locator(".unit__spark path")).to_have_attribute(
        "d", re.compile("^M.*L120.0 2.0$"), timeout=LIMIT_MS
    )
    expect(page.locator("[data-sum=power] .stat__value")).to_have_text("12.35 kW")
    expect(page.locator("[data-sum=power] .stat__note")).to_contain_text("of 1 of 50")
    site.publish("main1/volt", 261)
    expect(card(page, "main1")).to_have_attribute("data-state", "alarm", timeout=LIMIT_MS)
    expect(card(page, "main1")).to_contain_text("Voltage 261.00 V above 253 V")
    expect(page.locator("#notice")).to_have_attribute("data-state", "alarm", timeout=LIMIT_MS)


def test_a_reading_between_the_page_and_its_connection_is_not_missing_in_the_line(
    site: Site, person: People
) -> None:
    for age_s, value in ((6, 1000), (4, 1100), (2, 1050)):
        at = time.time() - age_s
        site.publish("main2/power", json.dumps({"value": value, "timestamp": round(at, 3)}))
    someone = person(site.web.base_url, storage_state=site.session)
    someone.page.add_init_script(SOCKET)
    soon(
        someone.page,
        lambda: (
            bool(someone.page.goto(f"{site.web.base_url}/?q=main2"))
            and card(someone.page, "main2").is_visible()
        ),
    )
    line = card(someone.page, "main2").locator(".unit__spark path")
    expect(line).to_have_attribute("d", re.compile("^M"), timeout=LIMIT_MS)
    someone.page.evaluate(
        """() => say([{ event: "snapshot", mqtt: { connected: true, messageRate: 1, lastMessageAt: null },
          panels: { main2: { voltage: null, ampere: null, power: 9000, energy_cost: null, timestamp: new Date(Date.now() + 1000).toISOString() } } }])"""
    )
    expect(line).to_have_attribute("d", re.compile("120.0 2.0(h0)?$"), timeout=LIMIT_MS)


def test_of_500_panels_only_those_near_the_window_exist(opened: Opened) -> None:
    page = opened("?sort=name&q=p&state=offline")
    expect(page.locator("#shown")).to_contain_text("400 of 50")
    few = page.locator(".unit").count()
    assert 4 <= few <= 60
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(card(page, "p499")).to_be_in_viewport(timeout=LIMIT_MS)
    expect(card(page, "p499")).to_contain_text("2,890.6 W")
    expect(card(page, "p499")).to_have_attribute("aria-posinset", "400")
    expect(card(page, "p1")).to_have_count(0)
    assert page.locator(".unit").count() <= 60
    page.evaluate("scrollTo(0, 0)")
    expect(card(page, "p1")).to_be_in_viewport(timeout=LIMIT_MS)


def columns(page: Page) -> tuple[list[int], list[int]]:
    """Where the cards begin from the left, and how wide they are."""
    boxes = page.locator(".unit").evaluate_all(
        "units => units.map((unit) => unit.getBoundingClientRect().toJSON())"
    )
    lefts, widths = ({round(box[side]) for box in boxes} for side in ("left", "width"))
    return sorted(lefts), sorted(widths)


def test_in_a_narrower_window_and_on_paper_the_cards_stand_in_fewer_columns(
    opened: Opened,
) -> None:
    page = opened()
    assert len(columns(page)[0]) == 4
    page.set_viewport_size({"width": 700, "height": 800})
    soon(page, lambda: len(columns(page)[0]) == 2)
    assert columns(page)[1][0] >= 280
    assert page.evaluate("document.documentElement.scrollWidth") == 700
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(page.locator(".unit")).to_have_count(int(page.evaluate(PANELS)))
    page.set_viewport_size({"width": 1000, "height": 800})
    assert len(set(columns(page)[1])) == 1
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    soon(page, lambda: page.locator(".unit").count() <= 60)


def test_the_websocket_watches_what_is_on_screen(
    site: Site, opened: Opened, person: People
) -> None:
    someone = person(site.web.base_url, storage_state=site.session)
    watched: list[list[str]] = []
    someone.page.on(
        "websocket",
        lambda socket: socket.on(
            "framesent", lambda frame: watched.append(json.loads(frame)["panels"])
        ),
    )
    someone.page.goto(f"{site.web.base_url}/?sort=name&q=Feeder")
    expect(card(someone.page, "p1")).to_be_visible()
    soon(someone.page, lambda: bool(watched and watched[-1]))
    assert "p1" in watched[-1]
    assert len(watched[-1]) <= 60
    someone.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    soon(someone.page, lambda: "p500" in watched[-1])
    assert "p1" not in watched[-1]


def test_what_is_chosen_stands_in_the_address_and_holds_after_a_reload(opened: Opened) -> None:
    page = opened("?sort=name")
    page.locator("[name=q]").fill("feeder hall")
    page.locator("[name=location]").select_option("Hall 3")
    page.locator("[name=sort]").select_option("loading")
    page.locator("#chips [data-choice=offline]").click()
    expect(page.locator("#shown")).to_contain_text("38 of 50")
    assert page.url.endswith("?q=feeder+hall&location=Hall+3&state=offline&sort=loading")
    chosen = names(page)
    page.reload()
    expect(page.locator("#chips [data-choice=offline]")).to_have_attribute("aria-current", "true")
    assert names(page) == chosen
    page.keyboard.press("/")
    expect(page.locator("[name=q]")).to_be_focused()
    page.keyboard.type(" nothing like it")
    expect(page.locator(".fleet .nothing")).to_be_visible()


def test_scripts_order_as_the_server_does(site: Site, opened: Opened) -> None:
    without, page = opened(java_script_enabled=False), opened()
    for sort in ("name", "state", "loading", "power", "energy", "age"):
        for each in (without, page):
            each.goto(f"{site.web.base_url}/?q=hall+2&sort={sort}")
        rendered, found = names(without), names(page)
        assert len(rendered) == 24
        assert len(found) >= 8
        assert found[:24] == rendered[: len(found)], sort


def test_scripts_write_what_the_server_writes(site: Site, opened: Opened) -> None:
    for metric, value in (("volt", 252.104), ("ampere", 7.25), ("power", 1790.6)):
        site.publish(f"main2/{metric}", value)
    eventually(lambda: "main2" in names(opened("?q=main2", java_script_enabled=False)))
    for query in ("?sort=name&q=hall", "?q=main2"):
        without, page = opened(query, java_script_enabled=False), opened(query)
        eventually(partial(alike, page, without), 20, f"the same beside {words(without)}")


def test_a_value_that_stopped_says_since_when_while_others_go_on(
    site: Site, opened: Opened
) -> None:
    """An hour ago, by the meter's own clock; the voltage is of now."""
    stopped_at = datetime.now(UTC) - timedelta(hours=1)
    site.publish("half/volt", 230.0)
    site.publish("half/power", json.dumps({"value": 900.5, "timestamp": stopped_at.isoformat()}))
    eventually(lambda: "half" in names(opened("?q=half", java_script_enabled=False)))
    page = opened("?q=half")
    of_it = card(page, "half")
    expect(of_it.locator(".unit__trouble")).to_contain_text("Power: no reading since")
    expect(of_it.locator("[data-value=power]")).to_have_attribute("data-old", "")
    site.publish("half/power", 910.5)
    expect(of_it.locator("[data-value=power]")).to_have_text("910.5\u00a0W")
    expect(of_it.locator(".unit__trouble")).to_be_empty()
    expect(of_it.locator("[data-value=power]")).not_to_have_attribute("data-old", "")


def test_rows_are_remembered(opened: Opened) -> None:
    page = opened()
    page.locator("#views [data-choice=rows]").click()
    expect(page.locator("#fleet")).to_have_attribute("data-view", "rows")
    expect(page.locator(".fleet__heads")).to_be_visible()
    assert page.url.endswith("?view=rows")
    page.goto(page.url.replace("?view=rows", ""))
    expect(page.locator("#fleet")).to_have_attribute("data-view", "rows")


def test_the_tabulator_reaches_panels_that_did_not_exist_yet(opened: Opened) -> None:
    page = opened("?sort=name&view=rows")
    card(page, "p2").locator("a").focus()
    for _ in range(70):
        page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.closest('.unit').dataset.panel")
    assert focused == "p72"
    expect(card(page, "p72")).to_be_in_viewport()


@pytest.mark.parametrize(("view", "scheme"), [("cards", "light"), ("rows", "dark")])
def test_a_phone_shows_it_without_scrolling_sideways(
    opened: Opened, view: str, scheme: str
) -> None:
    page = opened(f"?view={view}", width=360, height=740, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    too_wide = page.locator(".unit__value").evaluate_all(
        "values => values.filter((each) => each.checkVisibility() && each.scrollWidth > each.closest('.unit').clientWidth).length"
    )
    assert too_wide == 0


def test_after_a_restart_of_the_server_it_goes_on_and_shows_who_is_new(
    site: Site, opened: Opened
) -> None:
    page = opened("?q=newcomer")
    page.evaluate("window.stillTheSamePage = true")
    site.web.stop()
    expect(page.locator("#notice")).to_contain_text("Connection to PELBIOT lost", timeout=LIMIT_MS)
    site.publish("newcomer/power", 777.7)
    site.web.start()
    expect(card(page, "newcomer")).to_contain_text("777.7 W", timeout=4 * LIMIT_MS)
    expect(page.locator("#notice")).not_to_contain_text("lost")
    assert page.evaluate("window.stillTheSamePage")
