"""What sends a first reading, for the broker and topics this installation uses: commands to copy, and
what to enter in a meter."""

import json
import shlex

from django.conf import settings
from django.utils.translation import gettext

from dashboard.system.facts import Fact
from meters.metrics import METRICS
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


def python_lines(broker: Broker) -> str | None:
    """The same in Python, with paho-mqtt; None for a websocket whose path its short form can't take."""
    if broker.websocket and broker.path != "/mqtt":
        return None
    arguments = [
        f"{json.dumps(example_topic())}, {json.dumps(EXAMPLE_VALUE)}, qos=1",
        f"hostname={json.dumps(broker.host)}, port={broker.port}",
    ]
    if broker.username:
        arguments.append('auth={"username": "USER", "password": "PASSWORD"}')
    if broker.tls:
        authority = json.dumps(broker.ca_file) if broker.ca_file else "None"
        arguments.append(f'tls={{"ca_certs": {authority}}}')
    if broker.websocket:
        arguments.append('transport="websockets"')
    lines = "".join(f"    {argument},\n" for argument in arguments)
    return f"import paho.mqtt.publish as publish\n\npublish.single(\n{lines})"


def meter_settings(broker: Broker) -> list[Fact]:
    """What a meter or a gateway asks for, in the order in which most ask."""
    security = gettext("on, with the certificate verified") if broker.tls else gettext("off")
    user = gettext("as the broker wants it") if broker.username else gettext("none")
    path = [Fact(gettext("Websocket path"), broker.path, code=True)] if broker.websocket else []
    return [
        Fact(gettext("Broker"), broker.host, code=True),
        Fact(gettext("Port"), str(broker.port), code=True),
        *path,
        Fact(gettext("Encryption (TLS)"), security),
        Fact(gettext("User and password"), user),
        Fact(gettext("Quality of service"), gettext("QoS 1, and no retain flag")),
        Fact(gettext("Interval"), gettext("every 2 to 60 seconds")),
    ]


def topics() -> list[Fact]:
    """A topic for each quantity, with its unit; the panel's name is the example's."""
    space = settings.MQTT_TOPICS
    return [
        Fact(space.topic(EXAMPLE_PANEL, name), gettext(metric.label), metric.unit)
        for name, metric in METRICS.items()
    ]


def example_topic() -> str:
    return settings.MQTT_TOPICS.topic(EXAMPLE_PANEL, "voltage")
