"""A real Chromium, and people who use it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, sync_playwright

from tests.services.installation import REPOSITORY

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = REPOSITORY / "test-results"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        sentence = "Chromium is missing: install Debian's package chromium"
        pytest.fail(sentence) if os.environ.get("CI") else pytest.skip(sentence)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Person:
    """Somebody at a browser: what their page complained of, and whom it asked."""

    page: Page
    base_url: str
    complaints: list[str] = field(default_factory=list)
    expected: str = ""  # words of a complaint that the test itself provokes
    hosts: set[str] = field(default_factory=set)

    def note_console(self, message: ConsoleMessage) -> None:
        # Chromium reports what it could not reach; while a test has the server down,
        # that is what it should see.
        expected = "WebSocket" in message.text or "ERR_CONNECTION_REFUSED" in message.text
        expected |= bool(self.expected) and self.expected in message.text
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(message.text)

    def note_request(self, request: Request) -> None:
        self.hosts.add(urlsplit(request.url).netloc)

    def log_in(self, name: str, password: str) -> None:
        self.page.goto(f"{self.base_url}/")
        self.page.fill("[name=username]", name)
        self.page.fill("[name=password]", password)
        self.page.click("[type=submit]")
        self.page.wait_for_url(f"{self.base_url}/")

    def picture(self, name: str) -> None:
        """Kept for review, never committed."""
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")


@contextmanager
def modules_page(chromium: Browser, body: str, now: datetime) -> Iterator[Page]:
    """A page of this HTML, at this moment, from which our modules can be imported: no server is asked."""
    here = "http://pelbiot.test"

    def answer(route: Route) -> None:
        if "/static/" in route.request.url:
            route.fulfill(path=REPOSITORY / route.request.url.removeprefix(f"{here}/"))
        else:
            route.fulfill(content_type="text/html; charset=utf-8", body=body)

    page = chromium.new_page()
    page.clock.set_fixed_time(now)
    page.route("**/*", answer)
    page.goto(here)
    yield page
    page.close()


def session_of(chromium: Browser, base_url: str) -> dict[str, object]:
    """The engineer's log-in to start from, so that each test need not do its own."""
    page = chromium.new_page()
    Person(page, base_url).log_in("engineer", "of-a-test")
    state = dict(page.context.storage_state())
    page.context.close()
    return state


@pytest.fixture
def person(chromium: Browser) -> Iterator[Callable[..., Person]]:
    """Makes people; at the end, none of their pages may have complained or asked another host."""
    people: list[Person] = []

    def make(
        base_url: str,
        width: int = 1280,
        height: int = 800,
        scheme: str = "light",
        **of_the_context: Any,
    ) -> Person:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            **of_the_context,
        )
        someone = Person(context.new_page(), base_url)
        someone.page.on("console", someone.note_console)
        someone.page.on("pageerror", lambda error: someone.complaints.append(str(error)))
        someone.page.on("request", someone.note_request)
        people.append(someone)
        return someone

    yield make
    for someone in people:
        someone.page.context.close()
        assert someone.complaints == []
        assert someone.hosts <= {urlsplit(someone.base_url).netloc}
