"""Why a connection to the broker failed, in a sentence that says where to look."""

import socket
import ssl

from paho.mqtt.reasoncodes import ReasonCode

from meters.mqtt.broker import Broker

_REFUSALS = {
    "Bad user name or password": "the broker refuses the user name or password "
    "(MQTT_USERNAME, MQTT_PASSWORD or those in MQTT_BROKER_URL)",
    "Not authorized": "the broker refuses this user (MQTT_USERNAME, MQTT_PASSWORD, the broker's ACL)",
    "Client identifier not valid": "the broker refuses the client id (MQTT_CLIENT_ID)",
    "Unsupported protocol version": "the broker doesn't speak this version of MQTT",
}


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


def connect_failure(broker: Broker, error: BaseException | None) -> str:
    """What an exception at connecting means."""
    if isinstance(error, socket.gaierror):
        return f"the host name of {broker} can't be resolved"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {broker} can't be verified ({error.verify_message}): "
            "name its authority in MQTT_TLS_CA_FILE"
        )
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens at {broker}"
    if isinstance(error, TimeoutError):
        return f"{broker} doesn't answer"
    return f"no connection to {broker}: {error or 'unknown reason'}"
