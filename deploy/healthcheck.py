"""Asks a PELBIOT web process how it is: exit code 0 for a 200, 1 for anything else.

    python deploy/healthcheck.py [URL]        default http://127.0.0.1:8000/healthz

The health check of the containers; needs Python alone. Django answers only to the names in
ALLOWED_HOSTS, and a container asks itself by an address that is hardly ever among them: so the
request carries the first of those names.
"""

import http.client
import os
import sys
from urllib.parse import urlsplit

DEFAULT_URL = "http://127.0.0.1:8000/healthz"
LIMIT_S = 5


def host_name(allowed_hosts: str) -> str:
    """A name that Django accepts: the first of ALLOWED_HOSTS, without its wildcard."""
    first = allowed_hosts.split(",")[0].strip()
    return first.removeprefix("*").removeprefix(".") or "localhost"


def answer(url: str, host: str) -> tuple[int, str]:
    """The HTTP status and the start of what the page says; OSError when nobody answers."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=LIMIT_S)
    try:
        connection.request("GET", address.path or "/", headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.read(1000).decode(errors="replace")
    finally:
        connection.close()


def main(arguments: list[str]) -> int:
    url = arguments[0] if arguments else DEFAULT_URL
    try:
        status, text = answer(url, host_name(os.environ.get("ALLOWED_HOSTS", "")))
    except (OSError, http.client.HTTPException) as error:
        status, text = 0, str(error)
    # The container engine keeps the last answers: `docker inspect` shows why it is unhealthy.
    sys.stdout.write(f"{url}: {status or 'no answer'} {text}\n")
    return 0 if status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
