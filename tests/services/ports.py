"""Free ports on the loopback address, and whether somebody answers there."""

import random
import socket

HOST = "127.0.0.1"
# Below the range from which Linux takes the local ports of outgoing connections (32768 and up):
# a server that is stopped and started again must find its port still free.
LOWEST_PORT, HIGHEST_PORT = 15_000, 31_999


def free_port() -> int:
    """A port nobody listens on at this moment; asked for anew if the server then can't bind it."""
    for _ in range(200):
        port = random.randint(LOWEST_PORT, HIGHEST_PORT)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"No free port between {LOWEST_PORT} and {HIGHEST_PORT} in 200 tries.")


def answers(port: int) -> bool:
    """Whether a TCP connection to the port succeeds."""
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False
