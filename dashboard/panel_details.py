"""What is set of a panel: ratings, tariff, topics, and how far its history reaches."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from dashboard import formatting
from dashboard.formatting import NOT_MEASURED
from dashboard.limit_texts import short
from dashboard.panel_texts import text
from meters.energy.tariffs import TariffBook
from meters.metrics import METRICS
from meters.models import Panel, TariffAssignment, Trend

_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Detail:
    """`code`: the value is to be typed elsewhere as it stands."""

    label: str
    value: str
    code: bool = False


def details(panel: Panel, now: datetime) -> list[Detail]:
    return [
        Detail(gettext("Name in the topics"), panel.name, code=True),
        Detail(gettext("Nominal voltage"), _measure(panel.nominal_voltage_v, "V")),
        Detail(gettext("Phases"), str(panel.phases)),
        Detail(gettext("Rated current"), _measure(panel.rated_current_a, "A")),
        Detail(gettext("Rated apparent power"), _measure(panel.rated_power_kva, "kVA")),
        Detail(gettext("Tariff"), _tariff(panel, now)),
        Detail(gettext("First reading"), _moment(_first_reading_at(panel))),
        Detail(gettext("Newest reading"), _moment(panel.last_reading_at)),
        Detail(gettext("History kept"), _retention(panel)),
    ]


def topics(panel: Panel) -> list[Detail]:
    """Where the meter publishes each metric."""
    return [
        Detail(
            gettext(metric.label), settings.MQTT_TOPICS.topic(panel.name, metric.name), code=True
        )
        for metric in METRICS.values()
    ]


def _measure(value: float | None, unit: str) -> str:
    return gettext("not set") if value is None else short(value, unit)


def _moment(at: datetime | None) -> str:
    return formatting.full(at) if at else NOT_MEASURED


def _first_reading_at(panel: Panel) -> datetime | None:
    oldest = Trend.objects.filter(panel=panel).order_by("timestamp")
    return oldest.values_list("timestamp", flat=True).first()


def _tariff(panel: Panel, now: datetime) -> str:
    """The one in force today, and what a kilowatt-hour costs at this moment."""
    in_force = TariffAssignment.objects.filter(panel=panel, valid_from__lte=timezone.localdate(now))
    newest = in_force.select_related("tariff").order_by("-valid_from").first()
    if newest is None:
        return text("no_tariff_now")
    for segment in TariffBook.load([panel.pk]).segments(panel.pk, now, now + _MOMENT):
        price = formatting.price(segment.price_per_kwh, segment.currency)
        return text("tariff_now", tariff=newest.tariff.code, price=price)
    return newest.tariff.code


def _retention(panel: Panel) -> str:
    kept = panel.retention
    return text(
        "retention",
        raw=_days(kept.raw_days),
        minutes=_days(kept.minute_days),
        hours=_days(kept.hour_days),
    )


def _days(days: int) -> str:
    if not days:
        return text("retention_for_ever")
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": formatting.number(days, 0)}
