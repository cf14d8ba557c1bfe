import pytest

from meters.mqtt.errors import BadMessageError
from meters.mqtt.topics import TopicSpace

FILTERS = {"voltage": "panel/+/volt", "power": "panel/+/power"}


def test_it_maps_a_topic_to_panel_and_metric_and_back() -> None:
    space = TopicSpace(FILTERS)
    assert space.locate("panel/trafo1/volt") == ("trafo1", "voltage")
    assert space.topic("trafo1", "power") == "panel/trafo1/power"
    assert space.locate("panel/..trafo.1/volt") == ("..trafo.1", "voltage")


def test_a_filter_without_a_wildcard_belongs_to_the_panel_its_last_level_but_one_names() -> None:
    space = TopicSpace({"voltage": "panel/trafo1/volt"})
    assert space.locate("panel/trafo1/volt") == ("trafo1", "voltage")
    assert space.topic("trafo1", "voltage") == "panel/trafo1/volt"
    assert space.carries("trafo1", "voltage")
    assert not space.carries("trafo2", "voltage")


@pytest.mark.parametrize(
    "topic",
    [
        "panel/trafo1/current",
        "panel/trafo1",
        "panel/trafo1/volt/x",
        "panel//volt",
        "panel/trafo 1/volt",
        "panel/tråfo/volt",
        "panel/./volt",
        "panel/../volt",
        f"panel/{'x' * 65}/volt",
        "other/trafo1/volt",
        "",
    ],
)
def test_it_rejects_topics_of_another_shape_with_a_reason(topic: str) -> None:
    with pytest.raises(BadMessageError, match="filters|name"):
        TopicSpace(FILTERS).locate(topic)


@pytest.mark.parametrize(
    "text", ["panel/#", "+/+/volt", "$SYS/+/volt", "volt", "panel//volt", "panel/a+/volt", ""]
)
def test_it_refuses_filters_that_cannot_name_a_panel(text: str) -> None:
    with pytest.raises(ValueError, match="filter|accepted"):
        TopicSpace({"voltage": text})


def test_it_refuses_filters_that_overlap_because_messages_would_arrive_twice() -> None:
    with pytest.raises(ValueError, match="overlap"):
        TopicSpace({"voltage": "panel/+/volt", "power": "panel/trafo1/volt"})


def test_a_metric_without_a_filter_is_carried_for_no_panel() -> None:
    space = TopicSpace(FILTERS)
    assert space.metrics == ["voltage", "power"]
    assert not space.carries("trafo1", "energy_register")
