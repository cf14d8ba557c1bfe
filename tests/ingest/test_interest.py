import asyncio
from typing import Any

from channels.layers import InMemoryChannelLayer

from meters.ingest.interest import KEPT_S, Interest
from meters.live import INTEREST_GROUP

NOTE: Any = {"type": "live.interest", "groups": ["live.panels.1"]}


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class DeadLayer:
    async def new_channel(self) -> str:
        raise ConnectionError


async def listening(interest: Interest) -> asyncio.Task[None]:
    task = asyncio.create_task(interest.listen())
    for _ in range(5):
        await asyncio.sleep(0)
    return task


async def test_what_nobody_has_spoken_of_is_not_watched_once_the_pages_had_time_to_speak() -> None:
    clock = Clock()
    interest = Interest(InMemoryChannelLayer(), clock)
    task = await listening(interest)
    assert interest.watched("live.panels.1"), "silence was taken for an answer too early"
    clock.now_s += KEPT_S
    assert not interest.watched("live.panels.1")
    task.cancel()


async def test_a_note_of_a_page_is_kept_until_it_should_have_come_again() -> None:
    clock, layer = Clock(), InMemoryChannelLayer()
    interest = Interest(layer, clock)
    task = await listening(interest)
    clock.now_s += KEPT_S
    await layer.group_send(INTEREST_GROUP, NOTE)
    await asyncio.sleep(0.01)
    assert interest.watched("live.panels.1")
    assert not interest.watched("live.panels.2")
    clock.now_s += KEPT_S
    assert not interest.watched("live.panels.1")
    task.cancel()


async def test_everything_is_watched_while_the_notes_cannot_be_heard() -> None:
    clock = Clock()
    interest = Interest(DeadLayer(), clock)  # a layer in trouble
    task = await listening(interest)
    clock.now_s += 10 * KEPT_S
    assert interest.watched("live.panels.1")
    task.cancel()


def test_after_trouble_everything_is_watched_again_for_a_while() -> None:
    clock = Clock()
    interest = Interest(InMemoryChannelLayer(), clock)
    interest._listening = True
    clock.now_s += KEPT_S
    assert not interest.watched("live.panels.1")
    interest.start_over()
    assert interest.watched("live.panels.1")
