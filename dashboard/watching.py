"""What a websocket's consumer asks the database, shared and bounded."""

import time
from collections.abc import Sequence
from importlib import import_module

from channels.auth import get_user
from channels.db import database_sync_to_async
from django.conf import settings

from meters.live import NO_INGEST, ConnectionState, SnapshotEvent, connection_state, snapshot
from meters.models import Panel

MAX_PANELS = 1000
_STATE_KEPT_S = 1.0


@database_sync_to_async  # type: ignore[untyped-decorator]
def read_snapshot(names: Sequence[str] | None) -> tuple[SnapshotEvent, set[str]]:
    """The snapshot of the panels of these names (None: of all that are shown), and the names of
    the panels that are hidden, whose events are not for everyone."""
    if names is None:
        panels = list(Panel.objects.shown()[:MAX_PANELS])
        hidden = set(Panel.objects.filter(active=False).values_list("name", flat=True))
    else:
        panels, hidden = list(Panel.objects.filter(name__in=names)), set()
    return snapshot(panels), hidden


async def session_stands(session_key: str) -> bool:
    """Whether the session is still logged in: not logged out, expired, or of a barred user."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    user = await get_user({"session": session})
    return bool(user.is_authenticated)


class SharedState:
    """The connection's state, read at most once a second however many sockets ask."""

    def __init__(self) -> None:
        self._read_at = float("-inf")
        self._state: ConnectionState = NO_INGEST

    async def get(self) -> ConnectionState:
        now = time.monotonic()
        if now - self._read_at >= _STATE_KEPT_S:
            self._read_at = now
            self._state = await database_sync_to_async(connection_state)()
        return self._state


shared_state = SharedState()
