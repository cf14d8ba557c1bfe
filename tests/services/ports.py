"""Free ports on the loopback address, and whether somebody answers there."""

import os
import random
import socket

HOST = "127.0.0.1"
# Below the range from which Linux takes the local ports of outgoing connections (32768 and up):
# a server that is stopped and started again must find its port still free.
LOWEST_PORT, HIGHEST_PORT = 15_000, 31_999


_given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on at this moment, and that nobody else of this test run is given:
    neither by this process nor by one beside it."""
    ports = ports_of(
        os.environ.get("PYTEST_XDIST_WORKER", "gw0"),
        int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")),
    )
    for _ in range(200):
        port = random.choice(ports)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise RuntimeError(f"No free port between {LOWEST_PORT} and {HIGHEST_PORT} in 200 tries.")


def ports_of(worker: str, workers: int) -> range:
    """Those of one of the processes that share a test run, named gw0, gw1, ..."""
    return range(LOWEST_PORT + int(worker.removeprefix("gw")) % workers, HIGHEST_PORT + 1, workers)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether a TCP connection to the port succeeds."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False
