"""JSON as programs get it: quick, and to the last digit."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from meters.api.renderers import QuickJSONRenderer
from meters.energy.calendar import Level
from meters.models import Panel


def rendered(answer: Any) -> bytes:
    return QuickJSONRenderer().render(answer)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_figure_arrives_as_it_was_computed(value: float) -> None:
    (arrived,) = json.loads(rendered([value]))
    assert (arrived, math.copysign(1, arrived)) == (value, math.copysign(1, value))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_arrives_as_it_was_written(text: str) -> None:
    assert json.loads(rendered({text: text})) == {text: text}


def test_money_is_a_number_and_a_moment_is_iso_8601() -> None:
    answer = {
        "cost": Decimal("1444.70"),
        "at": datetime(2026, 1, 15, 12, tzinfo=UTC),
        "level": Level.HOUR,
        "title": gettext_lazy("Energy"),
        "nothing": None,
    }
    assert rendered(answer) == (
        b'{"cost":1444.7,"at":"2026-01-15T12:00:00Z","level":"hour","title":"Energy","nothing":null}'
    )


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_has_no_word_for_is_refused(value: float) -> None:
    with pytest.raises(OverflowError):
        rendered([value])


def test_no_answer_has_no_body() -> None:
    assert rendered(None) == b""


def test_a_person_can_have_it_indented(api: Client, make_panel: Callable[..., Panel]) -> None:
    make_panel("trafo1")
    quick = api.get("/api/panels/trafo1")
    indented = api.get("/api/panels/trafo1", headers={"Accept": "application/json; indent=4"})
    assert b'\n    "name": "trafo1"' in indented.content
    assert indented.json() == quick.json()
