"""The names of the tariffs that come with PELBIOT are translated; anybody's own are theirs."""

import json

import pytest
from django.utils import translation

from meters.models import Tariff
from meters.models.tariff_names import BROUGHT_ALONG, in_words
from tests.services.installation import REPOSITORY

SEED = json.loads((REPOSITORY / "meters/migrations/0005_pln_tariffs.json").read_text())


@pytest.mark.parametrize("name", [tariff["name"] for tariff in SEED["tariffs"]])
def test_each_tariff_that_comes_along_has_its_name_in_indonesian(name: str) -> None:
    with translation.override("id"):
        assert in_words(name) != name
    with translation.override("en"):
        assert in_words(name) == name


def test_a_name_of_ones_own_stays_as_it_is() -> None:
    assert "Search" not in BROUGHT_ALONG
    with translation.override("id"):
        assert Tariff(code="X", name="Voltage").title == "Voltage"
