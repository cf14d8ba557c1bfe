"""Looking at a page closely: what it loads, complains of, moves and hides."""

import gzip
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, Response

from tests.browser.conftest import Person
from tests.browser.large_site import PASSWORD, Place

STILL = 0.01  # of the window that may move while a page loads
SIZES = {"desktop": (1280, 800), "phone": (360, 740)}
# Before anything of the page runs: note what moves, and what the policy forbids.
WATCH = """
window.seen = { shift: 0, moved: [], violations: [] };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    window.seen.shift += entry.value;
    for (const { node } of entry.sources) window.seen.moved.push(node?.className ?? String(node));
  }
}).observe({ type: "layout-shift", buffered: true });
document.addEventListener("securitypolicyviolation", (event) =>
  window.seen.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
# What has the focus, or what is drawn in its place, has an outline: a checkbox may hide in its label.
SEEN_FOCUS = """(() => {
  const focused = document.activeElement;
  if (focused === document.body) return "nothing";
  const around = [focused, focused.nextElementSibling, focused.parentElement];
  const outlined = (each) => each && getComputedStyle(each).outlineStyle !== "none" && parseFloat(getComputedStyle(each).outlineWidth) >= 1;
  return around.some(outlined) ? "seen" : "unseen";
})()"""
FOCUSED = "document.activeElement.outerHTML.slice(0, 200)"
CONTRAST = "color-contrast"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_SQUEEZED = ("font/woff2", "image/png")  # what is compressed already


@dataclass
class Visit:
    """One page, loaded once at one size, seen in both schemes."""

    place: Place
    status: int
    complaints: list[str]
    hosts: set[str]
    violations: list[str]
    shift: float
    moved: list[str]
    wider_px: int
    sizes: dict[str, int]
    inaccessible: list[str] = field(default_factory=list)

    @property
    def weight(self) -> int:
        return sum(self.sizes.values())


class Visitors:
    """People who log in once, and then come with an empty cache to each page."""

    def __init__(self, chromium: Browser, base_url: str) -> None:
        self._chromium, self._base_url = chromium, base_url
        self._sessions: dict[str, Any] = {"": None}

    def visit(self, name: str, place: Place, size: str) -> Visit:
        """On a busy machine the browser may paint half a page before it has read the rest; a page
        that moves by itself does so the second time, too."""
        found = self._once(name, place, size)
        return found if found.shift < STILL else self._once(name, place, size)

    def _once(self, name: str, place: Place, size: str) -> Visit:
        page = self.page(place.who, size)
        try:
            return _visit(self._person(page), name, place, size)
        finally:
            page.context.close()

    def page(self, who: str, size: str) -> Page:
        """An empty page of who has logged in already ("": of nobody)."""
        if who not in self._sessions:
            self._sessions[who] = self._log_in(who)
        width, height = SIZES[size]
        context = self._chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="light",
            storage_state=self._sessions[who],
        )
        context.add_init_script(WATCH)
        return context.new_page()

    def _log_in(self, who: str) -> Any:
        page = self._chromium.new_page()
        Person(page, self._base_url).log_in(who, PASSWORD)
        session = page.context.storage_state()
        page.context.close()
        return session

    def _person(self, page: Page) -> Person:
        someone = Person(page, self._base_url)
        page.on("console", someone.note_console)
        page.on("pageerror", lambda error: someone.complaints.append(str(error)))
        page.on("request", someone.note_request)
        return someone


def _visit(someone: Person, name: str, place: Place, size: str) -> Visit:
    page, answers = someone.page, list[Response]()

    def note(response: Response) -> None:
        answers.append(response)

    page.on("response", note)
    someone.expected = "status of" if place.status >= 400 else ""
    answer = page.goto(someone.base_url + place.path)
    assert answer is not None
    page.wait_for_load_state("networkidle" if size == "desktop" else "load")
    page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    found = Visit(
        place,
        answer.status,
        someone.complaints,
        someone.hosts,
        **page.evaluate("({ violations: seen.violations, shift: seen.shift, moved: seen.moved })"),
        wider_px=page.evaluate(WIDER),
        sizes={each.url.removeprefix(someone.base_url): _size(each) for each in answers},
    )
    someone.picture(f"{name}-{size}-light")
    # A phone lays things out differently, in the same colours: and those take axe the longest.
    rules: dict[str, Any] = {} if size == "desktop" else {"rules": {CONTRAST: {"enabled": False}}}
    found.inaccessible += [f"light: {each}" for each in _axe(page, rules)]
    page.emulate_media(color_scheme="dark")
    page.evaluate("new Promise(requestAnimationFrame)")
    someone.picture(f"{name}-{size}-dark")
    if size == "desktop":
        rules = {"runOnly": {"type": "rule", "values": [CONTRAST]}}
        found.inaccessible += [f"dark: {each}" for each in _axe(page, rules)]
    return found


def _size(response: Response) -> int:
    """What it weighs on the way, compressed: a checkout serves its own files as they are."""
    with suppress(Error):  # of an answer without a body
        body = response.body()
        squeezed = response.headers.get("content-type", "").startswith(_SQUEEZED)
        return len(body) if squeezed else len(gzip.compress(body, 6))
    return 0


def _axe(page: Page, rules: dict[str, Any]) -> list[str]:
    """What axe-core finds, by all of its rules but as `rules` says."""
    options = {"resultTypes": ["violations"]} | rules
    results = Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']} ({each['impact']}): {node['html'][:160]} {node['failureSummary'][:240]}"
        for each in results
        for node in each["nodes"][:4]
    ]
