"""What stands around PELBIOT: the broker as it is configured, and the channel layer."""

import asyncio
import logging
import time

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from dashboard.system.amounts import briefly
from dashboard.system.facts import BAD, GOOD, Check, Fact, Section

logger = logging.getLogger(__name__)

# The page is answered in less than a tenth of a second when all is well, and not much later when
# the channel layer hangs.
TIMEOUT_S = 0.25
_KINDS = {
    "channels.layers.InMemoryChannelLayer": gettext_noop("In memory"),
    "channels_redis.core.RedisChannelLayer": "Redis",
    "channels_redis.pubsub.RedisPubSubChannelLayer": "Redis (pub/sub)",
}


def broker_section() -> Section:
    broker = settings.MQTT_BROKER
    security = gettext("TLS, certificate verified") if broker.tls else gettext("not encrypted")
    public = gettext("A public test broker: everyone can read along.") if broker.public else ""
    qos = gettext("QoS {qos}, keepalive {seconds} s").format(
        qos=settings.MQTT_QOS, seconds=settings.MQTT_KEEPALIVE
    )
    return Section(
        [
            Fact(gettext("Address"), str(broker), security, code=True),
            Fact(gettext("User"), broker.username or gettext("none"), public),
            Fact(gettext("Topics"), ", ".join(settings.MQTT_TOPICS.filters), qos, code=True),
        ]
    )


def channel_section() -> Section:
    kind = str(settings.CHANNEL_LAYERS["default"]["BACKEND"])
    name = gettext(_KINDS.get(kind, kind))
    label = gettext("Live updates")
    took_s = _answers_in()
    if took_s is None:
        text = gettext("{kind} doesn't answer").format(kind=name)
        advice = gettext("Readings are stored; pages don't move by themselves until it is back.")
        check = Check("channels", label, BAD, text, advice, "channels")
        return Section([Fact(gettext("Channel layer"), text)], [check])
    text = gettext("Answers in {time}").format(time=briefly(took_s))
    check = Check("channels", label, GOOD, text, section="channels")
    return Section([Fact(gettext("Channel layer"), name, text)], [check])


def _answers_in() -> float | None:
    """Seconds the channel layer took for a message to nobody; None where it gave no answer."""
    started_s = time.monotonic()
    try:
        async_to_sync(_send_to_nobody)()
    except Exception as error:  # whatever a driver raises, the answer is the same
        # For each page that looks, every few seconds: the ingest's log tells it once.
        logger.debug("the channel layer: %s", error or type(error).__name__)
        return None
    return time.monotonic() - started_s


async def _send_to_nobody() -> None:
    layer = get_channel_layer()
    assert layer is not None, "CHANNEL_LAYERS names one"
    async with asyncio.timeout(TIMEOUT_S):
        await layer.group_send("live.probe", {"type": "probe"})
