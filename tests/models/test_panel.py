from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from meters.models import Panel, Trend

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def test_current_values_move_forward_in_time_only() -> None:
    panel = Panel(name="trafo1")
    assert panel.advance("voltage", 230, NOON)
    assert not panel.advance("voltage", 99, NOON - timedelta(microseconds=1))
    assert panel.advance("voltage", 231, NOON), "a correction of the same moment counts"
    assert (panel.voltage, panel.voltage_at) == (231, NOON)


def test_each_metric_has_its_own_time() -> None:
    panel = Panel(name="trafo1")
    panel.advance("voltage", 230, NOON)
    panel.advance("power", 0, NOON - timedelta(hours=1))
    assert {metric: value for metric, value, _ in panel.current()} == {
        "voltage": 230,
        "ampere": None,
        "power": 0,
        "energy_cost": None,
    }
    assert panel.last_reading_at == NOON
    assert Panel(name="new").last_reading_at is None


@pytest.mark.parametrize("name", ["trafo1", "A.b_c-9", "x" * 64])
def test_a_name_is_what_a_topic_level_may_be(name: str) -> None:
    Panel(name=name).full_clean()


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a+", "#", "é", "x" * 65, "trafo1\n"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Panel(name=name).full_clean()
    assert set(caught.value.message_dict) == {"name"}


def test_names_are_told_apart_to_the_byte_and_otherwise_unique() -> None:
    for name in ("a", "A", "a."):
        Panel.objects.create(name=name)
    assert Panel.objects.get(name="A") != Panel.objects.get(name="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        Panel.objects.create(name="A")


def test_only_active_panels_are_shown_in_the_order_of_their_names() -> None:
    for name, active in (("b", True), ("a", True), ("c", False)):
        Panel.objects.create(name=name, active=active)
    assert [panel.name for panel in Panel.objects.shown()] == ["a", "b"]


def test_a_panel_is_called_by_its_display_name_if_it_has_one() -> None:
    assert str(Panel(name="trafo1")) == "trafo1"
    assert str(Panel(name="trafo1", display_name="Transformer 1")) == "Transformer 1"


@pytest.mark.parametrize("one_by_one", [True, False])
def test_a_deleted_panel_takes_its_readings_along_and_leaves_those_of_others(
    one_by_one: bool,
) -> None:
    gone, kept = Panel.objects.create(name="gone"), Panel.objects.create(name="kept")
    for panel in (gone, kept):
        Trend.objects.create(panel=panel, timestamp=NOON, voltage=230)
    if one_by_one:
        gone.delete()
    else:
        Panel.objects.filter(name="gone").delete()
    assert [panel.name for panel in Panel.objects.all()] == ["kept"]
    assert Trend.objects.get().panel == kept


def test_all_panels_are_not_deleted_by_a_slip_of_the_pen() -> None:
    assert not hasattr(Panel.objects, "delete")
