"""Whether a value is still true: the age at which a reading stops counting as live."""

from datetime import datetime, timedelta
from typing import Literal

from meters.condition import STALE_AFTER_S

Freshness = Literal["live", "stale", "none"]


def freshness(last_reading_at: datetime | None, now: datetime) -> Freshness:
    if last_reading_at is None:
        return "none"
    return "stale" if now - last_reading_at > timedelta(seconds=STALE_AFTER_S) else "live"
