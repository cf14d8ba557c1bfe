"""The command that sends a first reading, for the broker and topics this installation uses."""

import shlex

from django.conf import settings

from meters.mqtt.broker import Broker

EXAMPLE_PANEL = "trafo1"
EXAMPLE_VALUE = "230.45"


def publish_command(broker: Broker) -> str | None:
    """A mosquitto_pub line to copy; None for a broker behind a websocket, which it can't reach.

    Credentials are left for the person to fill in: a page never shows a password.
    """
    if broker.websocket:
        return None
    words = ["mosquitto_pub", "-h", broker.host, "-p", str(broker.port)]
    if broker.username:
        words += ["-u", "USER", "-P", "PASSWORD"]
    if broker.ca_file:
        words += ["--cafile", broker.ca_file]
    elif broker.tls:
        words += ["--tls-use-os-certs"]
    return shlex.join([*words, "-q", "1", "-t", example_topic(), "-m", EXAMPLE_VALUE])


def example_topic() -> str:
    return settings.MQTT_TOPICS.topic(EXAMPLE_PANEL, "voltage")
