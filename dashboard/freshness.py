"""Whether a value is still true: the age at which a reading stops counting as live."""

from datetime import datetime, timedelta
from typing import Literal

# A meter that publishes every 2 s has then missed fifteen readings. The page's JavaScript gets the
# limit from here, by a data attribute.
STALE_AFTER_S = 30

Freshness = Literal["live", "stale", "none"]


def freshness(last_reading_at: datetime | None, now: datetime) -> Freshness:
    if last_reading_at is None:
        return "none"
    return "stale" if now - last_reading_at > timedelta(seconds=STALE_AFTER_S) else "live"
