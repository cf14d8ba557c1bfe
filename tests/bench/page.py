"""A page without a browser: logs in, reads the live websocket, notes when each value arrived.

    python -m tests.bench.page BASE_URL USER PASSWORD --report FILE

At SIGTERM it writes {value: moment of the monotonic clock}.
"""

import argparse
import json
import signal
import sys
import time
from pathlib import Path

from websockets.sync.client import connect

from tests.demo.browsing import Visitor


def read(address: str, cookies: str, arrived: dict[int, float]) -> None:
    """Reads for ever. Snapshots don't count: they are no pushes."""
    with connect(
        address, additional_headers={"Cookie": cookies}, max_size=None, proxy=None
    ) as socket:
        socket.recv()
        print("ready", flush=True)
        while True:
            events = json.loads(socket.recv())["events"]
            now = time.monotonic()
            for event in events:
                if "value" in event:
                    arrived.setdefault(int(event["value"]), now)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("base_url", "user", "password"):
        parser.add_argument(name)
    parser.add_argument("--report", type=Path, required=True)
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    visitor = Visitor(wanted.base_url)
    visitor.log_in(wanted.user, wanted.password)
    address = wanted.base_url.replace("http://", "ws://") + "/ws/live/"
    arrived: dict[int, float] = {}
    try:
        read(address, visitor.cookie_header, arrived)
    finally:
        wanted.report.write_text(json.dumps(arrived))


if __name__ == "__main__":
    main()
