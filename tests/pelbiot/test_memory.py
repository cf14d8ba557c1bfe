import subprocess
import sys

from django.conf import settings


def test_the_web_process_spares_the_collector_what_it_has_loaded() -> None:
    figures = "gc.get_freeze_count(), len(gc.get_objects()), int('pelbiot.urls' in sys.modules)"
    script = f"import gc, sys, pelbiot.asgi; print({figures})"
    outcome = subprocess.run(
        [sys.executable, "-c", script],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    spared, looked_at, pages = map(int, outcome.stdout.split())
    assert pages
    assert spared > 50_000
    assert looked_at < spared / 10
