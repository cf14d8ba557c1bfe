"""Why a message was not stored or the broker is away, in the language of whoever reads it.

The path of a reading knows no languages: a reason is written, logged and stored in English. Its
readers get it by the sentence's shape; one of no known shape stays as it is.
"""

import re
from functools import cache

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

# {…} stands for what differs. The first shape that fits is taken.
SHAPES = (
    _("the message is empty: expected {expected}"),
    _("the message has {bytes} bytes: at most {most} are accepted"),
    _("the message is not UTF-8 (byte {byte})"),
    _("the message starts with a byte order mark: plain UTF-8 is accepted"),
    _("the JSON object has no 'value': expected {expected}"),
    _("the value is {kind}, not a number"),
    _("the timestamp is neither ISO 8601 text with an offset nor Unix time"),
    _("{text} is not valid JSON: {problem}"),
    _("the key {key} stands twice in the JSON object"),
    _("the JSON is nested more than {levels} levels deep"),
    _("{text} is not a finite number"),
    _("{text} has a decimal comma: use a decimal point"),
    _("{text} is not a number: expected {expected}"),
    _("{text} is outside the plausible range of {metric}: {minimum} to {maximum}"),
    _("timestamp {text} is not ISO 8601 like {example}"),
    _("timestamp {text} has no offset: add Z or one like {example}"),
    _("timestamp {text} is no date that exists"),
    _("timestamp {text} is not Unix time"),
    _("timestamp {text} is no time this century"),
    _(
        "timestamp {text} is more than {seconds} s in the future: check the meter's clock and its time zone"
    ),
    _("timestamp {text} is before 2005: check the meter's clock"),
    _("{panel} can't be a panel's name: {rule} are accepted"),
    _("topic {topic} is outside the configured filters {filters}"),
    _(
        "panel {panel} is unknown, and {most} panels are registered already ({setting}): raise the limit or delete panels nobody needs"
    ),
    _("panel {panel} is unknown and {setting} is off: add it in the admin"),
    # Shortened, where there is no room for what was expected.
    _("the message is empty"),
    _("the JSON object has no 'value'"),
    _("{text} is not a number"),
    # The connection to the broker.
    _("the broker refuses the user name or password ({settings})"),
    _("the broker refuses this user ({settings})"),
    _("the broker refuses the client id ({setting})"),
    _("the broker doesn't speak this version of MQTT"),
    _("the broker refuses the connection: {reason}"),
    _(
        "{broker} gave our session to another client of the same client id: run one ingest for each {setting}"
    ),
    _("connection to {broker} lost: {reason}"),
    _(
        "{broker} closed the connection without an answer: the MQTT version, user and password, or no TLS on that port?"
    ),
    _(
        "{broker} closed the connection without an answer: the MQTT version, user and password, or TLS on that port?"
    ),
    _("the host name of {broker} can't be resolved"),
    _(
        "the certificate of {broker} can't be verified ({problem}): use the host name it was issued for in {setting}"
    ),
    _("the certificate of {broker} can't be verified ({problem}): name its authority in {setting}"),
    _("{broker} refuses the websocket: check the path and the port"),
    _("nothing listens at {broker}"),
    _("{broker} doesn't answer"),
    _("no connection to {broker}: {reason}"),
    _("not connected to {broker}"),
    _("no confirmation within {seconds} s: {reason}"),
    _("unknown reason"),
    # What is filled in, where it is words.
    _("a number such as 230.45, or {example}"),
    _("1 to 64 of the characters {characters}"),
    _("true or false"),
    _("null"),
    _("a list"),
    _("an object"),
)


def in_words(reason: str) -> str:
    """The reason in the active language."""
    for shape in SHAPES:
        if found := _pattern(shape).fullmatch(reason):
            filled_in = {name: in_words(text) for name, text in found.groupdict().items()}
            return gettext(shape).format(**filled_in)
    return reason


@cache
def _pattern(shape: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", shape)  # text, name, text, name, …
    whole = [
        f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    ]
    return re.compile("".join(whole), re.DOTALL)
