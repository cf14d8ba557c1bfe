"""Whether a value is still true: the age at which a reading stops counting as live."""

from datetime import datetime
from typing import Literal

from meters.condition import age_state

Freshness = Literal["live", "stale", "none"]


def freshness(last_reading_at: datetime | None, now: datetime) -> Freshness:
    """A value is stale however old it is; only of a whole panel it is told that it is offline."""
    age = age_state(last_reading_at, now)
    return "stale" if age == "offline" else age
