"""When to try the broker again, and with which version of MQTT."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from paho.mqtt.enums import MQTTProtocolVersion

from meters.mqtt.client import MQTT_3, MQTT_5

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 30.0
STEADY_S = 30.0
PATIENCE = 5


@dataclass(slots=True)
class Attempts:
    """Delays that double and are random, and the fall-back from MQTT 5 to 3.1.1.

    1. A broker that doesn't know MQTT 5 says so or just hangs up: 3.1.1 is tried at once, and if
       that fails as well, both together are one failed attempt, after which 5 comes first again.
    2. A version that has worked is kept: a broker that goes down hangs up too, and must not be
       met with 3.1.1, whose window is small, when it is back. Only after `PATIENCE` failures
       (another broker may stand there now) the other version is tried again.
    3. Only a connection that stood for a while ends a series of failures: a broker that accepts
       and then throws us out would otherwise be asked again at full speed for ever.
    """

    clock: Callable[[], float] = time.monotonic
    protocol: MQTTProtocolVersion = MQTT_5
    delay_s: float = field(default=0.0, init=False)
    failed: int = field(default=0, init=False)
    _works: MQTTProtocolVersion | None = field(default=None, init=False)
    _connected_s: float = field(default=0.0, init=False)

    def connected(self) -> None:
        self._works = self.protocol
        self._connected_s = self.clock()

    def lost(self) -> None:
        """A connection that stood has ended."""
        if self.clock() - self._connected_s >= STEADY_S:
            self.failed = 0
        self._wait_longer()

    def not_connected(self) -> None:
        """The broker could not be reached, or refused us for a reason that isn't the version."""
        if self._probing:
            self.protocol = MQTT_5
        self._wait_longer()

    def not_understood(self, *, said_so: bool) -> bool:
        """The broker refused the version (`said_so`) or hung up without an answer; True where that
        is a failure to report, and not just the reason to try 3.1.1 now."""
        doubtful = said_so or self._works != self.protocol or self.failed >= PATIENCE
        if self.protocol == MQTT_5 and doubtful:
            self.protocol, self.delay_s = MQTT_3, 0.0
            return False
        if doubtful:
            self.protocol = MQTT_5
        self._wait_longer()
        return True

    @property
    def _probing(self) -> bool:
        return self.protocol == MQTT_3 and self._works != MQTT_3

    def _wait_longer(self) -> None:
        # Random, so that many clients don't come back to a restarted broker in step.
        ceiling_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(self.failed, 10))
        self.delay_s = random.uniform(ceiling_s / 2, ceiling_s)  # noqa: S311 (no secret)
        self.failed += 1
