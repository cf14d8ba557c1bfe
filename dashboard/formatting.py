"""Numbers and moments as people read them. static/js/formats.js writes the same in the browser."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils import formats, timezone
from django.utils.dateformat import format as date_text
from django.utils.translation import get_language

NOT_MEASURED = "–"
# Between a number and its unit, so that they never part at a line's end.
NBSP = "\N{NO-BREAK SPACE}"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# Django's own formats of a time leave out the seconds, which matter here.
_CLOCKS = {"id": "H.i.s"}
_CLOCK = "H:i:s"
_HOURS = {"id": "H.i"}
_HOUR = "H:i"
_DATE = "j M Y"
# A currency's name among those who use it; everybody else reads the code.
_CURRENCIES = {("id", "IDR"): "Rp"}


def number(value: float | None, decimals: int) -> str:
    """The value in the active language, rounded as a person would: 3542.65 is "3,542.7" in English."""
    if value is None:
        return NOT_MEASURED
    step = Decimal(1).scaleb(-decimals)
    # By way of repr: Django cuts a float's digits off instead of rounding them. `+ 0`: no "-0".
    rounded = Decimal(repr(value)).quantize(step, ROUND_HALF_UP) + 0
    return formats.number_format(rounded, decimals, use_l10n=True, force_grouping=True)


def money(amount: Decimal | None, currency: str, decimals: int = 2) -> str:
    """Rounded half up: "Rp 1.234.567,89" in Indonesian, "IDR 1,234,567.89" in English.

    A minus stands before the currency, so that it is not lost between the two.
    """
    if amount is None:
        return NOT_MEASURED
    rounded = amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + 0
    sign = "-" if rounded < 0 else ""
    unit = currency_name(currency)
    text = formats.number_format(abs(rounded), decimals, use_l10n=True, force_grouping=True)
    return f"{sign}{unit}{NBSP}{text}"


def currency_name(currency: str) -> str:
    return _CURRENCIES.get((get_language() or "", currency), currency)


def price(amount: Decimal, currency: str) -> str:
    """A price with all the digits it has: at least two behind the comma, and at most six."""
    return money(amount, currency, min(max(_decimals(amount), 2), 6))


def plain(value: Decimal) -> str:
    """With the digits it has, and no zeros behind them: 630, 1.5."""
    return number(float(value), _decimals(value))


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def clock(moment: datetime) -> str:
    """The site's time of day, to the second."""
    return date_text(timezone.localtime(moment), _CLOCKS.get(get_language() or "", _CLOCK))


def hour_form() -> str:
    """How Django's date formats write hours and minutes in the active language."""
    return _HOURS.get(get_language() or "", _HOUR)


def to_the_minute(moment: datetime) -> str:
    """Date and time of day at the site: what a table has room for."""
    return date_text(timezone.localtime(moment), f"{_DATE} {hour_form()}")


def date(moment: datetime) -> str:
    return date_text(timezone.localtime(moment), _DATE)


def full(moment: datetime) -> str:
    """Date, time and zone: for the one place on a page that says it all."""
    return f"{date(moment)} {clock(moment)} {zone_label(moment)}"


def near(moment: datetime, now: datetime) -> str:
    """The time of day, with the date when that is not today at the site."""
    return clock(moment) if date(moment) == date(now) else f"{date(moment)} {clock(moment)}"


def brief(moment: datetime, now: datetime) -> str:
    """The time of day, or only the date when that is not today: for narrow places."""
    return clock(moment) if date(moment) == date(now) else date(moment)


def zone_label(moment: datetime) -> str:
    """The zone's own abbreviation (WIB, WITA, WIT), or its offset where it has none: UTC+08."""
    name = timezone.localtime(moment).tzname() or "UTC"
    return name if name[0].isalpha() else f"UTC{name}"


def epoch_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970, cut off exactly as JavaScript's Date does."""
    return (moment - _EPOCH) // _MILLISECOND
