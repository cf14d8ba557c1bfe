"""Step 4: tell the broker that it may forget, after the commit and in the order of arrival."""

from collections.abc import Iterable
from typing import Protocol

from meters.mqtt.link import Received


class Acknowledger(Protocol):
    def acknowledge(self, message: Received) -> bool: ...


def acknowledge(messages: Iterable[Received], connection: Acknowledger) -> int:
    """Acknowledge each message that came on the connection that stands now; returns how many.

    The order matters: MQTT wants PUBACKs in the order of the PUBLISHes (MQTT-4.6.0-2).
    """
    return sum(connection.acknowledge(message) for message in messages)
