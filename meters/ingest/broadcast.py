"""Step 5: new current values to the pages, after the commit, never at the cost of storing.

Readings are coalesced to the latest per (panel, metric) and sent at most every 100 ms, one message
a bucket of panels. Sending may take a tenth of a core, and a third of the time: under load, or on a
slow channel layer, the interval stretches towards a second.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from channels.layers import BaseChannelLayer

from meters.ingest.interest import Interest
from meters.ingest.panels import CurrentValue
from meters.live import STATE_GROUP, EventBatch, StateEvent, bucket_group, reading_event
from meters.mqtt.topics import TopicSpace

logger = logging.getLogger(__name__)

SHORTEST_INTERVAL_S = 0.1
LONGEST_INTERVAL_S = 1.0
_SEND_TIMEOUT_S = 2.0
_WORK_SHARE = 10
_WAIT_SHARE = 3
_SMOOTHING = 0.2


class Broadcaster:
    """Sends events from an event loop of its own choice; `offer` and `announce` never wait.

    `loop` must be the one the layer's receivers live in when the layer keeps everything in this
    process's memory; with Redis any running loop will do.
    """

    def __init__(
        self,
        layer: BaseChannelLayer,
        loop: asyncio.AbstractEventLoop,
        *,
        topics: TopicSpace,
        source: str,
    ) -> None:
        self._layer = layer
        self._loop = loop
        self._topics = topics
        self._source = source
        self._lock = threading.Lock()
        self._latest: dict[tuple[str, str], CurrentValue] = {}
        self._states: list[StateEvent] = []
        self._sequence: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._failing = False
        self._interest = Interest(layer)
        self._tasks: list[Future[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.run_coroutine_threadsafe(work, self._loop)
            for work in (self._run(), self._interest.listen())
        ]

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def offer(self, values: Iterable[CurrentValue]) -> None:
        """Have these current values sent; of several for one metric, the last."""
        with self._lock:
            for value in values:
                self._latest[value.panel, value.metric] = value
        self._notify()

    def announce(self, event: StateEvent) -> None:
        """Have a change of the connection sent. Bounded: of many, the newest are kept."""
        with self._lock:
            self._states = [*self._states, event][-20:]
        self._notify()

    def _notify(self) -> None:
        if self._tasks:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _run(self) -> None:
        smooth_s = 0.0
        while True:
            await self._wake.wait()
            self._wake.clear()
            started_s, started_cpu_s = self._loop.time(), time.thread_time()
            await self._send_all()
            spent_s, cpu_s = self._loop.time() - started_s, time.thread_time() - started_cpu_s
            interval_s = max(_WORK_SHARE * cpu_s, _WAIT_SHARE * spent_s)
            # Smoothed: one moment of a busy machine is no load.
            smooth_s += _SMOOTHING * (interval_s - smooth_s)
            interval_s = min(max(SHORTEST_INTERVAL_S, smooth_s), LONGEST_INTERVAL_S)
            await asyncio.sleep(max(0.0, interval_s - spent_s))

    async def _send_all(self) -> None:
        with self._lock:
            latest, self._latest = self._latest, {}
            states, self._states = self._states, []
        groups: dict[str, list[Any]] = {STATE_GROUP: list(states)} if states else {}
        for value in latest.values():
            group = bucket_group(value.panel)
            if self._interest.watched(group):
                groups.setdefault(group, []).append(
                    reading_event(
                        self._topics, value.panel, value.metric, value.value, value.moment
                    )
                )
        await asyncio.gather(*(self._send(group, events) for group, events in groups.items()))

    async def _send(self, group: str, events: list[Any]) -> None:
        # Counted also when sending fails: the receiver then sees the gap and fetches a snapshot.
        self._sequence[group] = self._sequence.get(group, 0) + 1
        batch: EventBatch = {
            "type": "live.events",
            "source": self._source,
            "group": group,
            "seq": self._sequence[group],
            "events": events,
        }
        try:
            async with asyncio.timeout(_SEND_TIMEOUT_S):
                await self._layer.group_send(group, batch)
        except Exception as error:  # whatever the layer's driver raises, storing goes on
            if not self._failing:
                logger.warning("live updates can't be sent: %s", error or type(error).__name__)
            self._failing = True
        else:
            if self._failing:
                logger.info("live updates are sent again")
                self._interest.start_over()
            self._failing = False


class LoopThread:
    """An event loop in a thread of its own, for a process that has none."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="live", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End what still runs in the loop, then the loop, which closes the layer's connections."""
        asyncio.run_coroutine_threadsafe(cancel_tasks(), self.loop).result(timeout=5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=5)
        self.loop.close()


async def cancel_tasks() -> None:
    """Cancel what else runs in this loop, and wait until it has ended."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
