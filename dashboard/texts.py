"""Sentences about states, in the one wording that the server and the page's JavaScript share."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# {time} and {reason} are filled in on either side.
TEXTS = {
    "panel_live": pgettext_lazy("state of a panel", "Live"),
    "panel_stale": _("Stale since {time}"),
    "panel_none": _("No reading yet"),
    "socket_connecting": _("Connecting…"),
    "socket_live": pgettext_lazy("state of the page", "Live"),
    "socket_lost": _("Reconnecting…"),
    "mqtt_connected": _("MQTT connected"),
    "mqtt_disconnected": _("MQTT disconnected"),
    "mqtt_absent": _("No ingest running"),
    "mqtt_error": _("MQTT problem"),
    "mqtt_unknown": _("MQTT unknown"),
    "message_rate": _("{rate}/s"),
    "notice_lost": _("Connection to PELBIOT lost. Reconnecting; the values below may be old."),
    "notice_absent": _("No ingest is running, so no new readings can arrive."),
    "notice_disconnected": _(
        "No connection to the MQTT broker, so no new readings can arrive. PELBIOT keeps trying."
    ),
    "notice_error": _("The MQTT broker reports a problem: {reason}"),
    "notice_stale": _("No new reading since {time}. The values below are old."),
    "notice_none": _("This panel has not sent a reading yet."),
    "notice_live": _("Readings are arriving."),
    "copied": _("Copied"),
    "span": _("Lowest {low} · highest {high}"),
}


def text(key: str, **filled_in: str) -> str:
    return str(TEXTS[key]).format(**filled_in)


def all_texts() -> dict[str, str]:
    return {key: str(sentence) for key, sentence in TEXTS.items()}
