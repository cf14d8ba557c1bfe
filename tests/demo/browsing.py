"""A visitor without a browser: cookies, log-in, JSON."""

import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
from typing import Any


class Visitor:
    """One person's session with a running PELBIOT at `base_url`."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self._cookies)
        )

    def get(self, path: str) -> str:
        with self._opener.open(self.base_url + path, timeout=10) as response:
            return str(response.read().decode())

    def get_json(self, path: str) -> Any:
        return json.loads(self.get(path))

    def log_in(self, name: str, password: str) -> None:
        page = self.get("/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page
        form = {"username": name, "password": password, "csrfmiddlewaretoken": token[1]}
        request = urllib.request.Request(
            f"{self.base_url}/login/",
            urllib.parse.urlencode(form).encode(),
            {"Referer": f"{self.base_url}/login/"},
        )
        with self._opener.open(request, timeout=10) as response:
            assert not response.url.endswith("/login/"), "the log-in was refused"

    @property
    def cookie_header(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._cookies)
