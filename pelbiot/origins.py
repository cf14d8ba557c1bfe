"""Which pages may open a websocket: our own, to the letter (scheme, host and port)."""

from typing import Any
from urllib.parse import urlsplit

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http.request import split_domain_port, validate_host

_DEFAULT_PORTS = {"http": 80, "https": 443}


class OriginValidator:
    """Refuses the handshake (403) where a browser says it comes from another site.

    Channels' own validator ignores the port and accepts all origins with ALLOWED_HOSTS=*. A client
    that sends no Origin is no browser, so nobody's cookie can be abused by it: it passes, and
    still needs its session.
    """

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        if self.accepts(scope):
            return await self.application(scope, receive, send)
        return await _Refuse()(scope, receive, send)

    def accepts(self, scope: dict[str, Any]) -> bool:
        headers = {name.lower(): value.decode("latin1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
            return False
        origin = headers.get(b"origin")
        if origin is None or origin in settings.CSRF_TRUSTED_ORIGINS:
            return True
        return _parts(origin) == _parts(f"{_scheme(scope, headers)}://{host}")


class _Refuse(AsyncWebsocketConsumer):  # type: ignore[misc]
    async def connect(self) -> None:
        await self.close()


def _scheme(scope: dict[str, Any], headers: dict[bytes, str]) -> str:
    if settings.SECURE_PROXY_SSL_HEADER:
        return headers.get(b"x-forwarded-proto", "http")
    return "https" if scope.get("scheme") == "wss" else "http"


def _parts(origin: str) -> tuple[str, str, int | None] | None:
    try:
        url = urlsplit(origin)
        port = url.port or _DEFAULT_PORTS.get(url.scheme)
    except ValueError:
        return None
    return (url.scheme, url.hostname, port) if url.hostname else None
