"""`/api/mqtt/…`: the state of the connection, the newest values, the readings, a test message."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, NotFound
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from meters.api import serializers
from meters.api.permissions import MayPublish
from meters.api.readings import ALL_METRICS, newest_readings
from meters.api.status import mqtt_status
from meters.live import iso, panel_values
from meters.models import Panel
from meters.mqtt.errors import BadMessageError, BrokerUnavailableError
from meters.mqtt.publisher import publish_once
from meters.reasons import in_words


class StatusView(APIView):
    """The connection to the broker, over all ingest workers, and each worker."""

    @extend_schema(responses=serializers.MqttStatus)
    def get(self, request: Request) -> Response:
        return Response(mqtt_status())


class LastValuesView(APIView):
    """The newest value of each metric: of `panel`, or of the first panel and of all."""

    @extend_schema(
        parameters=[serializers.LastValuesQuery],
        responses={200: serializers.LastValues, 404: serializers.Problem},
    )
    def get(self, request: Request) -> Response:
        query = serializers.checked(serializers.LastValuesQuery, request)
        if "panel" in query:
            panel = Panel.objects.filter(name=query["panel"]).first()
            if panel is None:
                raise NotFound(_("There is no panel %(name)r.") % {"name": query["panel"]})
            return Response(panel_values(panel))
        panels = list(Panel.objects.shown())
        answer: dict[str, Any] = dict(panel_values(panels[0] if panels else Panel()))
        if len(panels) > 1:
            answer["panels"] = {panel.name: panel_values(panel) for panel in panels}
        return Response(answer)


class HistoryView(APIView):
    """Readings, newest first. A panel or topic that never published has none."""

    @extend_schema(
        parameters=[serializers.HistoryQuery],
        responses={
            200: serializers.Reading(many=True),
            400: OpenApiResponse(description="Names the parameter and what it accepts"),
        },
    )
    def get(self, request: Request) -> Response:
        query = serializers.checked(serializers.HistoryQuery, request)
        panels, metrics = Panel.objects.all(), ALL_METRICS
        if "topic" in query:
            name, metric = settings.MQTT_TOPICS.locate(query["topic"])
            panels, metrics = panels.filter(name=name), [metric]
        if "panel" in query:
            panels = panels.filter(name=query["panel"])
        readings = newest_readings(
            settings.MQTT_TOPICS,
            list(panels),
            metrics,
            start=query.get("from"),
            end=query.get("to"),
            limit=query["limit"],
        )
        return Response(readings)


class LastValueView(APIView):
    """The newest value that was published on one topic."""

    @extend_schema(responses={200: serializers.LastValue, 404: serializers.Problem})
    def get(self, request: Request, topic: str) -> Response:
        try:
            name, metric = settings.MQTT_TOPICS.locate(topic)
        except BadMessageError as error:
            raise NotFound(in_words(error.reason)) from None
        panel = Panel.objects.filter(name=name, **{f"{metric}__isnull": False}).first()
        if panel is None:
            raise NotFound(_("Nothing was published on %(topic)s yet.") % {"topic": topic})
        value, moment = getattr(panel, metric), getattr(panel, f"{metric}_at")
        return Response({"topic": topic, "value": value, "timestamp": iso(moment)})


class TopicsView(APIView):
    """The topic filters the ingest subscribes to."""

    @extend_schema(responses={200: {"type": "array", "items": {"type": "string"}}})
    def get(self, request: Request) -> Response:
        return Response(settings.MQTT_TOPICS.filters)


class BrokerAway(APIException):
    status_code = 503
    default_code = "broker_away"


class PublishView(APIView):
    """Publish a test message at QoS 1; answers once the broker has confirmed it."""

    permission_classes = [IsAuthenticated, MayPublish]

    @extend_schema(
        request=serializers.PublishRequest,
        responses={
            202: serializers.PublishRequest,
            400: OpenApiResponse(description="Names the field and what it accepts"),
            403: serializers.Problem,
            503: serializers.Problem,
        },
    )
    def post(self, request: Request) -> Response:
        wanted = serializers.PublishRequest(data=request.data)
        wanted.is_valid(raise_exception=True)
        topic, payload = wanted.validated_data["topic"], wanted.validated_data["message"]
        try:
            publish_once(settings.MQTT_BROKER, topic, payload)
        except BrokerUnavailableError as error:
            raise BrokerAway(in_words(str(error))) from None
        return Response({"topic": topic, "message": wanted.initial_data["message"]}, status=202)
