"""`/ws/live/` through the real ASGI application, with a real session."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.layers import channel_layers, get_channel_layer
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard import consumers, watching
from dashboard.backpressure import SendGate
from meters.live import STATE_GROUP, EventBatch, bucket_group
from meters.models import IngestWorker, Panel
from pelbiot.asgi import application

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Coroutine[Any, Any, WebsocketCommunicator]]


@pytest.fixture(autouse=True)
def fresh_layer() -> None:
    """A layer of the test's own: queues of the in-memory one belong to one event loop."""
    channel_layers.backends.clear()
    watching.shared_state._read_at = float("-inf")


def session_cookie(user: User) -> bytes:
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}".encode()


@pytest.fixture
async def connect(viewer: User) -> AsyncIterator[Connect]:
    """Opens sockets as the viewer; each is closed at the end."""
    cookie = await database_sync_to_async(session_cookie)(viewer)
    opened: list[WebsocketCommunicator] = []

    async def open_socket(query: str = "", **headers: bytes) -> WebsocketCommunicator:
        sent = {b"host": b"localhost:8000", b"cookie": cookie}
        sent |= {name.encode(): value for name, value in headers.items()}
        socket = WebsocketCommunicator(application, f"/ws/live/{query}", headers=list(sent.items()))
        accepted, code = await socket.connect(timeout=5)
        socket.accepted = accepted
        if accepted:
            opened.append(socket)
        return socket

    yield open_socket
    for socket in opened:
        await socket.disconnect()


async def events(socket: WebsocketCommunicator) -> list[Any]:
    frame = await socket.receive_json_from(timeout=5)
    assert set(frame) == {"events"}
    return list(frame["events"])


def batch(panel: str, value: float, seq: int = 1) -> EventBatch:
    event = {
        "event": "mqtt-voltage-update",
        "topic": f"panel/{panel}/volt",
        "panel": panel,
        "metric": "voltage",
        "value": value,
        "timestamp": "2026-01-15T12:00:00Z",
    }
    group = bucket_group(panel)
    return {"type": "live.events", "source": "i", "group": group, "seq": seq, "events": [event]}


async def send(message: EventBatch) -> None:
    layer = get_channel_layer()
    assert layer is not None
    await layer.group_send(message["group"], message)


def add_panel(name: str, **values: Any) -> None:
    Panel.objects.create(name=name, **values)


def add_ingest(age_s: float = 0, rate: float = 0) -> None:
    now = timezone.now()
    IngestWorker.objects.update_or_create(
        client_id="i",
        defaults={
            "host": "h",
            "pid": 1,
            "broker": "mqtt://b:1",
            "connected": True,
            "connected_since": now,
            "started_at": now,
            "heartbeat_at": now - timedelta(seconds=age_s),
            "message_rate": rate,
        },
    )


async def test_a_stranger_is_refused(connect: Connect) -> None:
    assert not (await connect(cookie=b"sessionid=made-up")).accepted


@pytest.mark.parametrize(
    "origin",
    [
        b"http://evil.example",
        b"http://localhost:8001",
        b"https://localhost:8000",
        b"null",
        b"http://[",
    ],
)
async def test_another_sites_page_is_refused(connect: Connect, origin: bytes) -> None:
    assert not (await connect(origin=origin)).accepted


async def test_our_own_page_is_accepted_and_so_is_a_program_without_an_origin(
    connect: Connect,
) -> None:
    assert (await connect(origin=b"http://localhost:8000")).accepted
    assert (await connect()).accepted


async def test_a_host_that_is_not_ours_is_refused(connect: Connect) -> None:
    assert not (await connect(host=b"evil.example", origin=b"http://evil.example")).accepted


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?language=id", "broker menolak pengguna ini (x)"),
        ("?language=en", "the broker refuses this user (x)"),
        ("?language=tlh", "the broker refuses this user (x)"),
        ("", "the broker refuses this user (x)"),
    ],
)
async def test_a_problem_of_the_broker_is_told_in_the_pages_language(
    connect: Connect, query: str, words: str
) -> None:
    socket = await connect(query)
    await events(socket)
    problem: Any = {
        "event": "mqtt-error",
        "broker": "b",
        "message": "the broker refuses this user (x)",
    }
    note = batch("a", 1) | {"group": STATE_GROUP, "events": [problem]}
    await send(note)
    (told,) = await events(socket)
    assert told["message"] == words


async def test_the_first_frame_is_a_snapshot_of_values_and_connection(connect: Connect) -> None:
    moment = datetime(2026, 1, 15, 12, tzinfo=UTC)
    await database_sync_to_async(add_panel)("a", voltage=230.5, voltage_at=moment)
    await database_sync_to_async(add_panel)("hidden", active=False)
    await database_sync_to_async(add_ingest)()
    (snapshot,) = await events(await connect())
    assert snapshot["event"] == "snapshot"
    assert snapshot["panels"] == {
        "a": {
            "voltage": 230.5,
            "ampere": None,
            "power": None,
            "energy_cost": None,
            "timestamp": "2026-01-15T12:00:00Z",
        }
    }
    assert snapshot["mqtt"]["connected"] is True
    assert snapshot["mqtt"]["broker"] == "mqtt://b:1"


async def test_events_follow_as_they_are_sent(connect: Connect) -> None:
    socket = await connect()
    await events(socket)
    await send(batch("a", 230.45))
    assert await events(socket) == batch("a", 230.45)["events"]


async def test_of_many_events_at_one_moment_the_latest_arrives_in_one_frame(
    connect: Connect,
) -> None:
    socket = await connect()
    await events(socket)
    for seq in range(1, 51):
        await send(batch("a", 200 + seq, seq))
    received = [event["value"] for event in await events(socket)]
    if received != [250]:
        received += [event["value"] for event in await events(socket)]
    assert received[-1] == 250
    assert len(received) <= 2


async def test_a_hidden_panels_events_are_for_those_who_ask_for_it(connect: Connect) -> None:
    await database_sync_to_async(add_panel)("hidden", active=False)
    socket = await connect()
    await events(socket)
    await send(batch("hidden", 1))
    assert await socket.receive_nothing(timeout=0.3)
    await socket.send_json_to({"action": "watch", "panels": ["hidden"]})
    (snapshot,) = await events(socket)
    assert set(snapshot["panels"]) == {"hidden"}
    await send(batch("hidden", 2, 2))
    assert (await events(socket))[0]["value"] == 2


async def test_who_watches_one_panel_gets_no_other(connect: Connect) -> None:
    await database_sync_to_async(add_panel)("a")
    socket = await connect()
    await events(socket)
    await socket.send_json_to({"action": "watch", "panels": ["a"]})
    await events(socket)
    for name in ("b", "c", "d", "e"):
        await send(batch(name, 1))
    assert await socket.receive_nothing(timeout=0.3)


async def test_who_is_going_to_say_what_it_watches_gets_no_panel_until_then(
    connect: Connect,
) -> None:
    for name in ("a", "b"):
        await database_sync_to_async(add_panel)(name, voltage=230.0)
    socket = await connect("?watch=later")
    (first,) = await events(socket)
    assert (first["event"], first["panels"]) == ("snapshot", {})
    await send(batch("a", 1.0))
    await socket.send_json_to({"action": "watch", "panels": ["b"]})
    (second,) = await events(socket)
    assert set(second["panels"]) == {"b"}


async def test_a_gap_in_the_sequence_brings_a_snapshot(connect: Connect) -> None:
    await database_sync_to_async(add_panel)("a", voltage=3.0)
    socket = await connect()
    await events(socket)
    await send(batch("a", 1, seq=1))
    await events(socket)
    await send(batch("a", 3, seq=3))
    assert [event["event"] for event in await events(socket)] == ["snapshot"]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "5",
        "[]",
        '{"action": "watch"}',
        '{"action": "watch", "panels": [1]}',
        '{"action": "watch", "panels": ["a"], "status": "yes"}',
        "[" * 5000,
    ],
)
async def test_wrong_input_is_answered_and_the_socket_stays(connect: Connect, text: str) -> None:
    socket = await connect()
    await events(socket)
    await socket.send_to(text_data=text)
    (error,) = await events(socket)
    assert error["event"] == "error"
    await socket.send_to(bytes_data=text.encode())
    (error,) = await events(socket)
    assert error["event"] == "error"
    assert "watch" in error["message"]
    await send(batch("a", 5))
    assert (await events(socket))[0]["value"] == 5


async def test_a_log_out_ends_the_socket(
    connect: Connect, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "SESSION_CHECK_S", 0.05)
    socket = await connect()
    await events(socket)
    assert await socket.receive_nothing(timeout=0.3), "a session that stands was ended"
    await database_sync_to_async(viewer.set_password)("another")
    await database_sync_to_async(viewer.save)()
    assert await socket.receive_output(timeout=5) == {
        "type": "websocket.close",
        "code": consumers.SESSION_ENDED,
    }


async def test_an_ingest_that_falls_silent_is_told(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "STATE_CHECK_S", 0.05)
    monkeypatch.setattr(watching, "_STATE_KEPT_S", 0.0)
    await database_sync_to_async(add_ingest)()
    socket = await connect()
    await events(socket)
    await database_sync_to_async(add_ingest)(age_s=60)
    (event,) = await events(socket)
    assert event["event"] == "mqtt-disconnected"
    assert event["connected"] is None
    await database_sync_to_async(add_ingest)()
    (event,) = await events(socket)
    assert event["event"] == "mqtt-connected"


async def test_who_asks_is_told_the_message_rate_and_nobody_else(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "STATE_CHECK_S", 0.05)
    monkeypatch.setattr(watching, "_STATE_KEPT_S", 0.0)
    await database_sync_to_async(add_ingest)()
    asking, other = await connect(), await connect()
    await events(asking)
    await events(other)
    await asking.send_json_to({"action": "watch", "panels": [], "status": True})
    (snapshot,) = await events(asking)
    assert snapshot["mqtt"]["messageRate"] == 0
    await database_sync_to_async(add_ingest)(rate=12.34)
    (event,) = await events(asking)
    assert event == {"event": "mqtt-status", "messageRate": 12.34, "lastMessageAt": None}
    assert await other.receive_nothing(timeout=0.2)


async def test_a_client_that_does_not_read_is_closed_after_a_while(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "SLOW_CLIENT_S", 0.1)
    gate = SendGate()
    monkeypatch.setattr(SendGate, "of", lambda send: gate)
    socket = await connect()
    await events(socket)
    gate.pauseProducing()
    await send(batch("a", 1))
    closed = await socket.receive_output(timeout=5)
    assert closed == {"type": "websocket.close", "code": consumers.TOO_SLOW}


async def test_a_client_that_was_slow_gets_the_latest_and_not_what_it_missed(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = SendGate()
    monkeypatch.setattr(SendGate, "of", lambda send: gate)
    socket = await connect()
    await events(socket)
    gate.pauseProducing()
    for seq in range(1, 20):
        await send(batch("a", seq, seq))
        await asyncio.sleep(0.01)
    gate.resumeProducing()
    assert [event["value"] for event in await events(socket)] == [19]
