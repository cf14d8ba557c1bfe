"""A broker that breaks off in the middle of a websocket's handshake is tried again, not read for ever."""

import socket
import threading
from collections.abc import Iterator

import pytest

from meters.ingest.receive import Inbox
from meters.mqtt.broker import Broker
from meters.mqtt.connection import BrokerConnection
from meters.mqtt.errors import BrokerUnavailableError
from meters.mqtt.link import ConnectionSettings
from meters.mqtt.session import BrokerSession
from tests.services.ports import HOST
from tests.services.waiting import eventually


@pytest.fixture
def hangs_up() -> Iterator[Broker]:
    """Takes what is sent, and closes."""
    with socket.create_server((HOST, 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except OSError:
                    return
                with client:
                    client.recv(1000)

        threading.Thread(target=serve, daemon=True).start()
        yield Broker.from_url(f"ws://{HOST}:{listening.getsockname()[1]}/mqtt")
        listening.shutdown(socket.SHUT_RDWR)


def test_the_ingest_says_so_and_tries_again(hangs_up: Broker) -> None:
    settings = ConnectionSettings(hangs_up, "ingest", ["panel/+/volt"])
    connection = BrokerConnection(settings, Inbox(), lambda status: None)
    connection.start()
    try:
        eventually(lambda: connection.status.errors >= 2, 10, "trying again")
        assert "during the websocket's handshake" in connection.status.error
    finally:
        connection.stop()


def test_a_task_gives_up(hangs_up: Broker) -> None:
    session = BrokerSession(hangs_up, client_id_prefix="task", prepare=lambda client: None)
    with pytest.raises(BrokerUnavailableError, match="during the websocket's handshake"):
        session.open(limit_s=5, retry=False)
