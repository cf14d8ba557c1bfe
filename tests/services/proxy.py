"""A TCP proxy that does to a connection what networks do."""

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType

from tests.services.ports import HOST, free_port

PIECE = 65_536


class _Link:
    """A connection through the proxy. `to_server` and `to_client`: does anything get through?"""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.ends = (client, server)
        self.muted = {"to_server": False, "to_client": False}


class Proxy:
    """Stands between a client and the server at `target_port`, in a thread of its own.

    `swallow`: what the connections that stand send in a direction disappears, for good, and no end
    hears of it. `heal`: new connections work again. `cut`: all connections end at once.
    `delay_s`: so long every piece takes, in each direction.
    """

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.delay_s = 0.0
        self._target_port = target_port
        self._links: set[_Link] = set()
        self._swallowing: tuple[str, ...] = ()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        serving = asyncio.start_server(self._connected, HOST, self.port)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def swallow(self, *directions: str) -> None:
        """Of "to_server" and "to_client"; without any: both."""
        wanted = directions or ("to_server", "to_client")

        def swallow() -> None:
            self._swallowing = wanted
            for link in self._links:
                link.muted.update(dict.fromkeys(wanted, True))

        self._now(swallow)

    def heal(self) -> None:
        def heal() -> None:
            self._swallowing = ()

        self._now(heal)

    def cut(self) -> None:
        def cut() -> None:
            for link in self._links:
                for end in link.ends:
                    end.transport.abort()

        self._now(cut)

    def _now(self, work: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            work()
            done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(10)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection(HOST, self._target_port)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, to_server)
        link.muted.update(dict.fromkeys(self._swallowing, True))
        self._links.add(link)
        try:
            await asyncio.gather(
                self._pump(link, "to_server", reader, to_server),
                self._pump(link, "to_client", from_server, writer),
            )
        except asyncio.CancelledError:  # the proxy closes
            pass
        finally:
            self._links.discard(link)
            for end in link.ends:
                end.close()

    async def _pump(
        self,
        link: _Link,
        direction: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        try:
            while piece := await reader.read(PIECE):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if not link.muted[direction]:
                    writer.write(piece)
                    await writer.drain()
        except OSError:
            pass
        if not link.muted[direction]:
            writer.close()

    async def _close(self) -> None:
        self._server.close()
        for link in self._links:
            for end in link.ends:
                end.transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
