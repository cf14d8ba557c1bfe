"""Episodes outside the limits as the pages print them, and as their charts draw them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dashboard import formatting, quantities
from dashboard.limit_texts import short
from dashboard.panel_texts import text
from dashboard.presentation import StateView
from meters.condition import Finding, Severity, age_state, findings, state
from meters.energy.calendar import MINUTE_US
from meters.energy.episodes import Episode, episodes
from meters.energy.history import Period
from meters.models import Panel
from meters.mqtt.timestamps import to_datetime, to_microseconds

SHOWN = 10
_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    severity: Severity
    severity_text: str
    what: str
    start: str
    end: str
    minutes: str
    worst: str


@dataclass(frozen=True, slots=True)
class Episodes:
    """`drawn`: what the charts mark; `said`: a sentence where the rows don't say it all."""

    rows: list[EpisodeRow]
    drawn: list[dict[str, Any]]
    said: str


def of_the_last_day(panel: Panel, now: datetime) -> Episodes:
    now_us = to_microseconds(now)
    period = Period.of_minutes(to_microseconds(now - _DAY), now_us + MINUTE_US)
    found = episodes(panel, period, now_us)
    shown = found[:SHOWN]
    said = "" if found else text("episodes_none")
    if len(found) > SHOWN:
        counts = {"shown": formatting.number(SHOWN, 0), "count": formatting.number(len(found), 0)}
        said = text("episodes_more", **counts)
    return Episodes([_row(each) for each in shown], [_drawn(each) for each in found], said)


def findings_said(panel: Panel, now: datetime) -> tuple[list[dict[str, str]], str]:
    """What is outside its limits now, as sentences; and the one that stands where nothing is."""
    found = [
        {"severity": each.severity, "text": finding_text(each)} for each in findings(panel, now)
    ]
    fresh = age_state(panel.last_reading_at, now) == "live"
    return found, "" if found else text("findings_none" if fresh else "findings_unknown")


def condition(panel: Panel, now: datetime) -> StateView:
    """The one word for the panel's state."""
    key = state(panel, now)
    return StateView(key, text(f"state_{key}"))


def finding_text(finding: Finding) -> str:
    return text(
        f"finding_{finding.quantity}_{finding.side}",
        value=quantity(finding.quantity, finding.value),
        limit=limit_text(finding.quantity, finding.limit),
    )


def quantity(name: str, value: float) -> str:
    """A voltage or a current with its unit; a loading in percent."""
    if name == "loading":
        return f"{formatting.number(value, 1)}{formatting.NBSP}%"
    return quantities.measured(name, value)


def limit_text(name: str, value: float) -> str:
    return short(value, {"voltage": "V", "ampere": "A", "loading": "%"}[name])


def _row(episode: Episode) -> EpisodeRow:
    start, end = to_datetime(episode.start), to_datetime(episode.end)
    return EpisodeRow(
        severity=episode.severity,
        severity_text=text(f"severity_{episode.severity}"),
        what=text(
            f"episode_{episode.quantity}_{episode.side}",
            limit=limit_text(episode.quantity, episode.limit),
        ),
        start=quantities.when(start),
        end=text("episode_still") if episode.ongoing else quantities.when(end),
        minutes=quantities.lasting(60 * episode.minutes),
        worst=quantity(episode.quantity, episode.worst),
    )


def _drawn(episode: Episode) -> dict[str, Any]:
    """Moments in ms since 1970; an episode that lasts has no end yet."""
    return {
        "quantity": episode.quantity,
        "side": episode.side,
        "severity": episode.severity,
        "start": episode.start // 1000,
        "end": None if episode.ongoing else episode.end // 1000,
        "worst": episode.worst,
        "limit": episode.limit,
    }
