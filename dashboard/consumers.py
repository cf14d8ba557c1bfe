"""`/ws/live/`: the live events of the panels a page watches."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import DatabaseError, InterfaceError
from django.utils import translation
from redis.exceptions import RedisError

from dashboard.backpressure import SendGate
from dashboard.languages import page_language
from dashboard.outbox import Outbox
from dashboard.watching import MAX_PANELS, read_snapshot, session_stands, shared_state
from meters.live import (
    INTEREST_EVERY_S,
    INTEREST_GROUP,
    STATE_GROUP,
    ConnectionState,
    EventBatch,
    InterestNote,
    StateEvent,
    StatusEvent,
    bucket_group,
    bucket_groups,
)
from meters.reasons import in_words

logger = logging.getLogger(__name__)

GATHER_S = 0.01  # what the ingest sends at one moment arrives in one frame
INTERVAL_S = 0.08  # shorter than the ingest's 100 ms: a frame that was late is caught up with
SLOW_CLIENT_S = 30.0
STATE_CHECK_S = 2.0
SESSION_CHECK_S = 30.0
REJOIN_S = 3600.0  # some channel layers forget a membership after a day

SESSION_ENDED = 4401
TOO_SLOW = 1013


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    """1. Refuse who is not logged in. 2. Join the groups, then send a snapshot, so that nothing
    falls between. 3. Forward events, the latest of each, at most every 80 ms and only as fast as
    the client reads. 4. After a gap in the sequence, send a snapshot again.
    """

    watched: frozenset[str] | None = None  # None: all panels that are shown
    tells_status = False  # whether the page wants to know the message rate
    hidden: frozenset[str] | set[str] = frozenset()

    async def connect(self) -> None:
        if not self.scope["user"].is_authenticated:
            await self.close()
            return
        self._outbox = Outbox()
        self._changed = asyncio.Event()
        self._sequence: dict[tuple[str, str], int] = {}
        self._joined: set[str] = set()
        self._state: ConnectionState | None = None
        self._gate = SendGate.of(self.scope["server_send"])
        self._language = page_language(self.scope)
        if _watches_later(self.scope):
            self.watched = frozenset()
        await self._join({STATE_GROUP, *(bucket_groups() if self.watched is None else ())})
        await self.accept()
        await self._put_snapshot()
        self._tasks = [
            asyncio.create_task(self._deliver()),
            asyncio.create_task(self._look_after()),
        ]

    async def disconnect(self, code: int) -> None:
        for task in getattr(self, "_tasks", []):
            task.cancel()
        for group in getattr(self, "_joined", set()):
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        await self.receive_json(await self.decode_json(text_data) if text_data else None)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        panels = content.get("panels") if isinstance(content, dict) else None
        if (
            not isinstance(panels, list)
            or content.get("action") != "watch"
            or len(panels) > MAX_PANELS
            or not all(isinstance(name, str) for name in panels)
            or not isinstance(content.get("status", False), bool)
        ):
            self._put(
                _error(
                    f'expected {{"action": "watch", "panels": [up to {MAX_PANELS} names]}}, '
                    'with "status": true for the message rate'
                )
            )
            return
        self.tells_status = content.get("status", False)
        self.watched = frozenset(panels)
        wanted = {STATE_GROUP, *map(bucket_group, panels)}
        for group in self._joined - wanted:
            await self.channel_layer.group_discard(group, self.channel_name)
        await self._join(wanted)
        await self._put_snapshot()

    async def live_events(self, batch: EventBatch) -> None:
        """A message of the channel layer."""
        counter = (batch["source"], batch["group"])
        last = self._sequence.get(counter)
        self._sequence[counter] = batch["seq"]
        self._put(*(self._told(event) for event in batch["events"] if self._watches(event)))
        if last is not None and batch["seq"] != last + 1:
            await self._put_snapshot()

    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        try:
            return await super().decode_json(text_data)
        except (ValueError, RecursionError):
            return None  # receive_json answers what is expected

    # -- what this socket gets ------------------------------------------------------------------

    def _watches(self, event: Any) -> bool:
        panel = event.get("panel")
        if panel is None:
            return True
        return panel not in self.hidden if self.watched is None else panel in self.watched

    def _told(self, event: Any) -> Any:
        """As it came, but a sentence in the page's language."""
        if "message" not in event:
            return event
        with translation.override(self._language):
            return event | {"message": in_words(event["message"])}

    def _put(self, *events: Any) -> None:
        self._outbox.put(events)
        if self._outbox:
            self._changed.set()

    async def _put_snapshot(self) -> None:
        names = None if self.watched is None else sorted(self.watched)
        snapshot, self.hidden = await read_snapshot(names)
        self._state = snapshot["mqtt"]
        self._outbox.put_snapshot(snapshot)
        self._changed.set()

    async def _join(self, groups: set[str]) -> None:
        for group in groups:
            await self.channel_layer.group_add(group, self.channel_name)
        self._joined = groups
        await _attempt(self._tell_interest)

    # -- tasks ----------------------------------------------------------------------------------

    async def _deliver(self) -> None:
        """Send what the outbox holds, for as long as the socket stands."""
        loop = asyncio.get_running_loop()
        due_s = 0.0
        while True:
            await self._changed.wait()
            due_s = max(due_s, loop.time() + GATHER_S)
            await asyncio.sleep(due_s - loop.time())
            if not await self._gate.wait_open(SLOW_CLIENT_S):
                logger.info("a live page did not read for %g s: closed", SLOW_CLIENT_S)
                await self.close(TOO_SLOW)
                return
            self._changed.clear()
            await self.send_json({"events": self._outbox.take()})
            due_s += INTERVAL_S

    async def _look_after(self) -> None:
        """Do in time what nobody announces: see an ingest that died, a session that ended."""
        loop = asyncio.get_running_loop()
        chores = [
            (STATE_CHECK_S, self._check_state),
            (SESSION_CHECK_S, self._check_session),
            (INTEREST_EVERY_S, self._tell_interest),
            (REJOIN_S, lambda: self._join(self._joined)),
        ]
        due = [loop.time() + every_s for every_s, _ in chores]
        while True:
            await asyncio.sleep(min(due) - loop.time())
            for number, (every_s, chore) in enumerate(chores):
                if due[number] <= loop.time():
                    due[number] = loop.time() + every_s
                    await _attempt(chore)

    async def _check_session(self) -> None:
        if not await session_stands(self.scope["session"].session_key):
            await self.close(SESSION_ENDED)

    async def _tell_interest(self) -> None:
        """What nobody watches is not pushed at all: say what this page watches."""
        note: InterestNote = {
            "type": "live.interest",
            "groups": sorted(self._joined - {STATE_GROUP}),
        }
        await self.channel_layer.group_send(INTEREST_GROUP, note)

    async def _check_state(self) -> None:
        state, known = await shared_state.get(), self._state
        self._state = state
        if known is None or state["connected"] != known["connected"]:
            self._put(_state_event(state))
        if self.tells_status and (known is None or _status_event(state) != _status_event(known)):
            self._put(_status_event(state))


async def _attempt(chore: Callable[[], Awaitable[None]]) -> None:
    """What fails now is tried again next time; the page stays connected."""
    try:
        await chore()
    except (DatabaseError, InterfaceError, OSError, RedisError) as error:
        logger.warning("a live page can't be looked after just now: %s", error)


def _watches_later(scope: Any) -> bool:
    """Whether the page is going to say what it watches (`?watch=later`), and wants no more than the
    connection's state until then: a snapshot of hundreds of panels is not for a page that shows ten."""
    return parse_qs(scope.get("query_string", b"")).get(b"watch") == [b"later"]


def _state_event(state: ConnectionState) -> StateEvent:
    broker = state["broker"] or ""
    if state["connected"]:
        return {"event": "mqtt-connected", "broker": broker, "since": state["since"]}
    message = "" if state["connected"] is False else "no ingest process is running"
    connected = state["connected"]
    return {
        "event": "mqtt-disconnected",
        "broker": broker,
        "connected": connected,
        "message": message,
    }


def _status_event(state: ConnectionState) -> StatusEvent:
    return {
        "event": "mqtt-status",
        "messageRate": state["messageRate"],
        "lastMessageAt": state["lastMessageAt"],
    }


def _error(message: str) -> dict[str, str]:
    return {"event": "error", "message": message}
