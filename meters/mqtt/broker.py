"""Where the MQTT broker is: `MQTT_BROKER_URL` taken apart."""

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

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
        parts = _split(url)
        if parts.scheme not in _SCHEMES:
            raise ValueError(
                f"scheme {parts.scheme!r} is not known: use mqtt://, mqtts://, ws:// or wss://"
            )
        if not parts.hostname:
            raise ValueError("the host is missing: use e.g. mqtt://broker.example.com:1883")
        port = _port(parts) or _SCHEMES[parts.scheme]
        web = parts.scheme in ("ws", "wss")
        if not web and parts.path.strip("/"):
            raise ValueError(f"{parts.scheme}:// takes no path; only ws:// and wss:// do")
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port,
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


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        # What the resolver would do; a name it chokes on would end paho's network thread.
        (parts.hostname or "").encode("idna")
    except ValueError:  # its text may hold the password
        raise ValueError("the host name can't be read") from None
    return parts


def _port(parts: SplitResult) -> int | None:
    with suppress(ValueError):
        if parts.port != 0:
            return parts.port
    raise ValueError(
        "the port must be a number from 1 to 65535; in a user or password, "
        "write @ : / # ? % as %40 %3A %2F %23 %3F %25"
    )
