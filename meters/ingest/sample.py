"""Step 2: messages become samples, or rejections with a reason.

What a meter publishes together (four topics within a moment) shares one sample. That is an
optimisation and never a matter of correctness: a reading joins a sample only where its metric is
still free, and a reading is replaced by another only if both carry the same time of the meter.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from meters.metrics import MEASURED
from meters.mqtt.errors import BadMessageError
from meters.mqtt.link import Received
from meters.mqtt.payloads import parse_payload
from meters.mqtt.topics import TopicSpace

MERGE_WINDOW_US = 250_000
_OPEN_SAMPLES_KEPT = 50_000


@dataclass(slots=True, eq=False)
class Sample:
    """Readings of one panel at one moment (microseconds since 1970).

    `fresh`: the moment is that of receipt and the row is expected to be new. Otherwise the row may
    stand already, and only the metrics in `values` are to be written.
    """

    panel: str
    moment_us: int
    fresh: bool
    values: dict[str, float] = field(default_factory=dict)
    messages: list[Received] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def add(self, metric: str, value: float, message: Received) -> None:
        self.values[metric] = value
        self.taken.add(metric)
        self.messages.append(message)


@dataclass(slots=True, eq=False)
class Rejection:
    """A message that is not stored, and why."""

    message: Received
    reason: str


@dataclass(slots=True)
class Batch:
    """What a number of messages came to: each of them in exactly one of the two."""

    samples: list[Sample] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


def beside_the_grid(moment_us: int) -> int:
    """A moment of receipt is never a whole millisecond: those are the meters' own, so that a
    reading with a time of its own never meets one without."""
    return moment_us if moment_us % 1000 else moment_us + 1


class Sampler:
    """Turns messages into batches, one after the other: the last one is over when the next is made.

    Remembers the sample that is still open for each panel.
    """

    def __init__(self, topics: TopicSpace) -> None:
        self._topics = topics
        self._open: dict[str, Sample] = {}
        self._done: list[Sample] = []

    def forget(self) -> None:
        """Let no reading join a sample from before."""
        self._open.clear()

    def sample(self, messages: Iterable[Received]) -> Batch:
        for sample in self._done:  # a sample that is open keeps its place, not its messages
            sample.messages = []
        batch = Batch()
        samples: dict[tuple[str, int], Sample] = {}
        for message in messages:
            try:
                self._add(samples, message)
            except BadMessageError as error:
                batch.rejections.append(Rejection(message, error.reason))
        batch.samples = self._done = list(samples.values())
        if len(self._open) > _OPEN_SAMPLES_KEPT:
            self.forget()
        return batch

    def _add(self, samples: dict[tuple[str, int], Sample], message: Received) -> None:
        panel, metric = self._topics.locate(message.topic)
        received_us = beside_the_grid(int(message.received_s * 1_000_000))
        payload = parse_payload(message.payload, MEASURED[metric], now_us=received_us)
        if payload.measured_us is None:
            sample = self._at_receipt(samples, panel, metric, received_us)
        else:
            sample = _joined(samples, panel, payload.measured_us, set())
        sample.add(metric, payload.value, message)

    def _at_receipt(
        self, samples: dict[tuple[str, int], Sample], panel: str, metric: str, received_us: int
    ) -> Sample:
        last = self._open.get(panel)
        if last is not None:
            if metric not in last.taken and 0 <= received_us - last.moment_us <= MERGE_WINDOW_US:
                return _joined(samples, panel, last.moment_us, last.taken)
            if 0 <= last.moment_us - received_us < 1_000_000:
                received_us = last.moment_us + 1  # two readings of a metric in one microsecond
        moment_us = beside_the_grid(received_us)
        while (panel, moment_us) in samples:
            moment_us = beside_the_grid(moment_us + 1)
        sample = Sample(panel, moment_us, fresh=True)
        samples[panel, moment_us] = self._open[panel] = sample
        return sample


def _joined(
    samples: dict[tuple[str, int], Sample], panel: str, moment_us: int, taken: set[str]
) -> Sample:
    """The batch's sample of that moment, which may stand in the database already."""
    key = (panel, moment_us)
    if key not in samples:
        samples[key] = Sample(panel, moment_us, fresh=False, taken=taken)
    return samples[key]
