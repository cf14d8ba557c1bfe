"""A user of the running system: a short session of its own, HTTP and the websocket."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.auth.models import AbstractBaseUser
from django.utils.crypto import get_random_string
from websockets.sync.client import ClientConnection, connect

# The installation itself is checked, not what a proxy makes of it.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SESSION_LASTS = timedelta(minutes=5)


class CheckFailedError(Exception):
    """A check did not find what it should; the text says what it found."""


@contextmanager
def session_for(user: AbstractBaseUser) -> Iterator[str]:
    """The key of a session in which `user` is logged in; gone at the end."""
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.set_expiry(_SESSION_LASTS)
    store.create()
    try:
        yield str(store.session_key)
    finally:
        store.delete()


def find_user(name: str | None) -> AbstractBaseUser | None:
    """The active user of this name, or the first active superuser."""
    users = get_user_model()._default_manager.filter(is_active=True)
    wanted = users.filter(username=name) if name else users.filter(is_superuser=True)
    return wanted.order_by("pk").first()


class Visitor:
    """Asks the installation at `base_url` as the owner of a session would.

    Raises CheckFailedError with what came back instead.
    """

    def __init__(self, base_url: str, session_key: str, timeout_s: float) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._token = get_random_string(32)
        self._cookies = (
            f"{settings.SESSION_COOKIE_NAME}={session_key}; "
            f"{settings.CSRF_COOKIE_NAME}={self._token}"
        )

    def get(self, path: str) -> str:
        return self._open(self._request(path))

    def get_json(self, path: str) -> Any:
        try:
            return json.loads(self.get(path))
        except ValueError:
            raise CheckFailedError(f"{path} did not answer with JSON") from None

    def post_json(self, path: str, content: Any) -> str:
        request = self._request(path, json.dumps(content).encode())
        request.add_header("Content-Type", "application/json")
        request.add_header("X-CSRFToken", self._token)
        request.add_header("Referer", self._base_url + "/")
        return self._open(request)

    def live(self) -> ClientConnection:
        """A connection to the live events."""
        url = urlsplit(self._base_url)
        scheme = "wss" if url.scheme == "https" else "ws"
        try:
            return connect(
                f"{scheme}://{url.netloc}/ws/live/",
                additional_headers={"Cookie": self._cookies, "Origin": self._base_url},
                open_timeout=self._timeout_s,
                proxy=None,
            )
        except Exception as error:  # many kinds; all mean the same here
            raise CheckFailedError(f"/ws/live/ does not open: {error}") from None

    def _request(self, path: str, body: bytes | None = None) -> urllib.request.Request:
        headers = {"Cookie": self._cookies, "Accept": "application/json"}
        return urllib.request.Request(self._base_url + path, body, headers)  # noqa: S310 (the command takes http and https only)

    def _open(self, request: urllib.request.Request) -> str:
        try:
            with _DIRECT.open(request, timeout=self._timeout_s) as response:
                return str(response.read().decode())
        except urllib.error.HTTPError as error:
            detail = error.read(300).decode("utf-8", "replace")
            raise CheckFailedError(f"HTTP {error.code}: {detail}") from None
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise CheckFailedError(f"no answer from {self._base_url}: {reason}") from None
