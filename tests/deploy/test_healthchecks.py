"""The health checks of the containers, run as they stand in docker-compose.yml."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.services import compose
from tests.services.fixtures import Services
from tests.services.ports import free_port
from tests.services.redis import Redis

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "healthcheck.py"


def test_redis_is_healthy_while_it_answers(services: Services) -> None:
    redis = services.redis()
    assert run_redis_check(redis) == 0
    redis.kill()
    assert run_redis_check(redis) != 0


def run_redis_check(redis: Redis) -> int:
    line = [
        part.replace("redis-cli", f"redis-cli -p {redis.port}")
        for part in compose.health_check("redis")
    ]
    return subprocess.run(line, capture_output=True, timeout=30).returncode


class FakeWeb(BaseHTTPRequestHandler):
    """Answers like a web process whose ALLOWED_HOSTS is energy.example.com."""

    def do_GET(self) -> None:
        known = self.headers["Host"] == "energy.example.com"
        status = 400 if not known else 503 if self.path == "/readyz" else 200
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"no ingest heartbeat" if status == 503 else b"ok")

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture
def web_address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeWeb)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def ask(url: str, allowed_hosts: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), url],
        env={"ALLOWED_HOSTS": allowed_hosts},
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("hosts", ["energy.example.com", " energy.example.com ,127.0.0.1"])
def test_it_asks_by_a_name_that_django_accepts(web_address: str, hosts: str) -> None:
    assert ask(f"{web_address}/healthz", hosts).returncode == 0


def test_it_tells_why_a_process_is_not_ready(web_address: str) -> None:
    outcome = ask(f"{web_address}/readyz", "energy.example.com")
    assert outcome.returncode == 1
    assert "503 no ingest heartbeat" in outcome.stdout


def test_nobody_there_is_not_healthy() -> None:
    outcome = ask(f"http://127.0.0.1:{free_port()}/healthz", "")
    assert outcome.returncode == 1
    assert "no answer" in outcome.stdout
