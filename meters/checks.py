"""Mistakes across settings that only show when two of them are looked at together."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from meters.energy.retention import of_the_settings


@register()
def mqtt_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.MQTT_SHARE_GROUP and settings.MQTT_QOS == 0:
        found.append(
            Error(
                "MQTT_SHARE_GROUP with MQTT_QOS=0: a worker that goes away takes readings with it.",
                hint="Set MQTT_QOS=1.",
                id="meters.E001",
            )
        )
    if settings.MQTT_BROKER.public:
        found.append(
            Warning(
                f"{settings.MQTT_BROKER} is a public test broker: everyone can read along and "
                "publish readings as your panels.",
                hint="Use a broker of your own before the numbers matter.",
                id="meters.W001",
            )
        )
    return found


@register()
def retention_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [
        Error(
            text,
            hint="RAW_RETENTION_DAYS, MINUTE_RETENTION_DAYS, HOUR_RETENTION_DAYS: each at least as "
            "long as the one before; 0 is for ever.",
            id="meters.E002",
        )
        for text in of_the_settings().problems().values()
    ]
