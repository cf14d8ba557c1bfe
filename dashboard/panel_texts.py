"""Sentences of the pages of one panel, in the one wording that server and scripts share."""

from django.utils.translation import gettext_lazy as _

from dashboard import history_texts
from dashboard.overview.texts import TEXTS as OVERVIEW

_STATES = ("normal", "warning", "alarm", "stale", "offline", "none")
TEXTS = {
    **{f"state_{state}": OVERVIEW[f"state_{state}"] for state in _STATES},
    "notice_gone": _("This panel was deleted or is no longer shown."),
    "switcher_all": _("{count} panels"),
    "switcher_some": _("{count} of {all} panels"),
    "switcher_none": _("No panel is called so."),
    "switcher_failed": _("The list of panels can't be fetched just now."),
    "chart_last": _("{label}: chart of the last {points} readings"),
    "chart_5m": _("{label}: chart of the last 5 minutes"),
    "chart_1h": _("{label}: chart of the last hour"),
    "span_none": _("No reading in this time"),
    "limits_voltage": _(
        "Warning outside {warning_low} to {warning_high}, alarm outside {alarm_low} to {alarm_high}"
    ),
    "limits_ampere": _("Alarm above the rated {limit}"),
    "limits_unrated": _("No rated current is set"),
    "severity_warning": _("Warning"),
    "severity_alarm": _("Alarm"),
    "finding_voltage_above": _("Voltage {value}, above {limit}"),
    "finding_voltage_below": _("Voltage {value}, below {limit}"),
    "finding_ampere_above": _("Current {value}, above {limit}"),
    "finding_loading_above": _("Loading {value}, above {limit}"),
    "findings_none": _("Inside all its limits just now."),
    "findings_unknown": _("Without fresh readings nobody knows whether it is inside its limits."),
    "episode_voltage_above": _("Voltage above {limit}"),
    "episode_voltage_below": _("Voltage below {limit}"),
    "episode_ampere_above": _("Current above {limit}"),
    "episode_loading_above": _("Loading above {limit}"),
    "episode_still": _("still"),
    "episodes_none": _("Inside all its limits in the last 24 hours, as far as there are readings."),
    "episodes_more": _("The newest {shown} of {count}."),
    "outside_none": _(
        "Voltage, current and loading were inside their limits, as far as there are readings."
    ),
    "outside_some": _(
        "Times outside the limits: {count}. They are hatched in the charts, with a triangle for a warning and a diamond for an alarm."
    ),
    "head_what": _("What"),
    "head_until": _("Until"),
    "head_minutes": _("Outside for"),
    "head_worst": _("Worst value"),
    "loading_now": _("{percent} of {rated}"),
    "loading_unrated": _("No rated power is set, so its loading is not known."),
    "loading_unknown": _("Without fresh voltage and current its loading is not known."),
    "retention_for_ever": _("for ever"),
    "retention": _("readings {raw}, minutes {minutes}, hours {hours}"),
    "no_tariff_now": _("no tariff"),
    "tariff_now": _("{tariff}, {price} per kWh just now"),
}


def text(key: str, **filled_in: str) -> str:
    return str(TEXTS[key]).format(**filled_in)


def all_texts() -> dict[str, str]:
    return history_texts.all_texts() | {key: str(sentence) for key, sentence in TEXTS.items()}
