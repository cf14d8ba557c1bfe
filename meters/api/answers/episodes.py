"""When a panel was outside its limits."""

from typing import Any

from meters.api.answers.asked import Answer, Asked, iso_of
from meters.condition import limits_of
from meters.energy.episodes import Episode
from meters.energy.episodes import episodes as found_in
from meters.mqtt.timestamps import to_microseconds

UNITS = {"voltage": "V", "ampere": "A", "loading": "%"}


def episodes(asked: Asked) -> Answer:
    limits = limits_of(asked.panel)
    found = found_in(asked.panel, asked.period, to_microseconds(asked.now))
    return asked.head() | {
        "pending": asked.pending(),
        "limits": {
            "voltage_warning": list(limits.voltage_warning),
            "voltage_alarm": list(limits.voltage_alarm),
            "ampere_alarm": limits.ampere_alarm,
            "loading_warning": limits.loading_warning,
            "loading_alarm": limits.loading_alarm,
        },
        "episodes": [_episode(each) for each in found],
    }


def _episode(episode: Episode) -> dict[str, Any]:
    return {
        "quantity": episode.quantity,
        "unit": UNITS[episode.quantity],
        "side": episode.side,
        "severity": episode.severity,
        "start": iso_of(episode.start),
        "end": iso_of(episode.end),
        "ongoing": episode.ongoing,
        "minutes": episode.minutes,
        "worst": episode.worst,
        "worst_at": iso_of(episode.worst_at),
        "limit": episode.limit,
    }
