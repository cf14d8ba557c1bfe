"""Where the MQTT broker is: `MQTT_BROKER_URL` taken apart."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_SCHEMES = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
_PUBLIC_TEST_BROKERS = (
    "broker.hivemq.com",
    "broker.emqx.io",
    "test.mosquitto.org",
    "mqtt.eclipseprojects.io",
)


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker's address and the credentials to use there.

    `ca_file` names a PEM file of the authority to trust in place of the system's; the broker's
    certificate is always verified on `mqtts` and `wss`.
    """

    scheme: str
    host: str
    port: int
    path: str = ""
    username: str = ""
    password: str = ""
    ca_file: str = ""

    @classmethod
    def from_url(
        cls, url: str, *, username: str = "", password: str = "", ca_file: str = ""
    ) -> "Broker":
        """Read `mqtt://[user:password@]host[:port]`, or `mqtts`, `ws`, `wss` with a path.

        A user and password given apart win over those in the URL.
        Raises ValueError with a sentence about what is wrong and what is accepted.
        """
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES:
            raise ValueError(
                f"scheme {parts.scheme!r} is not known: use mqtt://, mqtts://, ws:// or wss://"
            )
        if not parts.hostname:
            raise ValueError("the host is missing: use e.g. mqtt://broker.example.com:1883")
        try:
            port = parts.port
        except ValueError:
            raise ValueError("the port must be a number from 1 to 65535") from None
        if port == 0:
            raise ValueError("the port must be a number from 1 to 65535")
        web = parts.scheme in ("ws", "wss")
        if not web and parts.path.strip("/"):
            raise ValueError(f"{parts.scheme}:// takes no path; only ws:// and wss:// do")
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or _SCHEMES[parts.scheme],
            path=(parts.path or "/mqtt") if web else "",
            username=username or unquote(parts.username or ""),
            password=password or unquote(parts.password or ""),
            ca_file=ca_file,
        )

    @property
    def tls(self) -> bool:
        return self.scheme in ("mqtts", "wss")

    @property
    def websocket(self) -> bool:
        return self.scheme in ("ws", "wss")

    @property
    def public(self) -> bool:
        """Whether this is a well-known test broker where everyone can read along."""
        return self.host in _PUBLIC_TEST_BROKERS

    def __str__(self) -> str:
        """The address without credentials: what logs, pages and the API show."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    def __repr__(self) -> str:
        return f"Broker({str(self)!r})"
