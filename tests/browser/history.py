"""A browser on pages of history: what their charts were given, and hands to move them with."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

LIMIT_MS = 15_000
DAY = "?range=day&date=2007-02-08"

# Keeps what uPlot makes, so that a test can ask a chart for its data. The library is a plain script
# whose `var uPlot` becomes this property.
KEEP_PLOTS = """
    let made;
    window.plots = [];
    Object.defineProperty(window, "uPlot", {
      get: () => made,
      set: (real) => (made = new Proxy(real, {
        construct: (type, given) => {
          const plot = new type(...given);
          window.plots.push(plot);
          return plot;
        },
      })),
    });
"""
FIND = "(place => window.plots.find(plot => plot.root.closest(place)))"


def settled(page: Page) -> None:
    expect(page.locator("#main")).to_have_attribute("aria-busy", "false", timeout=LIMIT_MS)


def columns(page: Page, chart: str = "[data-metric=power]") -> list[list[float | None]]:
    """The data that the chart in this element was given."""
    found: list[list[float | None]] = page.evaluate(f"place => {FIND}(place).data", chart)
    return found


def window_ms(page: Page, chart: str = "[data-metric=power]") -> tuple[float, float]:
    """From when to when the chart is drawn just now."""
    found = page.evaluate(
        f"place => (({{ scales }}) => [scales.x.min, scales.x.max])({FIND}(place))", chart
    )
    return found[0], found[1]


def query(page: Page) -> dict[str, str]:
    """The address's parameters."""
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def box(chart: Locator) -> dict[str, Any]:
    chart.scroll_into_view_if_needed()
    found = chart.bounding_box()
    assert found
    return dict(found)


def drag(page: Page, chart: Locator, start: float, end: float, shift: bool = False) -> None:
    """With the mouse, from one share of the chart's width to another."""
    place = box(chart)
    y = place["y"] + place["height"] / 2
    if shift:
        page.keyboard.down("Shift")
    page.mouse.move(place["x"] + start * place["width"], y)
    page.mouse.down()
    page.mouse.move(place["x"] + (start + end) / 2 * place["width"], y)
    page.mouse.move(place["x"] + end * place["width"], y)
    page.mouse.up()
    if shift:
        page.keyboard.up("Shift")


def touch(page: Page, chart: Locator, moves: list[list[float]]) -> None:
    """With one finger or two: at each step, the shares of the width at which the fingers are."""
    place = box(chart)
    hand = page.context.new_cdp_session(page)

    def fingers(shares: list[float]) -> list[dict[str, float]]:
        y = place["y"] + place["height"] / 2
        return [
            {"x": place["x"] + share * place["width"], "y": y, "id": i}
            for i, share in enumerate(shares)
        ]

    for i, shares in enumerate(moves):
        kind = "touchMove" if i else "touchStart"
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers(shares)})
    hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
