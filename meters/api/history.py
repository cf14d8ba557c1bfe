"""`/api/panels/…` and `/api/comparison`: panels and their history."""

from typing import Any

from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from meters.api import answers
from meters.api import history_queries as queries
from meters.api import history_schema as schema
from meters.api.compression import gzip_page
from meters.api.serializers import Problem, checked
from meters.models import Panel

# An answer has an ETag, is asked for again each time, and travels once: 304 where it is the same.
conditional = method_decorator(
    [gzip_page, cache_control(private=True, no_cache=True), conditional_page], name="dispatch"
)
_ERRORS = {400: schema.WrongParameter, 404: Problem}


def panel_named(name: str) -> Panel:
    panel = Panel.objects.filter(name=name).first()
    if panel is None:
        raise NotFound(_("There is no panel %(name)r.") % {"name": name})
    return panel


class _HistoryView(APIView):
    """A call on a panel's history: its query's serializer, and the function that answers it."""

    query: type[queries.PeriodQuery]

    def get(self, request: Request, name: str) -> Response:
        panel = panel_named(name)
        query = checked(self.query, request)
        asked = answers.Asked(panel, query.pop("from"), query.pop("to"))
        return Response(self.answer(asked, **query))

    def answer(self, asked: answers.Asked, **query: Any) -> answers.Answer:
        raise NotImplementedError


@conditional
class TrendsView(_HistoryView):
    """The points of a chart: about `points` of them, read from the level that fits."""

    query = queries.TrendsQuery

    @extend_schema(parameters=[queries.TrendsQuery], responses={200: schema.Trends, **_ERRORS})
    def get(self, request: Request, name: str) -> Response:
        return super().get(request, name)

    def answer(self, asked: answers.Asked, **query: Any) -> answers.Answer:
        return answers.trends(asked, query["metrics"], query["points"])


@conditional
class EnergyView(_HistoryView):
    """Energy and cost by hour, day or month of the site."""

    query = queries.EnergyQuery

    @extend_schema(parameters=[queries.EnergyQuery], responses={200: schema.Energy, **_ERRORS})
    def get(self, request: Request, name: str) -> Response:
        return super().get(request, name)

    def answer(self, asked: answers.Asked, **query: Any) -> answers.Answer:
        return answers.energy(asked, query["by"])


@conditional
class StatisticsView(_HistoryView):
    """Mean and extremes of each metric, energy, cost and load of the whole range."""

    query = queries.PeriodQuery

    @extend_schema(parameters=[queries.PeriodQuery], responses={200: schema.Statistics, **_ERRORS})
    def get(self, request: Request, name: str) -> Response:
        return super().get(request, name)

    def answer(self, asked: answers.Asked, **query: Any) -> answers.Answer:
        return answers.statistics(asked)


@conditional
class DemandView(_HistoryView):
    """The maximum of the quarter-hours' mean power, and the quarter-hour that runs."""

    query = queries.DemandQuery

    @extend_schema(parameters=[queries.DemandQuery], responses={200: schema.Demand, **_ERRORS})
    def get(self, request: Request, name: str) -> Response:
        return super().get(request, name)

    def answer(self, asked: answers.Asked, **query: Any) -> answers.Answer:
        return answers.demand(asked, query["points"])


@conditional
class LoadDurationView(_HistoryView):
    """For how much of the time which power was reached: quarter-hours, from the highest down."""

    query = queries.LoadDurationQuery

    @extend_schema(
        parameters=[queries.LoadDurationQuery], responses={200: schema.LoadDuration, **_ERRORS}
    )
    def get(self, request: Request, name: str) -> Response:
        return super().get(request, name)

    def answer(self, asked: answers.Asked, **query: Any) -> answers.Answer:
        return answers.load_duration(asked, query["points"])


@conditional
class EpisodesView(_HistoryView):
    """When voltage, current or loading were outside their limits; of up to eight days."""

    query = queries.EpisodesQuery

    @extend_schema(parameters=[queries.EpisodesQuery], responses={200: schema.Episodes, **_ERRORS})
    def get(self, request: Request, name: str) -> Response:
        return super().get(request, name)

    def answer(self, asked: answers.Asked, **query: Any) -> answers.Answer:
        return answers.episodes(asked)


@conditional
class VoltageComplianceView(_HistoryView):
    """Each week's ten-minute mean voltages against a band."""

    query = queries.ComplianceQuery

    @extend_schema(
        parameters=[queries.ComplianceQuery],
        responses={200: schema.VoltageCompliance, **_ERRORS},
    )
    def get(self, request: Request, name: str) -> Response:
        return super().get(request, name)

    def answer(self, asked: answers.Asked, **query: Any) -> answers.Answer:
        return answers.voltage_compliance(asked, query["band"])


@conditional
class ComparisonView(APIView):
    """Several panels side by side: ranking, share, load balance, diversity."""

    @extend_schema(
        parameters=[queries.ComparisonQuery], responses={200: schema.Comparison, **_ERRORS}
    )
    def get(self, request: Request) -> Response:
        query = checked(queries.ComparisonQuery, request)
        panels = query.get("panels") or list(Panel.objects.shown()[: queries.MOST_PANELS + 1])
        if len(panels) > queries.MOST_PANELS:  # the total of some would pass for that of all
            sentence = _("there are more than %(most)s: name those to compare") % {
                "most": queries.MOST_PANELS
            }
            raise ValidationError({"panels": [sentence]})
        if not panels:
            raise NotFound(_("There is no panel yet."))
        return Response(answers.compare(panels, query["from"], query["to"]))


@conditional
class PanelsView(APIView):
    """All active panels."""

    @extend_schema(responses=schema.PanelDetails(many=True))
    def get(self, request: Request) -> Response:
        return Response(schema.PanelDetails(Panel.objects.shown(), many=True).data)


@conditional
class PanelView(APIView):
    """One panel: its ratings, settings and current values."""

    @extend_schema(responses={200: schema.PanelDetails, 404: Problem})
    def get(self, request: Request, name: str) -> Response:
        return Response(schema.PanelDetails(panel_named(name)).data)
