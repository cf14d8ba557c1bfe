"""A page that doesn't read what it is sent: daphne below, Redis between, as in production."""

import asyncio
import base64
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from channels_redis.pubsub import RedisPubSubChannelLayer
from websockets.sync.client import connect

from tests.demo.browsing import Visitor
from tests.services.installation import Installation, WebProcess
from tests.services.ports import HOST

PANELS = 4_000  # about 600 kB a frame
GROUP = "live.panels.0"
ROUNDS = 80


@pytest.fixture
def web(installation: Installation) -> Iterator[WebProcess]:
    installation.env["DJANGO_SUPERUSER_PASSWORD"] = "of-a-test"
    installation.manage("createsuperuser", "--noinput", "--username=root", "--email=r@example.com")
    yield installation.start_web()
    installation.stop_all()


def upgraded(web: WebProcess, cookies: str) -> socket.socket:
    """A websocket by hand, so that nothing reads behind our back."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    raw.connect((HOST, web.port))
    key = base64.b64encode(os.urandom(16)).decode()
    raw.sendall(
        f"GET /ws/live/ HTTP/1.1\r\nHost: {HOST}:{web.port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Cookie: {cookies}\r\n\r\n".encode()
    )
    assert b"101" in raw.recv(1024)
    return raw


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def push(redis_url: str, rounds: range) -> None:
    """A value of every panel, ten times a second, as an ingest under load would."""
    layer = RedisPubSubChannelLayer(hosts=[redis_url], prefix="pelbiot")
    for number in rounds:
        events = [
            {
                "event": "mqtt-voltage-update",
                "topic": f"panel/p{panel}/volt",
                "panel": f"p{panel}",
                "metric": "voltage",
                "value": number,
                "timestamp": "2026-01-15T12:00:00Z",
            }
            for panel in range(PANELS)
        ]
        message: Any = {"type": "live.events", "source": "t", "group": GROUP, "seq": number}
        await layer.group_send(GROUP, message | {"events": events})
        await asyncio.sleep(0.1)
    await layer.flush()


def latest(read: Any, until: int, limit_s: float) -> int:
    """The newest value among the frames, up to the one that is waited for."""
    newest, deadline = 0, time.monotonic() + limit_s
    while newest < until and time.monotonic() < deadline:
        for event in json.loads(read(timeout=limit_s))["events"]:
            newest = max(newest, event.get("value", 0))
    return newest


def test_a_client_that_never_reads_costs_no_memory_and_holds_nobody_up(
    web: WebProcess, installation: Installation
) -> None:
    visitor = Visitor(web.base_url)
    visitor.log_in("root", "of-a-test")
    headers = {"Cookie": visitor.cookie_header}
    address = f"ws://{HOST}:{web.port}/ws/live/"
    redis_url = installation.env["REDIS_URL"]
    with (
        connect(address, additional_headers=headers, max_size=None, proxy=None) as quick,
        upgraded(web, visitor.cookie_header) as slow,
    ):
        asyncio.run(push(redis_url, range(1, 6)))  # daphne has now grown to its working size
        assert latest(quick.recv, 5, 20) == 5
        before = resident_mib(web.pid)
        asyncio.run(push(redis_url, range(6, ROUNDS + 1)))
        grown = resident_mib(web.pid) - before
        assert latest(quick.recv, ROUNDS, 20) == ROUNDS, "the quick client was held up"
        assert slow.fileno() > 0
    pushed = PANELS * 150 * (ROUNDS - 5) / 2**20
    print(
        f"pushed about {pushed:.0f} MiB at a client that does not read; daphne grew {grown:.1f} MiB"
    )
    assert grown < pushed / 3
