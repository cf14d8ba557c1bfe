"""The page in a real Chromium, on the real processes and servers."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Person
from tests.browser.history import KEEP_PLOTS, columns
from tests.services.clients import MqttClient
from tests.services.fixtures import Services
from tests.services.installation import Installation, WebProcess
from tests.services.mosquitto import Mosquitto
from tests.services.waiting import eventually

LIMIT_MS = 15_000
People = Callable[..., Person]


@dataclass
class Site:
    """An installation that runs, with somebody who may log in."""

    installation: Installation
    broker: Mosquitto
    web: WebProcess

    def publish(self, topic: str, payload: str) -> None:
        with MqttClient(self.broker.url) as meter:
            meter.publish(f"panel/{topic}", payload)

    def watched_by(self, someone: Person) -> Person:
        """On the page of the first panel."""
        someone.log_in("engineer", "of-a-test")
        someone.page.goto(f"{someone.base_url}/panels/trafo1/")
        expect(someone.page.locator("#socket-state")).to_have_text("Live", timeout=LIMIT_MS)
        return someone


@pytest.fixture
def site(services: Services) -> Site:
    broker = services.mosquitto()
    installation = services.installation(mosquitto=broker)
    installation.env["MQTT_TOPIC_ENERGY_REGISTER"] = "panel/+/energy"
    installation.env["DJANGO_SUPERUSER_PASSWORD"] = "of-a-test"
    installation.manage(
        "createsuperuser", "--noinput", "--username=engineer", "--email=e@example.com"
    )
    web = installation.start_web()
    installation.start_ingest()
    eventually(lambda: web.status_of("/readyz") == 200, 30, "getting ready")
    return Site(installation, broker, web)


def test_a_published_value_appears_on_the_page_of_who_is_logged_in(
    site: Site, person: People
) -> None:
    site.publish("trafo1/volt", "229.5")
    someone = site.watched_by(person(site.web.base_url))
    voltage = someone.page.locator(".tile[data-metric=voltage]")
    expect(voltage.locator(".tile__number")).to_have_text("229.50")
    expect(voltage.locator("canvas")).to_be_visible()
    site.publish("trafo1/volt", "230.45")
    expect(voltage.locator(".tile__number")).to_have_text("230.45", timeout=LIMIT_MS)
    newest = someone.page.locator("#samples tbody tr").first
    expect(newest).to_contain_text("230.45 V", timeout=LIMIT_MS)
    expect(someone.page.locator("#mqtt-state")).to_have_text("MQTT connected")
    expect(someone.page.locator("#notice")).to_contain_text("Readings are arriving")
    someone.picture("live")


def test_a_value_beyond_its_limit_is_an_alarm_at_once_and_goes_on_in_the_window(
    site: Site, person: People
) -> None:
    site.publish("trafo1/volt", "229.5")
    someone = person(site.web.base_url)
    someone.page.add_init_script(KEEP_PLOTS)
    page = site.watched_by(someone).page
    expect(page.locator("#panel-state")).to_have_text("Normal")
    with page.expect_response(lambda answer: "/window?" in answer.url):
        page.locator("[data-window='5m']").click()
    site.publish("trafo1/volt", "260")
    expect(page.locator("#findings")).to_have_text(
        "Voltage 260.00 V, above 253 V", timeout=LIMIT_MS
    )
    expect(page.locator("#panel-state")).to_have_text("Alarm")
    expect(page.locator("#limits-voltage")).to_have_attribute("data-severity", "alarm")
    expect(page.locator(".tile[data-metric=voltage] .tile__span")).to_contain_text("highest 260.00")
    assert [v for v in columns(page, ".tile[data-metric=voltage]")[1] if v] == [229.5, 260.0]
    someone.picture("alarm")


def test_a_register_that_the_page_shows_nowhere_disturbs_nothing(
    site: Site, person: People
) -> None:
    site.publish("trafo1/volt", "229.5")
    someone = site.watched_by(person(site.web.base_url))
    site.publish("trafo1/energy", "48213.7")
    site.publish("trafo1/volt", "230.45")
    expect(someone.page.locator(".tile[data-metric=voltage] .tile__number")).to_have_text(
        "230.45", timeout=LIMIT_MS
    )
    expect(someone.page.locator(".tile")).to_have_count(4)
    expect(someone.page.locator("#notice")).to_contain_text("Readings are arriving")


def test_it_says_when_the_broker_stops_and_goes_on_when_it_is_back(
    site: Site, person: People
) -> None:
    site.publish("trafo1/volt", "229.5")
    someone = site.watched_by(person(site.web.base_url))
    state = someone.page.locator("#mqtt-state")
    expect(state).to_have_text("MQTT connected", timeout=LIMIT_MS)
    site.broker.stop()
    expect(state).to_have_text("MQTT disconnected", timeout=LIMIT_MS)
    expect(someone.page.locator("#notice")).to_contain_text("No connection to the MQTT broker")
    someone.picture("broker-away")
    site.broker.start()
    expect(state).to_have_text("MQTT connected", timeout=4 * LIMIT_MS)
    site.publish("trafo1/volt", "231.25")
    expect(someone.page.locator(".tile[data-metric=voltage] .tile__number")).to_have_text(
        "231.25", timeout=LIMIT_MS
    )


def test_it_reconnects_by_itself_when_the_web_server_comes_back_and_misses_nothing(
    site: Site, person: People
) -> None:
    site.publish("trafo1/volt", "229.5")
    someone = site.watched_by(person(site.web.base_url))
    someone.page.evaluate("window.stillTheSamePage = true")
    site.web.stop()
    expect(someone.page.locator("#socket-state")).to_have_text("Reconnecting…", timeout=LIMIT_MS)
    site.publish("trafo1/volt", "232.75")
    site.web.start()
    expect(someone.page.locator("#socket-state")).to_have_text("Live", timeout=4 * LIMIT_MS)
    expect(someone.page.locator(".tile[data-metric=voltage] .tile__number")).to_have_text("232.75")
    assert someone.page.evaluate("window.stillTheSamePage")


def test_an_ingest_that_dies_is_told(site: Site, person: People) -> None:
    site.publish("trafo1/volt", "229.5")
    someone = site.watched_by(person(site.web.base_url))
    site.installation.processes[-1].kill()
    expect(someone.page.locator("#mqtt-state")).to_have_text(
        "No ingest running", timeout=3 * LIMIT_MS
    )


def test_a_value_of_the_past_looks_stale_and_says_since_when(site: Site, person: People) -> None:
    site.publish("trafo1/volt", '{"value": 231.2, "timestamp": "2026-01-15T10:30:45+07:00"}')
    someone = site.watched_by(person(site.web.base_url))
    expect(someone.page.locator("#notice")).to_contain_text("15 Jan 2026 10:30:45")
    expect(someone.page.locator(".tile[data-metric=voltage]")).to_have_attribute(
        "data-state", "stale"
    )
    someone.picture("stale")


def test_without_a_panel_it_says_how_to_send_a_reading_and_turns_into_the_overview(
    site: Site, person: People
) -> None:
    someone = person(site.web.base_url)
    someone.log_in("engineer", "of-a-test")
    expect(someone.page.locator("#publish-command")).to_contain_text("mosquitto_pub")
    someone.picture("first-reading")
    site.publish("trafo1/volt", "230.45")
    expect(someone.page.locator(".unit[data-panel=trafo1]")).to_contain_text(
        "230.45 V", timeout=LIMIT_MS
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_a_panel_without_scrolling_sideways(
    site: Site, person: People, scheme: str
) -> None:
    for panel in ("trafo1", "trafo2", "a" * 64):
        site.publish(f"{panel}/power", "123456.7")
    someone = site.watched_by(person(site.web.base_url, width=360, height=740, scheme=scheme))
    expect(someone.page.locator(".tile")).to_have_count(4)
    width = someone.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360
    someone.picture(f"phone-{scheme}")


def test_who_logs_out_elsewhere_is_sent_to_the_log_in(site: Site, person: People) -> None:
    site.publish("trafo1/volt", "229.5")
    someone = site.watched_by(person(site.web.base_url))
    other = someone.page.context.new_page()
    other.goto(f"{site.web.base_url}/")
    other.click("#user-menu summary")
    other.click("#user-menu form[action='/logout/'] button")
    someone.page.wait_for_url("**/login/**", timeout=60_000)
