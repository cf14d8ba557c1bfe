"""How long readings, minutes and hours are kept; and what can't be meant."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from meters.energy.calendar import Calendar

# Of a panel's own figures: 999999 is meant as for ever, and leads out of the calendar.
_MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Cuts:
    """Before these moments (microseconds since 1970) it goes; None: nothing goes."""

    raw: int | None
    minutes: int | None
    hours: int | None


@dataclass(frozen=True, slots=True)
class Retention:
    """In days of the site, beside the running one. 0: for ever."""

    raw_days: int
    minute_days: int
    hour_days: int

    def problems(self) -> dict[str, str]:
        """Which of the three can't be (`minute_days`, `hour_days`), and why: a level must not go
        before what it is computed from."""
        found = {}
        if _shorter(self.minute_days, self.raw_days):
            found["minute_days"] = _(
                "Minutes must be kept at least as long as readings (%(days)s; 0 is for ever): they "
                "are computed from them."
            ) % {"days": self.raw_days}
        if _shorter(self.hour_days, self.minute_days):
            found["hour_days"] = _(
                "Hours must be kept at least as long as minutes (%(days)s; 0 is for ever): they are "
                "computed from them."
            ) % {"days": self.minute_days}
        return found

    def cuts(self, calendar: Calendar, now_us: int) -> Cuts:
        """Always a midnight of the site, so that a day is there as a whole or not at all."""
        today = calendar.day(now_us)

        def cut(days: int) -> int | None:
            if not days:
                return None
            return calendar.midnight(today - timedelta(days=min(days, _MOST_DAYS)))

        return Cuts(cut(self.raw_days), cut(self.minute_days), cut(self.hour_days))


def of_the_settings() -> Retention:
    return Retention(
        settings.RAW_RETENTION_DAYS, settings.MINUTE_RETENTION_DAYS, settings.HOUR_RETENTION_DAYS
    )


def _shorter(days: int, than: int) -> bool:
    return days != 0 and (than == 0 or days < than)
