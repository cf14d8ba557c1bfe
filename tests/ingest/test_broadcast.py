import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from meters.ingest import broadcast
from meters.ingest.broadcast import Broadcaster, LoopThread
from meters.ingest.panels import CurrentValue
from meters.live import STATE_GROUP, StateEvent, bucket_group
from tests.ingest.messages import TOPICS

MOMENT = datetime(2026, 1, 15, 4, tzinfo=UTC)
CONNECTED: StateEvent = {"event": "mqtt-connected", "broker": "mqtt://broker:1883", "since": None}


def reading(value: float, panel: str = "trafo1", metric: str = "voltage") -> CurrentValue:
    return CurrentValue(panel, metric, value, MOMENT)


class RecordingLayer(InMemoryChannelLayer):  # type: ignore[misc]
    """Remembers what was sent to which group, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, Any]] = []
        self.times: list[float] = []
        self.failing = False
        self.takes_s = 0.0

    async def group_send(self, group: str, message: Any) -> None:
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.takes_s)
        if self.failing:
            raise ConnectionError("Redis is away")
        self.sent.append((group, message))


@asynccontextmanager
async def running(layer: InMemoryChannelLayer) -> AsyncIterator[Broadcaster]:
    broadcaster = Broadcaster(layer, asyncio.get_running_loop(), topics=TOPICS, source="ingest")
    broadcaster.start()
    await asyncio.sleep(0)
    try:
        yield broadcaster
    finally:
        broadcaster.stop()
        await asyncio.sleep(0.01)


async def soon(layer: RecordingLayer, sends: int = 1) -> None:
    """Wait until so many messages were tried to be sent."""
    async with asyncio.timeout(5):
        while len(layer.times) < sends:
            await asyncio.sleep(0.001)
        await asyncio.sleep(layer.takes_s + 0.005)


async def test_a_reading_goes_to_the_group_of_its_panels_bucket() -> None:
    layer = RecordingLayer()
    async with running(layer) as broadcaster:
        broadcaster.offer([reading(230.45)])
        await soon(layer)
    assert layer.sent == [
        (
            bucket_group("trafo1"),
            {
                "type": "live.events",
                "source": "ingest",
                "group": bucket_group("trafo1"),
                "seq": 1,
                "events": [
                    {
                        "event": "mqtt-voltage-update",
                        "topic": "panel/trafo1/volt",
                        "panel": "trafo1",
                        "metric": "voltage",
                        "value": 230.45,
                        "timestamp": "2026-01-15T04:00:00Z",
                    }
                ],
            },
        )
    ]


async def test_a_burst_is_coalesced_to_the_latest_of_each_panel_and_metric() -> None:
    layer = RecordingLayer()
    async with running(layer) as broadcaster:
        for value in range(1000):
            broadcaster.offer([reading(value), reading(value, metric="power")])
        await soon(layer)
    ((_, batch),) = layer.sent
    assert [(event["metric"], event["value"]) for event in batch["events"]] == [
        ("voltage", 999),
        ("power", 999),
    ]


async def test_panels_of_one_bucket_travel_in_one_message() -> None:
    layer = RecordingLayer()
    panels = [f"p{number}" for number in range(500)]
    async with running(layer) as broadcaster:
        broadcaster.offer([reading(1, panel) for panel in panels])
        await soon(layer, 16)
    assert len(layer.sent) == len({bucket_group(panel) for panel in panels}) == 16
    assert sum(len(batch["events"]) for _, batch in layer.sent) == 500


async def test_it_sends_at_most_every_hundred_milliseconds_and_the_last_value_arrives() -> None:
    layer = RecordingLayer()
    started_s = asyncio.get_running_loop().time()
    async with running(layer) as broadcaster:
        for value in range(35):
            broadcaster.offer([reading(value)])
            await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            while layer.sent[-1][1]["events"][0]["value"] != 34:
                await asyncio.sleep(0.01)
    # The time of all, for a busy machine notes one sending late and the next in time.
    assert layer.times[-1] - started_s > 0.095 * (len(layer.times) - 1)
    assert len(layer.times) > 2


async def test_a_slow_layer_stretches_the_interval_so_that_sending_takes_a_third_of_the_time() -> (
    None
):
    layer = RecordingLayer()
    layer.takes_s = 0.1
    async with running(layer) as broadcaster:
        for value in range(12):
            broadcaster.offer([reading(value)])
            await soon(layer, value + 1)
    assert layer.times[1] - layer.times[0] < 0.29, "one slow sending is no load"
    assert layer.times[-1] - layer.times[-2] > 0.25


async def test_a_failing_layer_raises_nothing_and_leaves_a_gap_to_see(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcast, "SHORTEST_INTERVAL_S", 0.001)
    layer = RecordingLayer()
    async with running(layer) as broadcaster:
        broadcaster.offer([reading(1)])
        await soon(layer)
        layer.failing = True
        for tries in (2, 3):
            broadcaster.offer([reading(2)])
            await soon(layer, tries)
        layer.failing = False
        broadcaster.offer([reading(3)])
        await soon(layer, 4)
    assert [batch["seq"] for _, batch in layer.sent] == [1, 4]
    assert [
        record.getMessage() for record in caplog.records if record.name == broadcast.__name__
    ] == [
        "live updates can't be sent: Redis is away",
        "live updates are sent again",
    ]


async def test_a_layer_that_hangs_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "_SEND_TIMEOUT_S", 0.01)
    monkeypatch.setattr(broadcast, "LONGEST_INTERVAL_S", 0.02)
    layer = RecordingLayer()
    layer.takes_s = 60
    async with running(layer) as broadcaster:
        broadcaster.offer([reading(1)])
        async with asyncio.timeout(5):
            while len(layer.times) < 2:
                broadcaster.offer([reading(2)])
                await asyncio.sleep(0.005)
    assert layer.sent == []


async def test_a_change_of_the_connection_goes_to_everybody_and_none_is_left_out() -> None:
    layer = RecordingLayer()
    disconnected: StateEvent = {"event": "mqtt-disconnected", "broker": "b", "message": "lost"}
    async with running(layer) as broadcaster:
        broadcaster.announce(disconnected)
        broadcaster.announce(CONNECTED)
        await soon(layer)
    ((group, batch),) = layer.sent
    assert group == STATE_GROUP
    assert batch["events"] == [disconnected, CONNECTED]


async def test_what_is_offered_while_nobody_sends_stays_bounded() -> None:
    broadcaster = Broadcaster(
        RecordingLayer(), asyncio.get_running_loop(), topics=TOPICS, source="ingest"
    )
    for value in range(100):
        broadcaster.offer([reading(value)])
        broadcaster.announce(CONNECTED)
    assert len(broadcaster._latest) == 1
    assert len(broadcaster._states) == 20


async def test_what_nobody_watches_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meters.ingest.interest.Interest.watched", lambda self, group: False)
    layer = RecordingLayer()
    async with running(layer) as broadcaster:
        broadcaster.offer([reading(1)])
        broadcaster.announce(CONNECTED)
        await soon(layer)
    assert [group for group, _ in layer.sent] == [STATE_GROUP]


def test_a_loop_in_a_thread_of_its_own_sends_and_ends() -> None:
    layer, live = RecordingLayer(), LoopThread()
    broadcaster = Broadcaster(layer, live.loop, topics=TOPICS, source="ingest")
    live.start()
    broadcaster.start()
    broadcaster.offer([reading(1)])
    asyncio.run_coroutine_threadsafe(soon(layer), live.loop).result(5)
    broadcaster.stop()
    live.stop()
    assert len(layer.sent) == 1
    assert live.loop.is_closed()
    broadcaster.offer([reading(2)])  # late, and harmless


async def test_a_new_register_reading_is_an_event_of_its_own_name() -> None:
    layer = RecordingLayer()
    async with running(layer) as broadcaster:
        broadcaster.offer([reading(48213.7, metric="energy_register")])
        await soon(layer)
    (event,) = layer.sent[0][1]["events"]
    assert (event["event"], event["topic"]) == ("mqtt-register-update", "panel/trafo1/energy")
