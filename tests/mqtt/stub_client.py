"""In place of paho's client: writes down what it is told, and the test is the broker."""

import socket
from collections.abc import Iterable
from typing import Any

from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from meters.mqtt.broker import Broker
from meters.mqtt.link import Intake


class StubClient:
    intake: Intake

    def __init__(self, broker: Broker, *, protocol: MQTTProtocolVersion, **options: Any) -> None:
        self.protocol = protocol
        self.options = options
        self.acknowledged: list[int] = []
        self.subscribed: list[Any] = []
        self.delays: list[float] = []
        self.alive_s = float("inf")
        self.pings = self.pings_answered = self.received_at_answer = 0
        self.closing: socket.socket | None = None  # closed at the end, as paho does
        self.ended = False
        self.on_pre_connect: Any = None
        self.on_connect: Any = None
        self.on_connect_fail: Any = None
        self.on_disconnect: Any = None
        self.on_subscribe: Any = None
        self.on_message: Any = None
        self.on_socket_close: Any = None

    def connect_async(self, host: str, port: int, **options: Any) -> None:
        self.address, self.connect_options = (host, port), options

    def loop_start(self) -> None:
        pass

    def loop_stop(self) -> None:
        self.ended = True
        if self.closing is not None:
            self.on_socket_close(self, None, self.closing)
            self.closing.close()

    def disconnect(self) -> None:
        pass

    def reconnect_delay_set(self, low_s: float, high_s: float) -> None:
        self.delays.append(low_s)

    def subscribe(self, filters: list[Any]) -> None:
        self.subscribed.append(filters)

    def acknowledge_all(self, packet_ids: Iterable[int]) -> None:
        self.acknowledged += packet_ids

    def ping(self) -> int:
        self.pings += 1
        return self.pings

    def answered(self, ping: int) -> bool:
        return self.pings_answered >= ping

    # -- what the broker does --

    def accept(self, session_present: bool = False) -> None:
        self.on_pre_connect(self, None)
        self.answer("Success", session_present)

    def answer(self, name: str, session_present: bool = False) -> None:
        reason = ReasonCode(PacketTypes.CONNACK, name)
        self.on_connect(self, None, ConnectFlags(session_present), reason, None)

    def hang_up(self) -> None:
        reason = ReasonCode(PacketTypes.DISCONNECT, "Unspecified error")
        self.on_disconnect(self, None, DisconnectFlags(False), reason, None)

    def deliver(
        self,
        packet_id: int,
        topic: bytes = b"panel/trafo1/volt",
        qos: int = 1,
        redelivered: bool = False,
    ) -> None:
        message = MQTTMessage(packet_id, topic)
        message.qos, message.payload, message.dup = qos, b"230", redelivered
        self.on_message(self, None, message)

    def grant(self, *names: str) -> None:
        reasons = [ReasonCode(PacketTypes.SUBACK, name) for name in names]
        self.on_subscribe(self, None, 1, reasons, None)
