"""The overview's sentences, in the one wording that the server and the page's JavaScript share."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dashboard import texts

TEXTS = {
    "state_all": pgettext_lazy("panels of every state", "All"),
    "state_normal": pgettext_lazy("state of a panel", "Normal"),
    "state_warning": pgettext_lazy("state of a panel", "Warning"),
    "state_alarm": pgettext_lazy("state of a panel", "Alarm"),
    "state_stale": pgettext_lazy("state of a panel", "Stale"),
    "state_offline": pgettext_lazy("state of a panel", "Offline"),
    "state_none": pgettext_lazy("state of a panel", "No reading"),
    "voltage_above": _("Voltage {value} above {limit}"),
    "voltage_below": _("Voltage {value} below {limit}"),
    "ampere_above": _("Current {value} above {limit}"),
    "loading_above": _("Loading {value} above {limit}"),
    "and_more": _("{trouble}, and {count} more"),
    "silent_since": _("No reading since {time}"),
    "metric_silent": _("{metric}: no reading since {time}"),
    "never_read": _("Nothing received so far"),
    "last_reading": _("Last reading {time}"),
    "age_seconds": _("{count} s ago"),
    "age_minutes": _("{count} min ago"),
    "age_hours": _("{count} h ago"),
    "age_days": _("{count} d ago"),
    "all_well": _("All {panels} panels are normal."),
    "one_well": _("The panel is normal."),
    "none_troubled": _("No panel needs attention."),
    "one_troubled": _("1 of {panels} panels needs attention."),
    "some_troubled": _("{count} of {panels} panels need attention."),
    "only_one_troubled": _("The panel needs attention."),
    "shown_all": _("All {panels} panels are shown."),
    "shown_some": _("{count} of {panels} panels are shown."),
    "shown_none": _("No panel matches the filter."),
    "of_panels": _("of {count} of {panels} panels"),
    "of_all_panels": _("of all {panels} panels"),
    "of_no_panel": _("of no panel"),
    "of_rated": _("of {rated}, {count} panels"),
    "no_rating": _("no rating"),
    "no_ratings": _("no panel has a rating"),
    "no_tariffs": _("no panel has a tariff"),
    "today_covered": _("{percent} covered"),
    "no_energy_yet": _("nothing added up yet"),
    "without_price": _("{energy} without a price"),
    "sort_state": _("Worst first"),
    "sort_name": pgettext_lazy("order of panels", "Name"),
    "sort_loading": _("Highest loading"),
    "sort_power": _("Highest power"),
    "sort_energy": _("Most energy today"),
    "sort_age": _("Longest silent"),
    "energy_today": _("Today"),
    "energy_today_partly": _("Today, partly"),
}


def text(key: str, **filled_in: str) -> str:
    return str(TEXTS[key]).format(**filled_in)


def all_texts() -> dict[str, str]:
    return texts.all_texts() | {key: str(sentence) for key, sentence in TEXTS.items()}
