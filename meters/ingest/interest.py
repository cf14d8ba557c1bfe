"""Which groups of panels somebody watches: what nobody watches is not pushed.

The consumers say so when a page opens and every few seconds after. Silence is never taken for an
answer too early: at the start, and after any trouble with the channel layer, everything counts as
watched until the pages have had time to speak.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from channels.layers import BaseChannelLayer

from meters.live import INTEREST_EVERY_S, INTEREST_GROUP, InterestNote

logger = logging.getLogger(__name__)

KEPT_S = 3.5 * INTEREST_EVERY_S
_RETRY_S = 5.0


class Interest:
    """Listens to the consumers' notes; `watched` tells of a group whether to push to it."""

    def __init__(
        self, layer: BaseChannelLayer, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._layer = layer
        self._clock = clock
        self._until: dict[str, float] = {}
        self._listening = False
        self.start_over()

    def watched(self, group: str) -> bool:
        now_s = self._clock()
        return (
            not self._listening
            or now_s < self._everything_until
            or now_s < self._until.get(group, 0.0)
        )

    def start_over(self) -> None:
        """Notes may have been lost: take everything for watched until they come again."""
        self._everything_until = self._clock() + KEPT_S

    def note(self, note: InterestNote) -> None:
        until = self._clock() + KEPT_S
        self._until.update(dict.fromkeys(note["groups"], until))

    async def listen(self) -> None:
        """Receive notes for ever."""
        while True:
            try:
                channel = await self._layer.new_channel()
                await self._layer.group_add(INTEREST_GROUP, channel)
                self.start_over()
                self._listening = True
                while True:
                    self.note(await self._layer.receive(channel))
            except Exception as error:  # whatever the layer's driver raises
                logger.debug("can't hear what is watched: %s", error)
                self._listening = False
            await asyncio.sleep(_RETRY_S)
