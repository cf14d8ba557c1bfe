"""Publishing what simulated panels measure, round after round."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from meters.management.stopping import Stop
from meters.mqtt.topics import TopicSpace
from meters.simulation.panel import SimulatedPanel

_CATCH_UP_S = 1.0  # how far behind its pace a run may be and still make up for it


_SHORTEST_WAIT_S = 0.002  # shorter ones are not worth a sleep: the pace holds on average


class Destination(Protocol):
    def publish(self, topic: str, payload: str) -> bool: ...


class Publication(NamedTuple):
    """One message that was published."""

    topic: str
    metric: str
    value: float
    payload: str


def small_transformers(names: Iterable[str], seed: str = "") -> dict[str, SimulatedPanel]:
    """Panels of these names; `seed` makes a run repeatable."""
    return {name: SimulatedPanel(f"{seed}/{name}") for name in names}


class Simulation:
    """Panels by name, on their topics. With `timestamps` the payload is JSON with the time of the
    measurement, else the bare number."""

    def __init__(
        self,
        panels: Mapping[str, SimulatedPanel],
        topics: TopicSpace,
        *,
        time_zone: str,
        timestamps: bool = False,
    ) -> None:
        self._panels = panels
        self._topics = topics
        self._zone = ZoneInfo(time_zone)
        self._timestamps = timestamps

    @property
    def messages_a_round(self) -> int:
        return 4 * len(self._panels)

    def round(self, moment_s: float) -> Iterator[Publication]:
        """What the panels that are heard publish at `moment_s` (Unix time)."""
        local = datetime.fromtimestamp(moment_s, self._zone)
        offset = local.utcoffset()
        offset_s = offset.total_seconds() if offset else 0.0
        for name, panel in self._panels.items():
            if panel.kind.is_silent(moment_s):
                continue
            measured = panel.measure(moment_s, offset_s)
            for metric, value in measured._asdict().items():
                payload = self._payload(value, local)
                yield Publication(self._topics.topic(name, metric), metric, value, payload)

    def _payload(self, value: float, local: datetime) -> str:
        if not self._timestamps:
            return f"{value:.2f}"
        return json.dumps({"value": value, "timestamp": local.isoformat()})


def run_rounds(
    simulation: Simulation,
    destination: Destination,
    stop: Stop,
    *,
    interval_s: float,
    count: int | None = None,
    spread: bool = False,
    on_published: Callable[[Publication], None] = lambda publication: None,
    on_round: Callable[[int], None] = lambda number: None,
    clock: Callable[[], float] = time.time,
) -> int:
    """Publish a round every `interval_s` seconds, `count` of them or until told to stop; returns
    how many were finished. The pace is kept from the start: a slow round is followed sooner.
    With `spread` a round's messages come evenly over the interval, not all at its start."""
    due_s = clock()
    step_s = interval_s / simulation.messages_a_round if spread else 0.0
    rounds = 0
    while not stop.is_set() and rounds != count:
        for number, publication in enumerate(simulation.round(clock())):
            early_s = due_s + number * step_s - clock()
            if early_s > _SHORTEST_WAIT_S:
                stop.wait(early_s)
            if not destination.publish(publication.topic, publication.payload):
                return rounds
            on_published(publication)
        rounds += 1
        on_round(rounds)
        due_s = max(due_s + interval_s, clock() - _CATCH_UP_S)
        if rounds != count:
            stop.wait(due_s - clock())
    return rounds
