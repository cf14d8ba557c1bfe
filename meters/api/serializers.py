"""What the API takes and answers; drf-spectacular describes it from here."""

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from meters.metrics import MEASURED
from meters.mqtt.errors import BadMessageError
from meters.mqtt.payloads import MAX_PAYLOAD_BYTES
from meters.reasons import in_words


class MomentField(serializers.CharField):
    """ISO 8601 with an offset; a time without one could be anybody's."""

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        try:
            # An unescaped + of a query string arrives as a space.
            moment = datetime.fromisoformat(text.replace(" ", "+"))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise serializers.ValidationError(
                _("%(text)r is not ISO 8601 with an offset: use e.g. %(example)s")
                % {"text": text, "example": "2026-01-15T10:30:45+07:00"}
            )
        return moment


class LastValuesQuery(serializers.Serializer[Any]):
    panel = serializers.CharField(required=False)


class HistoryQuery(serializers.Serializer[Any]):
    topic = serializers.CharField(required=False, help_text="e.g. panel/trafo1/ampere")
    panel = serializers.CharField(required=False)
    to = MomentField(required=False, help_text="end, excluded: ISO 8601 with offset")
    limit = serializers.IntegerField(default=100, min_value=1, max_value=1000)

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python's: it can't be written as an attribute.
        moment = MomentField(required=False, help_text="start, included: ISO 8601 with offset")
        return {"from": moment, **super().get_fields()}

    def validate_topic(self, topic: str) -> str:
        try:
            settings.MQTT_TOPICS.locate(topic)
        except BadMessageError as error:
            raise serializers.ValidationError(in_words(error.reason)) from None
        return topic

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        start, end = attrs.get("from"), attrs.get("to")
        if start and end and start >= end:
            raise serializers.ValidationError(
                {"to": _("must be later than %(start)s") % {"start": "from"}}
            )
        return attrs


class PublishRequest(serializers.Serializer[Any]):
    topic = serializers.CharField(max_length=255)
    message = serializers.JSONField(help_text='a number, a text, or {"value": …, "timestamp": …}')

    def validate_topic(self, topic: str) -> str:
        if "+" in topic or "#" in topic:
            raise serializers.ValidationError(_("wildcards can't be published to"))
        if topic.startswith("$"):
            raise serializers.ValidationError(_("topics that start with $ are the broker's own"))
        try:
            settings.MQTT_TOPICS.locate(topic)
        except BadMessageError as error:
            raise serializers.ValidationError(in_words(error.reason)) from None
        return topic

    def validate_message(self, message: Any) -> bytes:
        """The payload to send: text as it is, anything else as JSON."""
        text = message if isinstance(message, str) else json.dumps(message)
        payload = text.encode("utf-8", "surrogatepass")
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise serializers.ValidationError(
                _("at most %(bytes)s bytes are accepted") % {"bytes": MAX_PAYLOAD_BYTES}
            )
        return payload


class LastMessage(serializers.Serializer[Any]):
    topic = serializers.CharField()
    value = serializers.CharField(help_text="the payload's start, as it came")
    timestamp = serializers.DateTimeField()


class WorkerStatus(serializers.Serializer[Any]):
    clientId = serializers.CharField()  # noqa: N815 (the interface's names)
    alive = serializers.BooleanField(help_text="a heartbeat within the last 15 s")
    connected = serializers.BooleanField()
    connectedSince = serializers.DateTimeField(allow_null=True)  # noqa: N815
    protocol = serializers.CharField(help_text="MQTT version")
    startedAt = serializers.DateTimeField()  # noqa: N815
    heartbeatAt = serializers.DateTimeField()  # noqa: N815
    received = serializers.IntegerField()
    stored = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    rejected = serializers.IntegerField()
    spooled = serializers.IntegerField()
    inMemory = serializers.IntegerField()  # noqa: N815
    messageRate = serializers.FloatField(help_text="messages a second")  # noqa: N815
    lastError = serializers.CharField()  # noqa: N815


class MqttStatus(serializers.Serializer[Any]):
    connected = serializers.BooleanField()
    clientId = serializers.CharField()  # noqa: N815
    broker = serializers.CharField(help_text="without credentials")
    subscriptions = serializers.ListField(child=serializers.CharField())
    messageCount = serializers.IntegerField()  # noqa: N815
    messageRate = serializers.FloatField()  # noqa: N815
    bufferSize = serializers.IntegerField()  # noqa: N815
    spoolSize = serializers.IntegerField()  # noqa: N815
    errorCount = serializers.IntegerField()  # noqa: N815
    connectedSince = serializers.DateTimeField(allow_null=True)  # noqa: N815
    lastMessage = LastMessage(allow_null=True)  # noqa: N815
    workers = WorkerStatus(many=True)


class PanelValues(serializers.Serializer[Any]):
    voltage = serializers.FloatField(allow_null=True, help_text="V")
    ampere = serializers.FloatField(allow_null=True, help_text="A")
    power = serializers.FloatField(allow_null=True, help_text="W")
    energy_cost = serializers.FloatField(allow_null=True, help_text="Rp, as the meter reports it")
    timestamp = serializers.DateTimeField(allow_null=True, help_text="of the newest reading")


class LastValues(PanelValues):
    panels = serializers.DictField(
        child=PanelValues(), required=False, help_text="where there are several panels"
    )


class Reading(serializers.Serializer[Any]):
    topic = serializers.CharField()
    panel = serializers.CharField()
    metric = serializers.ChoiceField(choices=list(MEASURED))
    value = serializers.FloatField()
    timestamp = serializers.DateTimeField()


class LastValue(serializers.Serializer[Any]):
    topic = serializers.CharField()
    value = serializers.FloatField()
    timestamp = serializers.DateTimeField()


class Problem(serializers.Serializer[Any]):
    detail = serializers.CharField()


def checked(query: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The query's parameters, checked; 400 with the parameter's name where one is wrong."""
    serializer = query(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
