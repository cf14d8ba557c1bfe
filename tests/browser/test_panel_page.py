"""A panel's live page in a real Chromium: its windows, limits, tables, and the way to other panels."""

import re
import zlib
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from dashboard.live_windows import thin
from tests.browser.conftest import Person, session_of
from tests.browser.history import KEEP_PLOTS, LIMIT_MS, columns, touch, window_ms
from tests.services.installation import Installation

People = Callable[..., Person]
Opened = Callable[..., Page]
# An hour of readings up to now, every two seconds but for a pause of five minutes; in it a quarter of
# an hour above the warning's limit, and a current that was beyond its rating for one reading.
SEED = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from meters.energy.rolling import Roller
from meters.models import DirtyRange, Panel, Trend
now = timezone.now()
panel = Panel.objects.create(
    name="trafo9", display_name="Office feeder", location="Hall", rated_current_a=25, rated_power_kva=6
)
rows = []
for age_s in range(3600, 0, -2):
    if 1500 < age_s < 1800:
        continue
    volts = 244.0 if 2100 < age_s < 3000 else 240.5
    amperes = 31.5 if age_s == 900 else 12.0 + age_s % 7 / 10
    rows.append(Trend(panel=panel, timestamp=now - timedelta(seconds=age_s),
                      voltage=volts, ampere=amperes, power=volts * amperes))
Trend.objects.bulk_create(rows)
DirtyRange.objects.mark(panel, rows[0].timestamp, rows[-1].timestamp)
for metric in ("voltage", "ampere", "power"):
    panel.advance(metric, getattr(rows[-1], metric), rows[-1].timestamp)
panel.save()
Panel.objects.bulk_create(
    Panel(name=f"trafo{n}", display_name=f"Feeder {n}", location=f"Building {n % 7}")
    for n in range(10, 509)
)
User.objects.create_user("engineer", password="of-a-test")
roller = Roller()
while roller.round([panel.pk]):
    pass
"""
VOLTAGE = ".tile[data-metric=voltage]"


@pytest.fixture(scope="module")
def site(installation: Installation) -> Iterator[str]:
    installation.manage("shell", "-c", SEED)
    yield installation.start_web().base_url
    installation.stop_all()


@pytest.fixture(scope="module")
def session(site: str, chromium: Browser) -> dict[str, object]:
    return session_of(chromium, site)


@pytest.fixture
def opened(site: str, session: dict[str, object], person: People) -> Opened:
    def open_panel(path: str = "/panels/trafo9/", **of_the_person: object) -> Page:
        someone = person(site, storage_state=session, **of_the_person)
        someone.page.add_init_script(KEEP_PLOTS)
        someone.page.goto(site + path)
        expect(someone.page.locator("h1")).to_be_visible()
        return someone.page

    return open_panel


def choose(page: Page, window: str) -> None:
    with page.expect_response(lambda answer: "/window?" in answer.url):
        page.locator(f"[data-window='{window}']").click()


# -- windows --------------------------------------------------------------------------------------


def test_a_window_is_chosen_kept_and_taken_up_again(opened: Opened) -> None:
    page = opened()
    assert len(columns(page, VOLTAGE)[0]) == 48
    choose(page, "1h")
    expect(page.locator(f"{VOLTAGE} .chart")).to_have_attribute(
        "aria-label", "Voltage: chart of the last hour"
    )
    start, end = window_ms(page, VOLTAGE)
    assert end - start == 3_600_000
    at, volts = columns(page, VOLTAGE)
    assert 300 < len(at) < 1100
    assert {230 < (each or 240) < 250 for each in volts} == {True}
    assert "window=1h" in page.url
    page.goto(page.url.split("?", maxsplit=1)[0])
    expect(page.locator("[data-window='1h']")).to_have_attribute("aria-current", "true")
    expect(page.locator("[data-window='last']")).not_to_have_attribute("aria-current", "true")
    page.locator("[data-window=last]").click()
    assert len(columns(page, VOLTAGE)[0]) == 48


def test_a_pause_is_a_gap_and_a_peak_of_one_reading_is_in_the_hour(opened: Opened) -> None:
    page = opened("/panels/trafo9/?window=1h")
    expect(page.locator(f"{VOLTAGE} .chart")).to_have_attribute("aria-label", re.compile("hour"))
    ampere = ".tile[data-metric=ampere]"
    _, amperes = columns(page, ampere)
    assert amperes.count(None) == 1
    assert max(value for value in amperes if value is not None) == 31.5
    expect(page.locator(f"{ampere} .tile__span")).to_contain_text("highest 31.50")


def test_a_failure_is_told_and_what_is_drawn_stays(
    opened: Opened, site: str, session: dict[str, object], person: People
) -> None:
    someone = person(site, storage_state=session)
    someone.expected = "status of 500"
    someone.page.add_init_script(KEEP_PLOTS)
    someone.page.route("**/window?**", lambda route: route.fulfill(status=500, body="no"))
    someone.page.goto(f"{site}/panels/trafo9/")
    someone.page.locator("[data-window='5m']").click()
    expect(someone.page.locator("#window-said")).to_contain_text("error 500")
    assert len(columns(someone.page, VOLTAGE)[0]) == 48


@pytest.fixture(scope="module")
def modules(site: str, session: dict[str, object], chromium: Browser) -> Iterator[Page]:
    page = chromium.new_context(storage_state=session).new_page()  # type: ignore[arg-type]
    page.goto(f"{site}/panels/trafo9/")
    yield page
    page.context.close()


FEED = """
    async ([points, step, length]) => {
      const { LiveWindow } = await import("/static/js/panel/live-window.js");
      const window = new LiveWindow({ window: "w", length_ms: length, step_ms: step, metrics: {} });
      let most = 0;
      for (const [at, value] of points) {
        window.add("power", at, value);
        most = Math.max(most, window.points.power.length);
      }
      return { most, points: window.of("power", points.at(-1)[0]) };
    }
"""


def test_what_comes_in_is_thinned_as_the_server_thins_and_stays_bounded(modules: Page) -> None:
    points = [(at * 100, float(at * 7919 % 101)) for at in range(20_000)]
    found = modules.evaluate(FEED, [points, 10_000, 600_000])
    assert found["most"] <= 3 * 61
    kept = {(at, value) for at, value in found["points"]}
    wanted = {point for point in thin(points, 10_000) if point[0] >= points[-1][0] - 600_000}
    assert wanted <= kept, "the extremes of each step"
    assert len(kept - wanted) <= 62, "and no more than the newest of each"


# -- limits ---------------------------------------------------------------------------------------


def test_limits_and_episodes_are_told_in_words(opened: Opened) -> None:
    page = opened()
    expect(page.locator("#limits-voltage")).to_have_text(
        "Warning outside 207 V to 241.5 V, alarm outside 195.5 V to 253 V"
    )
    rows = page.locator("#episodes-table tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="Voltage above 241.5 V")).to_contain_text("Warning")
    expect(rows.filter(has_text="Current above 25 A")).to_contain_text("31.50 A")


def test_an_old_value_is_not_said_to_be_inside_its_limits(opened: Opened) -> None:
    page = opened()
    # A page that slept asks again, and sets its clock by the answer: here it only grows old.
    page.route("**/points", lambda route: route.fulfill(status=204))
    page.clock.install()
    page.clock.fast_forward(120_000)
    expect(page.locator("#findings-none")).to_contain_text("nobody knows", timeout=LIMIT_MS)
    expect(page.locator(".loading__text")).to_contain_text("not known")
    expect(page.locator("#panel-state")).to_have_text(re.compile("Stale|Offline"))


def test_the_minute_brings_new_figures_and_episodes_quietly(opened: Opened) -> None:
    page = opened()
    answer = page.request.get(page.url.split("?", maxsplit=1)[0] + "today").json()
    answer["facts"]["energy"][0] = "98.76 kWh"
    answer["date"] = "2031-02-03"  # midnight has passed
    answer["episodes"] = [answer["episodes"][0] | {"what": "Voltage above everything"}]
    page.route("**/today", lambda route: route.fulfill(json=answer))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    expect(page.locator("[data-fact=energy] .stat__value")).to_have_text("98.76 kWh")
    expect(page.locator("#today-history")).to_have_attribute("href", re.compile("date=2031-02-03$"))
    expect(page.locator("#episodes-table tbody tr")).to_have_count(1)
    expect(page.locator("#episodes-table")).to_contain_text("Voltage above everything")
    assert page.locator("[data-part=episodes] [aria-live], .today [aria-live]").count() == 0


def test_a_panel_that_is_deleted_or_hidden_meanwhile_is_said_to_be(
    site: str, session: dict[str, object], person: People
) -> None:
    someone = person(site, storage_state=session)
    someone.expected = "404"
    page = someone.page
    page.goto(f"{site}/panels/trafo9/")
    expect(page.locator("#socket-state")).to_have_text("Live")
    page.route("**/today", lambda route: route.fulfill(status=404))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    expect(page.locator("#notice")).to_contain_text("deleted or is no longer shown")
    page.unroute("**/today")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    expect(page.locator("#notice")).not_to_contain_text("deleted")


# -- reading and saving ----------------------------------------------------------------------------


def test_a_finger_reads_a_value_with_its_unit_and_time(opened: Opened) -> None:
    page = opened(width=360, height=740, has_touch=True, is_mobile=True)
    touch(page, page.locator(f"{VOLTAGE} .u-over"), [[0.5], [0.52]])
    expect(page.locator(f"{VOLTAGE} .tile__readout")).to_have_text(
        re.compile(r"^\d\d:\d\d:\d\d\s+240\.50\sV$")
    )


def test_arrow_keys_read_a_chart_point_by_point(opened: Opened) -> None:
    page = opened()
    chart, readout = page.locator(f"{VOLTAGE} .chart"), page.locator(f"{VOLTAGE} .tile__readout")
    at = columns(page, VOLTAGE)[0]
    chart.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(readout).to_have_text(re.compile(r"240\.50\sV$"))
    last_but_one = page.evaluate(
        "plots.find((each) => each.root.closest('[data-metric=voltage]')).cursor.idx"
    )
    assert last_but_one == len(at) - 2
    page.keyboard.press("Tab")
    expect(readout).to_be_empty()


def first_pixel(png: bytes) -> tuple[int, ...]:
    """Its red, green, blue and opacity, of a picture in one piece or several."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed = 8, b""
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + length]
        at += 12 + length
    return tuple(zlib.decompress(packed)[1:5])


def test_live_charts_can_be_saved_as_picture_and_numbers(opened: Opened) -> None:
    page = opened(scheme="dark")
    live = page.locator("[data-part=live]")
    with page.expect_download() as saved:
        live.locator("[data-save=png]").click()
    assert first_pixel(saved.value.path().read_bytes()) == (22, 28, 26, 255), "the dark sheet"
    with page.expect_download() as saved:
        live.locator("[data-save=csv]").click()
    assert saved.value.suggested_filename.startswith("trafo9_live_")
    lines = saved.value.path().read_text().splitlines()
    assert lines[0] == "at,voltage_v,ampere_a,power_w,energy_cost_rp"
    assert len(lines) == 49
    with page.expect_download() as saved:
        page.locator("[data-part=samples] [data-save=csv]").click()
    assert len(saved.value.path().read_text().splitlines()) == 21


# -- other panels ----------------------------------------------------------------------------------


def test_keys_are_enough_to_find_another_panel_among_five_hundred(opened: Opened) -> None:
    page = opened("/panels/trafo9/history?range=week&date=2026-01-15")
    page.locator("#switch-panel").focus()
    page.keyboard.press("Enter")
    said = page.locator(".switcher__said")
    expect(said).to_have_text("500 panels")
    page.keyboard.type("feeder 77")
    expect(said).to_have_text("5 of 500 panels")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".switcher__panel:focus")).to_contain_text("Feeder 77")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#switcher-filter")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#switcher")).to_be_hidden()
    expect(page.locator("#switch-panel")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("nobody")
    expect(said).to_have_text("No panel is called so.")
    page.locator("#switcher-filter").fill("building 3 feeder 10")
    expect(said).to_contain_text("of 500")
    page.keyboard.press("Enter")
    page.wait_for_url("**/panels/trafo10/history?range=week&date=2026-01-15")


def test_the_next_panel_is_one_press_away(opened: Opened) -> None:
    page = opened()
    expect(page.locator(".steps")).to_contain_text("1 of 500")
    page.locator(".steps [rel=next]").click()
    expect(page.locator("h1")).to_have_text("Feeder 10")
    page.locator(".steps [rel=prev]").click()
    expect(page.locator("h1")).to_have_text("Office feeder")


def test_a_list_that_cant_be_fetched_is_said_to_be(
    site: str, session: dict[str, object], person: People
) -> None:
    someone = person(site, storage_state=session)
    someone.expected = "ERR_FAILED"

    def fail(route: Route) -> None:
        route.abort()

    someone.page.route("**/panels.json", fail)
    someone.page.goto(f"{site}/panels/trafo9/")
    someone.page.locator("#switch-panel").click()
    expect(someone.page.locator(".switcher__said")).to_contain_text("can't be fetched")


# -- without scripts, on a phone --------------------------------------------------------------------


def test_without_scripts_figures_limits_and_the_way_to_other_panels_are_there(
    opened: Opened,
) -> None:
    page = opened(java_script_enabled=False)
    expect(page.locator(f"{VOLTAGE} .tile__number")).to_have_text("240.50")
    expect(page.locator("#samples tbody tr")).to_have_count(20)
    expect(page.locator("#switch-panel")).to_be_hidden()
    expect(page.locator(".crumbs a", has_text="Panels")).to_have_attribute("href", "/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_scrolling_sideways(opened: Opened, scheme: str) -> None:
    page = opened(width=360, height=740, scheme=scheme)
    page.locator("#switch-panel").click()
    expect(page.locator(".switcher__said")).to_have_text("500 panels")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
