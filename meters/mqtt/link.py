"""What the connection to the broker and its users say to each other."""

from dataclasses import dataclass

from meters.mqtt.broker import Broker


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it arrived. `epoch` names the connection it came on, `received_s` is Unix time."""

    epoch: int
    packet_id: int
    qos: int
    retained: bool
    redelivered: bool
    topic: str
    payload: bytes
    received_s: float


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
