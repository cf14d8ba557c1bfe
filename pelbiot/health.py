"""`/healthz`: this process answers. `/readyz`: what it depends on does, too."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from meters.models import IngestWorker

logger = logging.getLogger(__name__)

_TIMEOUT_S = 3.0


async def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


async def readyz(request: HttpRequest) -> JsonResponse:
    """200 with every part "ok", else 503; says which part fails, not why: that is for the log."""
    parts = {name: await _probe(name, probe) for name, probe in _PROBES.items()}
    ready = all(state == "ok" for state in parts.values())
    return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)


async def _probe(name: str, probe: Callable[[], Awaitable[bool]]) -> str:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return "ok" if await probe() else "failing"
    except Exception as error:  # whatever a driver raises, the answer is the same
        logger.warning("not ready: %s: %s", name, error or type(error).__name__)
        return "failing"


@sync_to_async
def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


@sync_to_async
def _ingest() -> bool:
    return IngestWorker.objects.fresh().exists()


async def _channel_layer() -> bool:
    layer = get_channel_layer()
    if layer is None:
        return False
    # To a group that nobody is in: shows that the layer takes messages, and leaves nothing behind.
    await layer.group_send("live.probe", {"type": "probe"})
    return True


_PROBES: dict[str, Callable[[], Awaitable[bool]]] = {
    "database": _database,
    "ingest": _ingest,
    "channel_layer": _channel_layer,
}
