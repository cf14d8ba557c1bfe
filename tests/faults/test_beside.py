"""What isn't on a reading's path fails: storing doesn't notice."""

import time
from collections.abc import Callable

import pytest

from tests.bench.servers import PASSWORD, USER, page
from tests.faults.plant import Outcome, Plant, peak_mib, short_or_long, wait_for
from tests.services.fixtures import Services

pytestmark = pytest.mark.timeout(240)


def test_redis_stopped(
    plant: Callable[..., Plant], services: Services, exactly_once: Callable[[Outcome], None]
) -> None:
    redis = services.redis()
    made = plant(REDIS_URL=redis.url, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    made.installation.manage(
        "createsuperuser", "--noinput", f"--username={USER}", "--email=bench@example.com"
    )
    web = made.installation.start_web()
    ingest = made.start_ingest()
    made.publish(short_or_long(3_000, 15_000), rate=500)
    time.sleep(1)
    redis.stop()
    wait_for(lambda: "live updates can't be sent" in ingest.log(), "noticing")
    stored = made.rows()
    wait_for(lambda: made.rows() > stored + 500, "storing on")
    memory = peak_mib(ingest.process.pid)
    redis.start()
    made.healed()
    wait_for(lambda: "live updates are sent again" in ingest.log(), "pushing again")
    viewer = page(web, made.services.folder / "page")
    viewer.start()
    try:
        exactly_once(made.settle())
        made.publish(1, rate=1).finish()  # not before: it could be overtaken within one push
        time.sleep(1)
    finally:
        viewer.stop()
    assert str(made.published() - 1) in viewer.report.read_text()
    assert peak_mib(ingest.process.pid) < memory + 20


def test_web_killed(plant: Callable[..., Plant], exactly_once: Callable[[Outcome], None]) -> None:
    made = plant()
    web = made.installation.start_web()
    made.start_ingest()
    made.publish(2_000, rate=1_000)
    time.sleep(1)
    web.kill()
    made.healed()
    exactly_once(made.settle())
