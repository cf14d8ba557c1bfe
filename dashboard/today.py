"""What a panel has used since the site's midnight: energy, cost, demand, peak."""

from datetime import datetime
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext

from dashboard import facts, quantities, ranges
from dashboard.facts import Answer, Fact, moment
from meters.api import answers
from meters.models import Panel


class Today(TypedDict):
    """`notice`: how much of the day was measured."""

    date: str
    facts: list[Fact]
    notice: str


def today(panel: Panel, now: datetime) -> Today:
    zone = ZoneInfo(settings.TIME_ZONE)
    day = ranges.calendar("day", ranges.local_day(now, zone), zone)
    asked = answers.Asked(panel, day.start, day.end, now)
    statistics, energy = answers.statistics(asked), answers.energy(asked, "day")
    found = facts.period_facts(statistics, energy, answers.demand(asked, 2))
    found.insert(2, _peak(statistics))
    return {
        "date": day.day.isoformat(),
        "facts": found,
        "notice": facts.coverage_notice(energy).text,
    }


def _peak(statistics: Answer) -> Fact:
    power: dict[str, Any] = statistics["metrics"]["power"]
    return Fact(
        "peak",
        gettext("Highest power"),
        quantities.power(power["max"]),
        quantities.when(moment(power["max_at"])),
    )
