"""Why a connection to the broker failed, in a sentence that says where to look."""

import socket
import ssl

from paho.mqtt.client import WebsocketConnectionError
from paho.mqtt.reasoncodes import ReasonCode

from meters.mqtt.broker import Broker

_REFUSALS = {
    "Bad user name or password": "the broker refuses the user name or password "
    "(MQTT_USERNAME, MQTT_PASSWORD or those in MQTT_BROKER_URL)",
    "Not authorized": "the broker refuses this user (MQTT_USERNAME, MQTT_PASSWORD, the broker's ACL)",
    "Client identifier not valid": "the broker refuses the client id (MQTT_CLIENT_ID)",
    "Unsupported protocol version": "the broker doesn't speak this version of MQTT",
}


_OTHER_NAME = 62, 64  # OpenSSL: the certificate is for another host name, another address


def unsupported_version(reason: ReasonCode) -> bool:
    """Whether a CONNACK says that the broker doesn't speak this version of MQTT."""
    return bool(reason.is_failure) and reason.getName() == "Unsupported protocol version"


def refusal(reason: ReasonCode) -> str:
    """What a failing CONNACK means."""
    name = reason.getName()
    return _REFUSALS.get(name, f"the broker refuses the connection: {name}")


def disconnection(broker: Broker, reason: ReasonCode) -> str:
    """Why a connection that stood has ended."""
    if reason.getName() == "Session taken over":
        return (
            f"{broker} gave our session to another client of the same client id: "
            "run one ingest for each MQTT_CLIENT_ID"
        )
    return f"connection to {broker} lost: {reason.getName()}"


def hung_up(broker: Broker) -> str:
    """Why a broker may close the connection without an answer."""
    return (
        f"{broker} closed the connection without an answer: the MQTT version, user and password, "
        f"or {'no TLS' if broker.tls else 'TLS'} on that port?"
    )


def connect_failure(broker: Broker, error: BaseException | None) -> str:
    """What an exception at connecting means."""
    if isinstance(error, socket.gaierror):
        return f"the host name of {broker} can't be resolved"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {broker} can't be verified ({error.verify_message})" + (
            ": use the host name it was issued for in MQTT_BROKER_URL"
            if error.verify_code in _OTHER_NAME
            else ": name its authority in MQTT_TLS_CA_FILE"
        )
    if isinstance(error, WebsocketConnectionError):
        return f"{broker} refuses the websocket: check the path and the port"
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens at {broker}"
    if isinstance(error, TimeoutError):
        return f"{broker} doesn't answer"
    return f"no connection to {broker}: {error or 'unknown reason'}"
