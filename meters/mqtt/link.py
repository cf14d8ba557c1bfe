"""What the connection to the broker and its users say to each other."""

from dataclasses import dataclass
from typing import Protocol

from meters.mqtt.broker import Broker


@dataclass(slots=True, eq=False)
class Received:
    """One message as it arrived, not to be changed (frozen would cost a microsecond each).

    `epoch` names the connection it came on and `session` the broker's session: a session that
    the broker has lost and begun anew has another number. `received_s` is Unix time.
    """

    epoch: int
    packet_id: int
    qos: int
    retained: bool
    redelivered: bool
    topic: str
    payload: bytes
    received_s: float
    session: int = 0


class Intake(Protocol):
    """Where messages go, from the network thread. Without room the socket is left unread, so that
    TCP holds the broker back. `received` counts those that were put."""

    received: int

    def put(self, message: Received) -> None: ...
    def has_room(self) -> bool: ...
    def wait_for_room(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """How the connection stands. `since_s` is Unix time, `error` a sentence, empty when all is well."""

    connected: bool = False
    since_s: float | None = None
    protocol: str = ""
    error: str = ""
    errors: int = 0


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """What the ingest wants of its connection: `filters` to subscribe to at `qos`.

    `former` are the subscriptions of the last run: the broker keeps them with the session, and
    would go on delivering by those that are not wanted any more.
    """

    broker: Broker
    client_id: str
    filters: list[str]
    qos: int = 1
    keepalive_s: int = 60
    share_group: str = ""
    former: tuple[str, ...] = ()

    @property
    def subscriptions(self) -> list[str]:
        """The filters as the broker is asked for them."""
        if not self.share_group:
            return self.filters
        return [f"$share/{self.share_group}/{topic_filter}" for topic_filter in self.filters]

    @property
    def unwanted(self) -> list[str]:
        return [name for name in self.former if name not in self.subscriptions]
