"""A panel's history in a real Chromium, on the real meter's days 7 and 8 February 2007."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Error, Page, Route, expect

from dashboard import formatting, quantities
from tests.browser.answers import Meter, serve
from tests.browser.conftest import Person, session_of
from tests.browser.history import DAY, KEEP_PLOTS, columns, drag, query, settled, touch, window_ms
from tests.browser.household import GAP
from tests.services.installation import Installation

People = Callable[..., Person]
SEED = """
from django.contrib.auth.models import User
from meters.energy.rolling import Roller
from meters.models import Panel
from tests.browser.household import store
days = ("2007-02-07", "2007-02-09")
store("trafo1", days, gap=True, display_name="Office feeder", rated_power_kva=6)
store("trafo2", ("2007-02-08", "2007-02-09"), factor=2.5, display_name="Workshop feeder")
Panel.objects.create(name="new")
User.objects.create_user("engineer", password="of-a-test")
roller = Roller()
while roller.round(list(Panel.objects.values_list("pk", flat=True))):
    pass
"""


@pytest.fixture(scope="module")
def site(installation: Installation) -> Iterator[str]:
    installation.manage("shell", "-c", SEED)
    yield installation.start_web().base_url
    installation.stop_all()


@pytest.fixture(scope="module")
def session(site: str, chromium: Browser) -> dict[str, object]:
    return session_of(chromium, site)


@pytest.fixture
def opened(site: str, session: dict[str, object], person: People) -> Callable[..., Page]:
    def open_history(path: str = "/panels/trafo1/history" + DAY, **of_the_person: object) -> Page:
        meters = of_the_person.pop("meters", None)
        expected = str(of_the_person.pop("expected", ""))
        someone = person(site, storage_state=session, **of_the_person)
        someone.expected = expected
        someone.page.add_init_script(KEEP_PLOTS)
        if isinstance(meters, dict):
            serve(someone.page, meters)
        someone.page.goto(site + path)
        settled(someone.page)
        return someone.page

    return open_history


Opened = Callable[..., Page]


def ms(moment: datetime) -> float:
    return moment.timestamp() * 1000


def test_dragging_over_a_stretch_fetches_its_finer_readings_and_back_leads_back(
    opened: Opened,
) -> None:
    page = opened()
    level = page.locator("[data-say=level]")
    expect(level).to_have_text("Means over 3 min, with lowest and highest")
    coarse = len(columns(page)[0])
    with page.expect_request(lambda request: "/trends?" in request.url) as asked:
        drag(page, page.locator(".u-over").first, 0.5, 0.55)
    assert "from=2007-02-08T05" in asked.value.url
    expect(level).to_have_text("Single readings")
    settled(page)
    assert query(page)["range"] == "custom"
    assert query(page)["from"].startswith("2007-02-08T05:")
    assert len(columns(page)[0]) < coarse
    expect(page.locator("#range-title")).to_contain_text("8 Feb 2007 12:0")
    page.go_back()
    expect(page.locator("#range-title")).to_have_text("Thu 8 Feb 2007")
    settled(page)
    assert page.url.endswith(DAY)
    assert len(columns(page)[0]) == coarse


def test_a_gap_is_a_gap(opened: Opened) -> None:
    page = opened()
    at, mean, low, _, _ = columns(page)
    inside = [
        i
        for i, moment in enumerate(at)
        if moment and ms(GAP[0] + timedelta(minutes=3)) < moment < ms(GAP[1]) - 180_000
    ]
    assert len(inside) > 60
    assert {mean[i] for i in inside} == {low[i] for i in inside} == {None}
    assert mean[inside[0] - 3] is not None
    assert mean[inside[-1] + 3] is not None
    expect(page.locator("#notice")).to_contain_text("3 h 32 min are missing")
    expect(page.locator("[data-legend=missing]")).to_be_visible()
    expect(page.locator("[data-legend=recovered]")).to_be_hidden()


# How many colours of some pixels are those of the bars and of the sheet: in the place of the energy
# chart from so many shares of its height down, in the middle of a bucket.
SEEN = """
    ([index, from, to]) => {
      const plot = window.plots.find((each) => each.root.closest("[data-part=energy]"));
      const { ctx, bbox } = plot;
      const middle = plot.valToPos(plot.data[0][index], "x", true);
      const [top, bottom] = [from, to].map((share) => Math.round(bbox.top + share * bbox.height));
      const style = getComputedStyle(plot.root.parentElement);
      const pen = document.createElement("canvas").getContext("2d");
      const wanted = ["line", "surface", "missing"].map((name) => {
        pen.fillStyle = style.getPropertyValue(`--chart-${name}`).trim();
        pen.fillRect(0, 0, 1, 1);
        return pen.getImageData(0, 0, 1, 1).data.slice(0, 3);
      });
      const { data } = ctx.getImageData(middle - 6, top, 12, bottom - top);
      const counts = [0, 0, 0];
      for (let at = 0; at < data.length; at += 4) {
        const near = (colour) => data[at + 3] > 200 && colour.every((value, i) => Math.abs(value - data[at + i]) < 12);
        wanted.forEach((colour, i) => (counts[i] += near(colour)));
      }
      return counts.map((count) => (4 * count) / data.length);
    }
"""


@pytest.mark.parametrize("recovered", [0, 0.2])
def test_missing_time_is_seen_over_a_bar_however_tall(opened: Opened, recovered: float) -> None:
    page = opened(expected="willReadFrequently", scheme="dark" if recovered else "light")

    def with_a_tall_bar(route: Route) -> None:
        answer = route.fetch()
        known = answer.json()
        partial = {"energy_wh": 20_000, "coverage": 0.5, "quality": "partial"}
        known["buckets"][4] |= partial | {"recovered": recovered}
        route.fulfill(response=answer, json=known)

    page.route("**/energy?**", with_a_tall_bar)
    page.locator("[data-go=previous]").click()
    expect(page.locator("#range-title")).to_have_text("Wed 7 Feb 2007")
    settled(page)
    bar, sheet, missing = page.evaluate(SEEN, [4, 0.12, 0.48])
    other_bar, other_sheet, other_missing = page.evaluate(SEEN, [4, 0.55, 0.95])
    if recovered:
        assert missing > 0.05 > 0.01 > other_missing
        assert bar > 0.05, "its own hatch stays"
    else:
        assert sheet > 0.1 > 0.01 > other_sheet
        assert bar > 0.1
        assert other_bar > 0.99
    page.unroute_all(behavior="ignoreErrors")


def test_an_address_shows_the_same_to_who_gets_it(opened: Opened) -> None:
    page = opened()
    page.locator(".chip[data-metric=voltage]").click()
    settled(page)
    page.locator(".chip--compare").click()
    settled(page)
    page.locator("[data-go=previous]").click()
    expect(page.locator("#range-title")).to_have_text("Wed 7 Feb 2007")
    settled(page)
    other = opened(page.url.partition("//")[2].partition("/")[1] + page.url.split("/", 3)[3])
    expect(other.locator("#range-title")).to_have_text("Wed 7 Feb 2007")
    assert query(other) == query(page)
    assert query(other)["compare"] == "1"
    expect(other.locator(".plot[data-metric=voltage]")).to_be_hidden()
    assert columns(other)[:4] == columns(page)[:4]


def test_the_period_before_is_laid_over_its_own_time(opened: Opened) -> None:
    page = opened("/panels/trafo1/history" + DAY + "&compare=1")
    at, mean, _, _, before = columns(page)
    pairs = [(a, b) for a, b in zip(at, before, strict=True) if b is not None]
    assert len(pairs) > 400, "the day before has no gap"
    assert pairs[0][0] is not None
    start = datetime.fromisoformat("2007-02-08T00:00:00+07:00")
    assert 0 <= pairs[0][0] - ms(start) < 300_000
    assert any(value is None for value in mean)
    over = page.locator(".u-over").first
    over.hover(position={"x": 500, "y": 50})
    expect(page.locator(".plot__readout").first).to_contain_text("before:")


def test_what_is_drawn_stays_until_the_finer_readings_arrive(opened: Opened) -> None:
    page = opened()
    drawn = columns(page)
    waiting: list[Route] = []
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/trends?**", lambda route: waiting.append(route))
    over = page.locator(".u-over").first
    over.hover(position={"x": 500, "y": 50})
    for _ in range(3):
        page.mouse.wheel(0, -80)
    expect(page.locator("#main")).to_have_attribute("aria-busy", "true")
    page.wait_for_timeout(300)
    assert columns(page) == drawn
    start, end = window_ms(page)
    assert end - start < 0.8 * 86_400_000
    page.mouse.wheel(0, -240)  # and on: the request on its way is given up
    page.wait_for_timeout(500)
    ranges = [url for url in asked if "/history/range" in url]
    assert len(waiting) == len(ranges) == 2, "not one for each turn of the wheel"
    waiting[1].continue_()
    settled(page)
    finer = columns(page)
    assert finer != drawn
    assert "range=custom" in page.url
    with suppress(Error):
        waiting[0].continue_()
    page.wait_for_timeout(300)
    assert columns(page) == finer, "nobody wants the older answer any more"
    page.unroute_all(behavior="ignoreErrors")
    page.go_back()
    expect(page.locator("#range-title")).to_have_text("Thu 8 Feb 2007")


def test_shift_and_drag_moves(opened: Opened) -> None:
    page = opened()
    drag(page, page.locator(".u-over").first, 0.5, 0.25, shift=True)
    expect(page.locator("#range-title")).to_contain_text("8 Feb 2007 0")
    settled(page)
    length = datetime.fromisoformat(query(page)["to"]) - datetime.fromisoformat(query(page)["from"])
    assert length == timedelta(days=1)
    page.locator(".u-over").first.dblclick()
    expect(page.locator("#range-title")).to_have_text("Thu 8 Feb 2007")


def test_fingers_move_and_zoom(opened: Opened) -> None:
    page = opened(width=390, height=844, has_touch=True, is_mobile=True)
    chart = page.locator(".u-over").first
    touch(page, chart, [[0.4, 0.6], [0.3, 0.7], [0.2, 0.8]])
    expect(page.locator("#range-title")).to_contain_text("8 Feb 2007 0")
    settled(page)
    start, end = (datetime.fromisoformat(query(page)[edge]) for edge in ("from", "to"))
    assert timedelta(hours=7) < end - start < timedelta(hours=9)
    zoomed = page.url
    touch(page, chart, [[0.7], [0.5], [0.3]])
    expect(page).not_to_have_url(zoomed)
    settled(page)
    assert datetime.fromisoformat(query(page)["from"]) > start


def test_a_failure_is_told_and_can_be_tried_again(opened: Opened) -> None:
    page = opened(expected="status of 500")
    drawn = columns(page)
    page.route("**/energy?**", lambda route: route.fulfill(status=500, body="no"))
    page.locator("[data-go=previous]").click()
    notice = page.locator("#notice")
    expect(notice).to_contain_text("PELBIOT could not work this out (error 500).")
    assert columns(page) != drawn, "what did arrive is shown"
    page.unroute_all()
    page.locator("#retry").click()
    expect(notice).to_contain_text("Readings cover the whole period.")
    expect(page.locator("#retry")).to_be_hidden()


def test_moments_are_the_sites_wherever_the_browser_is(opened: Opened) -> None:
    page = opened(timezone_id="America/New_York")
    page.locator("[data-part=energy] .u-over").hover(position={"x": 2, "y": 50})
    expect(page.locator("[data-part=energy] .plot__readout")).to_contain_text("8 Feb 00:00 – 01:00")


def test_keys_are_enough(opened: Opened) -> None:
    page = opened()
    page.locator("[data-go=month]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#range-title")).to_have_text("February 2007")
    settled(page)
    page.locator("[data-zoom=in]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#range-title")).to_have_text("8 Feb – 21 Feb 2007")
    settled(page)
    page.locator("[data-custom]").focus()
    page.keyboard.press("Enter")
    page.locator("#custom [name=from]").fill("2007-02-07")
    page.locator("#custom [name=to]").fill("2007-02-08")
    page.keyboard.press("Enter")
    expect(page.locator("#range-title")).to_have_text("7 Feb – 8 Feb 2007")


def test_what_is_shown_can_be_saved(opened: Opened) -> None:
    page = opened()
    with page.expect_download() as saved:
        page.locator("[data-part=energy] [data-save=csv]").click()
    assert saved.value.suggested_filename == "trafo1_energy_2007-02-07_2007-02-08.csv"
    lines = saved.value.path().read_text().splitlines()
    assert lines[0] == "start,end,energy_wh,cost,coverage,recovered,unpriced_wh"
    assert lines[1] == "2007-02-07T17:00:00Z,2007-02-07T18:00:00Z,302.8,,1,0,302.8"
    assert len(lines) == 25
    with page.expect_download() as saved:
        page.locator("[data-part=trends] [data-save=png]").click()
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")


def test_a_csv_holds_numbers_times_and_our_own_names_only(opened: Opened) -> None:
    written = opened().evaluate(
        """async () => {
          const { csv } = await import("/static/js/history/save.js");
          return csv(["start", "=1+1"], [["2007-02-07T17:00:00Z", -1.5], ["a,b", NaN], [null, '"']]);
        }"""
    )
    assert written == "start,\r\n2007-02-07T17:00:00Z,-1.5\r\n,\r\n,\r\n"


def test_a_phone_needs_no_scrolling_sideways(opened: Opened) -> None:
    page = opened(width=360, height=740, scheme="dark")
    for details in page.locator("details.table-of summary").all():
        details.click()
    page.locator("[data-custom]").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_recovered_energy_and_a_missing_tariff_are_told_in_words(opened: Opened) -> None:
    meter = Meter("trafo1", priced=False, pending=True, running=True)
    page = opened("/panels/trafo1/history?range=day&date=2007-02-07", meters={"trafo1": meter})
    page.locator("[data-go=next]").click()
    expect(page.locator("#range-title")).to_have_text("Thu 8 Feb 2007")
    settled(page)
    expect(page.locator("#notice")).to_contain_text("recovered from the meter's register")
    expect(page.locator("#notice")).to_contain_text("The newest readings are still being added up.")
    expect(page.locator("[data-fact=cost] .stat__value")).to_have_text("no tariff")
    expect(page.locator("[data-legend=recovered]")).to_be_visible()
    expect(page.locator("[data-say=running]")).to_contain_text("heading for 1,140.0 W")


def test_what_is_no_longer_kept_by_the_hour_is_neither_missing_nor_compared(opened: Opened) -> None:
    page = opened("/panels/trafo1/history?range=day&date=2007-02-08&compare=1")

    def pruned(route: Route) -> None:
        answer = route.fetch()
        known = answer.json()
        if "from=2007-02-06T17" in route.request.url:
            known["buckets"][3] |= {"energy_wh": None, "coverage": 0, "quality": "pruned"}
        else:  # of the period before it only the day is kept
            known["buckets"] = [known["buckets"][0] | {"end": known["buckets"][-1]["end"]}]
        route.fulfill(response=answer, json=known)

    page.route("**/energy?**", pruned)
    page.locator("[data-go=previous]").click()
    expect(page.locator("#range-title")).to_have_text("Wed 7 Feb 2007")
    settled(page)
    expect(page.locator("#notice")).to_contain_text("Of this time only whole days are kept.")
    expect(page.locator("[data-legend=missing]")).to_be_hidden()
    expect(page.locator("[data-legend=before]")).to_be_hidden()
    energy = page.locator("[data-part=energy]")
    width = energy.locator(".u-over").evaluate("bars => bars.clientWidth")
    energy.locator(".u-over").hover(position={"x": width * 3.5 / 24, "y": 50})
    expect(energy.locator(".plot__readout")).to_contain_text("no longer kept")
    energy.locator(".u-over").hover(position={"x": width * 0.5 / 24, "y": 50})
    expect(energy.locator(".plot__readout")).to_contain_text("7 Feb 00:00")
    expect(energy.locator(".plot__readout")).not_to_contain_text("before:")
    page.unroute_all(behavior="ignoreErrors")


def test_a_cost_of_only_some_days_says_what_it_leaves_out(opened: Opened) -> None:
    meter = Meter("trafo1", priced_from=GAP[0].replace(hour=0) + timedelta(days=1))
    page = opened("/panels/trafo1/history?range=day&date=2007-02-08", meters={"trafo1": meter})
    page.locator("[data-go=week]").click()
    expect(page.locator("#range-title")).to_have_text("5 Feb – 11 Feb 2007")
    settled(page)
    left_out = re.compile(r"\d\skWh without a price")
    energy = page.locator("[data-part=energy]")
    expect(page.locator("[data-fact=cost] .stat__note")).to_have_text(left_out)
    expect(energy.locator(".plot__summary")).to_have_text(left_out)
    bars = energy.locator(".u-over")
    width = bars.evaluate("bars => bars.clientWidth")
    bars.hover(position={"x": width * 0.2, "y": 50})
    expect(energy.locator(".plot__readout")).to_contain_text("no tariff")
    bars.hover(position={"x": width * 0.9, "y": 50})
    expect(energy.locator(".plot__readout")).not_to_contain_text("no tariff")


def test_a_bar_of_a_month_says_what_its_cost_leaves_out(opened: Opened) -> None:
    meter = Meter("trafo1", part_unpriced=0.25)
    page = opened("/panels/trafo1/history?range=month&date=2007-02-08", meters={"trafo1": meter})
    page.locator("[data-go=year]").click()
    expect(page.locator("#range-title")).to_have_text("2007")
    settled(page)
    page.locator("[data-part=energy] .u-over").hover(position={"x": 50, "y": 50})
    readout = page.locator("[data-part=energy] .plot__readout")
    expect(readout).to_have_text(re.compile(r"IDR\s[\d,.]+ \([\d,.]+\skWh without a price\)"))
    page.locator("[data-part=energy] summary").click()
    cell = page.locator("[data-part=energy] tbody td:nth-child(3)").first
    expect(cell).to_have_text(re.compile(r"IDR\s[\d,.]+ \([\d,.]+\skWh without a price\)"))


def test_the_ranking_says_what_a_cost_leaves_out(opened: Opened) -> None:
    meters = {"trafo1": Meter("trafo1", part_unpriced=0.25), "trafo2": Meter("trafo2")}
    page = opened("/compare" + DAY + "&panels=trafo1,trafo2", meters=meters)
    page.locator("[data-go=next]").click()
    expect(page.locator("#range-title")).to_have_text("Fri 9 Feb 2007")
    settled(page)
    rows = page.locator("[data-part=ranking] tbody")
    beside = "[data-cell=unpriced]"
    left_out = re.compile(r"^[\d,.]+\skWh without a price$")
    expect(rows.locator(f"[data-panel=trafo1] {beside}")).to_have_text(left_out)
    expect(rows.locator(f"[data-panel=trafo2] {beside}")).to_be_empty()
    expect(page.locator("[data-fact=cost] .stat__note")).to_contain_text("kWh without a price")


def test_a_panel_without_readings_says_what_will_come(opened: Opened) -> None:
    page = opened("/panels/new/history")
    expect(page.locator("text=No history yet")).to_be_visible()
    expect(page.locator("canvas:visible")).to_have_count(0)


# -- several panels -----------------------------------------------------------------------------


def test_panels_are_laid_over_each_other_and_ranked(opened: Opened) -> None:
    page = opened("/compare" + DAY + "&panels=trafo1,trafo2")
    at, one, other = columns(page, "[data-part=overlay]")
    assert len(at) > 200
    assert None in one, "its gap"
    assert None not in other
    rows = page.locator("[data-part=ranking] tbody tr")
    expect(rows.first).to_contain_text("Workshop feeder")
    page.locator("th[data-sort=title] button").click()
    expect(rows.first).to_contain_text("Office feeder")
    expect(page.locator("th[data-sort=title]")).to_have_attribute("aria-sort", "ascending")
    page.locator("[data-part=overlay] .u-over").hover(position={"x": 300, "y": 100})
    expect(page.locator(".lines__value").first).to_contain_text("W")


def test_the_choice_of_panels_is_in_the_address(opened: Opened) -> None:
    page = opened("/compare" + DAY + "&panels=trafo1,trafo2")
    page.locator(".chip--panel", has_text="Office").click()
    settled(page)
    assert query(page)["panels"] == "trafo2"
    assert len(columns(page, "[data-part=overlay]")) == 2
    page.locator(".chip--panel", has_text="Workshop").click()
    expect(page.locator("#notice")).to_contain_text("Choose at least one panel.")
    page.go_back()
    expect(page.locator("[data-part=ranking] tbody tr")).to_have_count(2)
    settled(page)
    drag(page, page.locator("[data-part=overlay] .u-over"), 0.5, 0.6)
    expect(page.locator("#range-title")).to_contain_text("8 Feb 2007 12:")
    settled(page)
    assert query(page)["panels"] == "trafo1,trafo2"


def test_the_comparison_fits_on_a_phone(opened: Opened) -> None:
    page = opened("/compare" + DAY + "&panels=trafo1,trafo2,new", width=360, height=740)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


# -- one wording --------------------------------------------------------------------------------


def test_scripts_write_figures_as_the_server_does(opened: Opened) -> None:
    page = opened()
    wanted: dict[str, list[float]] = {
        "power": [0, 1802.94, -812, 12_345.6, 2_345_678],
        "energy": [123, 12_345, 12_345_678],
        "percent": [0, 0.29, 0.853472, 0.99999, 1],
        "lasting": [0, 3540, 3599.9, 12_660, 259_199, 259_200],
    }
    written = page.evaluate(
        """async (wanted) => {
          const figures = await import("/static/js/history/quantities.js");
          return Object.fromEntries(Object.entries(wanted).map(([name, of]) => [name, of.map((each) => figures[name](each))]));
        }""",
        wanted,
    )
    assert written == {
        name: [getattr(quantities, name)(each) for each in of] for name, of in wanted.items()
    }
    amounts = page.evaluate(
        """async () => {
          const { money } = await import("/static/js/history/quantities.js");
          return [money("1234567.89", "IDR"), money(-1234.5, "IDR"), money(-0.001, "IDR"), money(null, "IDR")];
        }"""
    )
    assert amounts == [
        formatting.money(amount, "IDR")
        for amount in (Decimal("1234567.89"), Decimal("-1234.5"), Decimal("-0.001"), None)
    ]
