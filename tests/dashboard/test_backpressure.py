import asyncio
from functools import partial
from typing import Any

from dashboard.backpressure import SendGate


class Transport:
    """As Twisted's: one producer at a time."""

    def __init__(self) -> None:
        self.producer: Any = "Twisted's HTTP channel"

    def unregisterProducer(self) -> None:  # noqa: N802 (Twisted's name)
        self.producer = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:  # noqa: N802
        assert self.producer is None, "Twisted refuses a second producer"
        assert streaming
        self.producer = producer


class Protocol:
    def __init__(self) -> None:
        self.transport = Transport()


async def handle_reply(protocol: Protocol, message: Any) -> None: ...


async def test_the_gate_is_the_transports_producer() -> None:
    protocol = Protocol()
    gate = SendGate.of(partial(handle_reply, protocol))
    assert protocol.transport.producer is gate
    gate.pauseProducing()
    assert not await gate.wait_open(0.01)
    waiting = asyncio.create_task(gate.wait_open(5))
    await asyncio.sleep(0)
    gate.resumeProducing()
    assert await waiting


async def test_a_connection_that_ends_lets_go_of_who_waits() -> None:
    gate = SendGate()
    gate.pauseProducing()
    gate.stopProducing()
    assert await gate.wait_open(0.01)


async def test_without_a_transport_it_is_always_open() -> None:
    async def send(message: Any) -> None: ...

    assert await SendGate.of(send).wait_open(0.01)
