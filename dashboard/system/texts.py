"""Sentences that the scripts of the system page and of the first-run page show."""

from django.utils.translation import gettext_lazy as _

from dashboard import texts

TEXTS = {
    "figures_old": _("The server gives no answer. These are the figures of {time}."),
    "figures_as_of": _("As of {time}"),
}


def all_texts() -> dict[str, str]:
    """With those that every page has."""
    return texts.all_texts() | {key: str(sentence) for key, sentence in TEXTS.items()}
