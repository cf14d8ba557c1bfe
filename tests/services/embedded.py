"""The demo's broker as a process of its own: it speaks MQTT 3.1.1 only."""

import sys
from pathlib import Path

from tests.services.installation import REPOSITORY
from tests.services.ports import HOST
from tests.services.processes import ServerProcess

_PROGRAM = """
import signal, sys
from pathlib import Path
from meters.demo.broker import embedded_broker
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with embedded_broker({port}, Path({folder!r})):
    signal.pause()
"""


class EmbeddedBroker(ServerProcess):
    name = "embedded-broker"

    @property
    def url(self) -> str:
        return f"mqtt://{HOST}:{self.port}"

    def command(self) -> list[str]:
        program = _PROGRAM.format(port=self.port, folder=str(self.folder))
        return [sys.executable, "-c", program]

    def working_folder(self) -> Path:
        return REPOSITORY
