"""Times of a recording: with an offset as they are, without one as the site's local time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


class LocalClock:
    """Reads the time column row by row.

    Where the clock was put back, an hour of local times happened twice: a time that would lie
    before the row above is taken for its second occurrence. Where it was put forward, an hour
    never happened: such a time is refused.
    """

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._last: datetime | None = None

    def read(self, text: str) -> datetime:
        """The moment in UTC. Raises ValueError with what is accepted."""
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            raise ValueError(
                f"{text!r} is no time: use ISO 8601 like 2026-01-15 10:30:45, with or without offset"
            ) from None
        if moment.tzinfo is None:
            moment = self._localize(moment, text)
        self._last = moment.astimezone(UTC)
        return self._last

    def _localize(self, naive: datetime, text: str) -> datetime:
        first = naive.replace(tzinfo=self._zone, fold=0)
        second = naive.replace(tzinfo=self._zone, fold=1)
        if first.utcoffset() == second.utcoffset():
            return first
        if (second.utcoffset() or timedelta()) > (first.utcoffset() or timedelta()):
            raise ValueError(f"{text!r} never happened in {self._zone}: clocks were put forward")
        if self._last is not None and first.astimezone(UTC) <= self._last:
            return second
        return first
