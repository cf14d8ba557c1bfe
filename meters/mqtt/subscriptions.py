"""The ingest's subscriptions: asked for on each connection, and again where they are refused."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from meters.mqtt.client import MQTT_5
from meters.mqtt.link import ConnectionSettings

ASK_AGAIN_S = 30.0


@dataclass(slots=True)
class Subscriptions:
    """Rights at a broker are often put right while we wait: a refusal is not the last word."""

    settings: ConnectionSettings
    clock: Callable[[], float] = time.monotonic
    _due: float | None = field(default=None, init=False)

    def ask(self, client: Client, protocol: MQTTProtocolVersion) -> None:
        self._due = None
        if self.settings.unwanted:
            client.unsubscribe(self.settings.unwanted)
        qos = self.settings.qos
        if protocol == MQTT_5:
            # A retained message is an old state, not a new reading: don't send those at all.
            options = SubscribeOptions(qos=qos, retainHandling=2)
            client.subscribe([(name, options) for name in self.settings.subscriptions])
        else:
            client.subscribe([(name, qos) for name in self.settings.subscriptions])

    def ask_again_if_due(self, client: Client, protocol: MQTTProtocolVersion) -> None:
        if self._due is not None and self.clock() >= self._due:
            self.ask(client, protocol)

    def answered(self, reasons: Sequence[ReasonCode]) -> str:
        """What the broker's answer means, in a sentence; empty where it grants everything."""
        answers = list(zip(self.settings.subscriptions, reasons, strict=False))
        refused = [f"{name} ({reason.getName()})" for name, reason in answers if reason.is_failure]
        if refused:
            self._due = self.clock() + ASK_AGAIN_S
            return (
                f"the broker refuses the subscription to {', '.join(refused)}: "
                f"check the rights of user {self.settings.broker.username or '(none)'} there"
            )
        lowered = [name for name, reason in answers if reason.value < self.settings.qos]
        if lowered:
            return (
                f"the broker grants only QoS 0 for {', '.join(lowered)}: "
                "readings can get lost on the way; raise the QoS it allows"
            )
        return ""
