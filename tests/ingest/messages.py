"""Messages as they arrive, and what the ingest is made of, short to write in a test."""

from itertools import count

from meters.ingest.sample import Sampler
from meters.ingest.store import Store
from meters.mqtt.link import Received
from meters.mqtt.topics import TopicSpace

TOPICS = TopicSpace(
    {
        "voltage": "panel/+/volt",
        "ampere": "panel/+/ampere",
        "power": "panel/+/power",
        "energy_cost": "panel/+/energy_cost",
        "energy_register": "panel/+/energy",
    }
)
NOW_S = 1_768_449_600.123456  # 2026-01-15T04:00:00Z and a bit
_packet_ids = count(1)


def message(
    topic: str = "panel/trafo1/volt",
    payload: str | bytes = "230.45",
    at_s: float = NOW_S,
    *,
    retained: bool = False,
    redelivered: bool = False,
    epoch: int = 1,
    session: int = 0,
    packet_id: int | None = None,
) -> Received:
    raw = payload if isinstance(payload, bytes) else payload.encode()
    number = next(_packet_ids) if packet_id is None else packet_id
    return Received(epoch, number, 1, retained, redelivered, topic, raw, at_s, session)


def timed(value: float, timestamp: str, topic: str = "panel/trafo1/volt") -> Received:
    """A message with the meter's own time."""
    return message(topic, f'{{"value": {value}, "timestamp": "{timestamp}"}}')


def new_sampler() -> Sampler:
    return Sampler(TOPICS)


def new_store(
    auto_register: bool = True, max_panels: int = 1000, rejected_keep: int = 1000
) -> Store:
    return Store(
        "ingest",
        auto_register=auto_register,
        max_panels=max_panels,
        rejected_keep=rejected_keep,
    )
