import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.services.ports import HOST
from tests.services.proxy import Proxy


@contextmanager
def through(proxy: Proxy, server: socket.socket) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection through the proxy."""
    with socket.create_connection((HOST, proxy.port), timeout=5) as client:
        accepted, _ = server.accept()
        accepted.settimeout(5)
        with accepted:
            yield client, accepted


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server((HOST, 0)) as listening:
        listening.settimeout(5)
        yield listening


def test_what_it_does_to_connections(server: socket.socket) -> None:
    with Proxy(server.getsockname()[1]) as proxy, through(proxy, server) as (client, far):
        client.sendall(b"there")
        assert far.recv(10) == b"there"
        far.sendall(b"back")
        assert client.recv(10) == b"back"
        proxy.swallow("to_server")
        client.sendall(b"lost")
        far.sendall(b"still")
        assert client.recv(10) == b"still"
        far.settimeout(0.1)
        with pytest.raises(TimeoutError):
            far.recv(10)
        proxy.heal()
        with through(proxy, server) as (second, far_second):
            second.sendall(b"anew")
            assert far_second.recv(10) == b"anew"
            with pytest.raises(TimeoutError):
                far.recv(10)
            proxy.cut()
            assert second.recv(10) == b""
