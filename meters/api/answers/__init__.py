"""What the calls on a panel's history answer, as plain values ready for JSON: for the API, and for
the pages' first look."""

from meters.api.answers.asked import Answer, Asked
from meters.api.answers.comparison import compare
from meters.api.answers.episodes import episodes
from meters.api.answers.history import energy, statistics, trends
from meters.api.answers.load import demand, load_duration, voltage_compliance

__all__ = [
    "Answer",
    "Asked",
    "compare",
    "demand",
    "energy",
    "episodes",
    "load_duration",
    "statistics",
    "trends",
    "voltage_compliance",
]
