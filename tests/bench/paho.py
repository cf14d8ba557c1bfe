"""paho-mqtt alone: receives and acknowledges, and does nothing else. The measure of all others.

    python -m tests.bench.paho URL CLIENT_ID COUNT --report FILE

Writes when the last of COUNT messages had come and how many came, then waits to be ended.
"""

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

RECEIVE_MAXIMUM = 1_000


class Receiver:
    def __init__(self, url: str, client_id: str, count: int) -> None:
        self.received = 0
        self.finished: float | None = None
        self._count = count
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        address = urlsplit(url)
        self._client.username_pw_set(
            unquote(address.username or ""), unquote(address.password or "")
        )
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        properties.SessionExpiryInterval = 3_600
        self._client.connect(
            str(address.hostname), address.port or 1883, clean_start=False, properties=properties
        )

    def run(self) -> None:
        self._client.loop_forever()

    def _on_connect(self, client: Client, *about: Any) -> None:
        client.subscribe("panel/+/+", qos=1)

    def _on_subscribe(self, *about: Any) -> None:
        print("ready", flush=True)

    def _on_message(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        client.ack(message.mid, message.qos)
        self.received += 1
        if self.received == self._count:
            self.finished = time.monotonic()
            client.disconnect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("client_id")
    parser.add_argument("count", type=int)
    parser.add_argument("--report", type=Path, required=True)
    wanted = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    receiver = Receiver(wanted.url, wanted.client_id, wanted.count)
    try:
        receiver.run()
    finally:
        draft = wanted.report.with_suffix(".draft")
        draft.write_text(json.dumps({"received": receiver.received, "finished": receiver.finished}))
        draft.rename(wanted.report)
    signal.pause()


if __name__ == "__main__":
    main()
