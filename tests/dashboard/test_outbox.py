from typing import Any

from dashboard.outbox import Outbox


def reading(panel: str, value: float, event: str = "mqtt-voltage-update") -> Any:
    return {"event": event, "panel": panel, "value": value}


def test_it_keeps_the_newest_of_each_panel_and_metric() -> None:
    outbox = Outbox()
    for value in range(10_000):
        outbox.put([reading("a", value), reading("b", value, "mqtt-power-update")])
    assert outbox
    assert outbox.take() == [reading("a", 9999), reading("b", 9999, "mqtt-power-update")]
    assert not outbox
    assert outbox.take() == []


def test_what_came_last_is_sent_last() -> None:
    outbox = Outbox()
    outbox.put([{"event": "mqtt-disconnected"}, {"event": "mqtt-connected"}])
    outbox.put([{"event": "mqtt-disconnected"}])
    assert [event["event"] for event in outbox.take()] == ["mqtt-connected", "mqtt-disconnected"]


def test_a_snapshot_replaces_the_readings_before_it_and_not_those_after() -> None:
    outbox = Outbox()
    outbox.put([reading("a", 1), {"event": "mqtt-connected"}])
    outbox.put_snapshot({"event": "snapshot"})
    outbox.put([reading("a", 2)])
    assert outbox.take() == [{"event": "mqtt-connected"}, {"event": "snapshot"}, reading("a", 2)]
