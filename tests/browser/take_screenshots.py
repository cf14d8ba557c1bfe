"""Take the pictures of docs/ anew: python -m tests.browser.take_screenshots

They are of the demo, and of an installation without a panel. The pictures are committed; this is for
when a page has changed.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM, Person
from tests.services.embedded import EmbeddedBroker
from tests.services.installation import REPOSITORY, Installation, defaults
from tests.services.ports import HOST, free_port
from tests.services.processes import ServerProcess, bare_environment

FOLDER = REPOSITORY / "docs/screenshots"
YESTERDAY = datetime.now(ZoneInfo("Asia/Jakarta")).date() - timedelta(days=1)
CONNECTED_MS = 60_000
PASSWORD = "of-a-picture"
SETTLED_MS = 3_000  # charts are drawn, the first readings have come in
LIGHT, PHONE_DARK = (1280, 800, "light"), (360, 740, "dark")


@dataclass(frozen=True, slots=True)
class Picture:
    path: str
    look: tuple[int, int, str] = LIGHT


PANEL, PAST_DAY = "/panels/trafo1/", f"range=day&date={YESTERDAY}"
OF_THE_DEMO = {
    "overview-light": Picture("/"),
    "overview-phone-dark": Picture("/", PHONE_DARK),
    "panel-light": Picture(PANEL),
    "panel-phone-dark": Picture(PANEL, PHONE_DARK),
    "history-light": Picture(f"{PANEL}history?{PAST_DAY}"),
    "history-phone-dark": Picture(f"{PANEL}history?{PAST_DAY}", PHONE_DARK),
    "compare-light": Picture(
        f"/compare?{PAST_DAY}&panels=trafo1,trafo2,trafo5,trafo6,trafo7,trafo8"
    ),
    "bill-light": Picture(f"{PANEL}bill?month={YESTERDAY:%Y-%m}"),
    "system-light": Picture("/system"),
}
WITHOUT_A_PANEL = {"first-run-light": Picture("/")}


class Demo(ServerProcess):
    name = "demo"

    def command(self) -> list[str]:
        ports = ["--port", str(self.port), "--mqtt-port", str(free_port())]
        return [sys.executable, "manage.py", "demo", *ports]

    def environment(self) -> dict[str, str]:
        return bare_environment() | defaults(self.folder)

    def working_folder(self) -> Path:
        return REPOSITORY

    @property
    def password(self) -> str:
        return (self.folder / "state/demo_password").read_text()


@contextmanager
def running(server: ServerProcess) -> Iterator[ServerProcess]:
    server.start()
    yield server
    server.stop()


def take(
    browser: Browser, base_url: str, who: tuple[str, str], pictures: dict[str, Picture]
) -> None:
    session = None
    for name, picture in pictures.items():
        width, height, scheme = picture.look
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            storage_state=session,
        )
        page = context.new_page()
        if session is None:
            Person(page, base_url).log_in(*who)
            session = context.storage_state()
        page.goto(base_url + picture.path)
        page.wait_for_timeout(SETTLED_MS)
        page.screenshot(path=FOLDER / f"{name}.png")
        context.close()


def of_the_demo(browser: Browser, folder: Path) -> None:
    demo = Demo(folder)
    base_url = f"http://{HOST}:{demo.port}"
    with running(demo):
        # The history's energy and costs: what the demo's own worker does within half a minute.
        rollup = [sys.executable, "manage.py", "rollup"]
        subprocess.run(rollup, cwd=REPOSITORY, env=demo.environment(), check=True)
        take(browser, base_url, ("demo", demo.password), OF_THE_DEMO)


def without_a_panel(browser: Browser, folder: Path) -> None:
    with ExitStack() as at_the_end:
        broker = at_the_end.enter_context(running(EmbeddedBroker(folder / "broker")))
        assert isinstance(broker, EmbeddedBroker)
        env = {"MQTT_BROKER_URL": broker.url, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
        installation = Installation(folder, env)
        installation.manage("migrate")
        installation.manage("createsuperuser", "--noinput", "--username=engineer", "--email=")
        at_the_end.callback(installation.stop_all)
        web = installation.start_web()
        installation.start_ingest()
        page = browser.new_page()
        Person(page, web.base_url).log_in("engineer", PASSWORD)
        expect(page.locator("#heard")).to_contain_text("Waiting", timeout=CONNECTED_MS)
        page.close()
        take(browser, web.base_url, ("engineer", PASSWORD), WITHOUT_A_PANEL)


if __name__ == "__main__":
    with sync_playwright() as playwright, TemporaryDirectory() as room:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        of_the_demo(chromium, Path(room, "demo"))
        without_a_panel(chromium, Path(room, "first-run"))
        chromium.close()
