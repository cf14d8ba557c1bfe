"""Kinds of reasons for which messages are rejected: told apart by the sentences that the ingest writes
(meters/mqtt, meters/ingest), and what is accepted in place of each."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Case, CharField, Q, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dashboard.formatting import number
from meters.metrics import MEASURED
from meters.mqtt.errors import BadMessageError
from meters.mqtt.payloads import MAX_PAYLOAD_BYTES
from meters.mqtt.topics import PANEL_NAME_RULE

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Kind:
    """`about` is the condition on `reason`. The first kind that fits counts: what a meter has sent
    stands in the sentences too, and comes after what they begin with."""

    label: str | Promise
    about: Q


def _says(*parts: str) -> Q:
    found = Q()
    for part in parts:
        found |= Q(reason__contains=part)
    return found


def _begins(*parts: str) -> Q:
    found = Q()
    for part in parts:
        found |= Q(reason__startswith=part)
    return found


KINDS: dict[str, Kind] = {
    "time": Kind(_("Timestamp"), _begins("timestamp ", "the timestamp ")),
    "topic": Kind(_("Topic"), _begins("topic ") | _says(" can't be a panel's name: ")),
    "panel": Kind(_("Unknown panel"), _begins("panel ")),
    "bytes": Kind(
        _("Size or encoding"),
        _begins("the message has ", "the message is not UTF-8", "the message starts with a byte"),
    ),
    "json": Kind(
        _("JSON"),
        _begins("the JSON ", "the key ") | _says(" is not valid JSON: "),
    ),
    "range": Kind(_("Out of range"), _says(" is outside the plausible range of ")),
    "number": Kind(
        _("Not a number"),
        _begins("the message is empty", "the value is ")
        | _says(" has a decimal comma: ", " is not a number: expected", " is not a finite number"),
    ),
}


def kind_of() -> Case:
    """For `annotate`: the key of each row's kind."""
    cases = [When(kind.about, then=Value(key)) for key, kind in KINDS.items()]
    return Case(*cases, default=Value(OTHER), output_field=CharField())


def label(key: str) -> str:
    return str(KINDS[key].label) if key in KINDS else gettext("Other")


def is_kind(key: str) -> Q:
    """For `filter`."""
    earlier = Q()
    for name, kind in KINDS.items():
        if name == key:
            return kind.about & earlier
        earlier &= ~kind.about
    return earlier


def accepted(key: str, topic: str) -> list[str]:
    """What is accepted in place of such a message, in sentences."""
    sentences = {
        "time": _time,
        "topic": _topic,
        "panel": _panel,
        "bytes": _bytes,
        "json": _payload,
        "range": list,
        "number": _payload,
    }
    if key not in sentences:
        return []
    return [*sentences[key](), *_range(topic)]


def _payload() -> list[str]:
    return [
        gettext("A number with a decimal point and without a unit: 230.45"),
        gettext("Or JSON with the number as value: {example}").format(
            example='{"value": 230.45, "timestamp": "2026-01-15T10:30:45+07:00"}'
        ),
    ]


def _time() -> list[str]:
    return [
        gettext("ISO 8601 with an offset: 2026-01-15T10:30:45+07:00"),
        gettext("Or Unix time in seconds or milliseconds: 1768447845"),
        gettext("Not before 2005, and not more than 300 seconds ahead of this server's clock."),
        gettext("A meter without a running clock should send no timestamp."),
    ]


def _topic() -> list[str]:
    filters = ", ".join(settings.MQTT_TOPICS.filters)
    return [
        gettext("Topics of these forms: {filters}").format(filters=filters),
        gettext("The panel's name, in place of +, has {rule}.").format(rule=PANEL_NAME_RULE),
    ]


def _panel() -> list[str]:
    return [
        gettext("A panel that is registered: an administrator adds it under Panels."),
        gettext("Or let panels register themselves: MQTT_AUTO_REGISTER and MQTT_MAX_PANELS."),
    ]


def _bytes() -> list[str]:
    sentence = gettext("Text in UTF-8 without a byte order mark, at most {count} bytes.")
    return [sentence.format(count=number(MAX_PAYLOAD_BYTES, 0))]


def _range(topic: str) -> list[str]:
    """The bounds of the topic's quantity, where it is one of ours."""
    try:
        _panel_name, name = settings.MQTT_TOPICS.locate(topic)
    except BadMessageError:
        return []
    metric = MEASURED[name]
    sentence = gettext("{metric} from {least} to {most} {unit}.")
    return [
        sentence.format(
            metric=gettext(metric.label),
            least=number(metric.minimum, 0),
            most=number(metric.maximum, 0),
            unit=metric.unit,
        )
    ]
