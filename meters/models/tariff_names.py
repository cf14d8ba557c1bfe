"""The names of the tariffs that migration 0005 brings along, marked for the translators."""

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

BROUGHT_ALONG = frozenset(
    {
        _("Household, low voltage, 1,300 and 2,200 VA"),
        _("Household, low voltage, medium"),
        _("Household, low voltage, large"),
        _("Business, low voltage, 6.6 to 200 kVA"),
        _("Business, medium voltage, above 200 kVA"),
        _("Industry, medium voltage, above 200 kVA"),
        _("Industry, high voltage"),
        _("Public offices, low voltage"),
        _("Public offices, medium voltage"),
        _("Social services, medium voltage"),
        _("Special services"),
        _("Energy"),  # the base price of those without a peak
    }
)


def in_words(name: str) -> str:
    """The name for its readers; one that somebody gave a tariff of their own stays as it is."""
    return gettext(name) if name in BROUGHT_ALONG else name
