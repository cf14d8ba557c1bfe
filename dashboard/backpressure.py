"""Whether a websocket takes more just now.

ASGI has no word for it: daphne accepts every frame and buffers what a client doesn't read, without
limit. Its transport can tell, though: Twisted pauses a registered producer while more than 64 KiB
wait to be sent.
"""

import asyncio
import logging
from typing import Any

logger = logging.getLogger(__name__)


class KeepSend:
    """Outermost around the websocket's application: keeps daphne's own `send` in the scope, before
    the session's middleware wraps it."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        return await self.application(scope | {"server_send": send}, receive, send)


class SendGate:
    """Closed while the client is behind. Without daphne below (in tests) it is always open.

    Speaks Twisted's IPushProducer: `pauseProducing`, `resumeProducing`, `stopProducing`.
    """

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    @classmethod
    def of(cls, send: Any) -> "SendGate":
        """The gate of the connection that daphne's ASGI `send` belongs to.

        `send` is a partial whose first argument is daphne's protocol (daphne.server.Server).
        """
        gate = cls()
        protocol = next(iter(getattr(send, "args", ())), None)
        transport = getattr(protocol, "transport", None)
        if transport is None:
            return gate
        # Twisted's HTTP channel stays registered after the upgrade; a transport has one producer.
        transport.unregisterProducer()
        transport.registerProducer(gate, True)
        return gate

    async def wait_open(self, timeout_s: float) -> bool:
        """True as soon as the client takes more; False if it doesn't within `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._open.wait()
        except TimeoutError:
            return False
        return True

    def pauseProducing(self) -> None:  # noqa: N802 (Twisted's name)
        self._open.clear()

    def resumeProducing(self) -> None:  # noqa: N802 (Twisted's name)
        self._open.set()

    def stopProducing(self) -> None:  # noqa: N802 (Twisted's name)
        self._open.set()
