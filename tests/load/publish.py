"""A process that publishes numbered readings, and tells which of them the broker has confirmed.

    python -m tests.load.publish URL --count 60000 --rate 500 --report report.json

Reading i has the value i, so that each can be found again. With `--rate 0` it is as fast as it gets.
What is under way when the connection breaks is never sent again: it is reported as uncertain, for
the broker may have it or not.
"""

import argparse
import json
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.load.wire import MAX_PACKET_ID, Link, RefusedError, publish_packet, topic_bytes

METRIC_TOPICS = ("volt", "ampere", "power", "energy_cost")
MOST_AT_ONCE = 200
RETRY_S = 0.05


@dataclass(frozen=True)
class Plan:
    """Readings `first` ... `first + count - 1`, round robin over panels and their topics, `rate` a
    second (0: no limit), at most `window` of them unconfirmed; each `bad_every`-th is no number.
    `timed` puts the time into each message, `note_times` into the report."""

    count: int
    rate: float = 0.0
    panels: int = 10
    topics: int = 4
    first: int = 0
    bad_every: int = 0
    window: int = 2000
    prefix: str = "p"
    timed: bool = False
    note_times: bool = False

    def topic(self, number: int) -> str:
        panel, topic = divmod(number, self.topics)
        return f"panel/{self.prefix}{panel % self.panels}/{METRIC_TOPICS[topic]}"

    def is_bad(self, number: int) -> bool:
        return bool(self.bad_every) and number % self.bad_every == 0

    def payload(self, number: int) -> bytes:
        if self.is_bad(number):
            return b"bad %d" % number
        if self.timed:
            return b'{"value": %d, "timestamp": %d}' % (number, time.time_ns() // 1000)
        return b"%d" % number


@dataclass
class Report:
    """`confirmed` and `uncertain` are numbers of readings; `seconds` from first to last message.

    `started` and each reading's `sent_at`, in the order of the numbers, are of the monotonic clock,
    which all processes of a machine share.
    """

    confirmed: list[int] = field(default_factory=list)
    uncertain: list[int] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    connections: int = 0
    started: float = 0.0
    sent_at: list[float] = field(default_factory=list)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(vars(self)))

    @classmethod
    def read(cls, path: Path) -> "Report":
        return cls(**json.loads(path.read_text()))


class Meters:
    """Publishes a plan over as many connections as it takes."""

    def __init__(self, url: str, plan: Plan, client_id: str) -> None:
        self.plan = plan
        self.report = Report()
        self._url = url
        self._client_id = client_id
        self._link: Link | None = None
        self._under_way: dict[int, int] = {}
        self._packet_id = 0
        period = plan.panels * plan.topics
        self._topics = [topic_bytes(plan.topic(number)) for number in range(period)]

    def run(self) -> Report:
        started, cpu = time.monotonic(), time.process_time()
        self.report.started = started
        todo = deque(range(self.plan.first, self.plan.first + self.plan.count))
        while todo or self._under_way:
            due = len(todo)
            if self.plan.rate:
                sent = self.plan.count - len(todo)
                due = int((time.monotonic() - started) * self.plan.rate) - sent
            try:
                self._advance(todo, due)
            except RefusedError:
                raise
            except OSError:
                self._lose()
        self.report.seconds = time.monotonic() - started
        self.report.cpu_seconds = time.process_time() - cpu
        if self._link:
            self._link.close()
        return self.report

    def _advance(self, todo: deque[int], due: int) -> None:
        """Send what is due and take in what is confirmed. Raises OSError with the connection."""
        if self._link is None:
            self._link = Link(self._url, self._client_id)
            self.report.connections += 1
        room = self.plan.window - len(self._under_way)
        batch = [todo.popleft() for _ in range(min(due, room, MOST_AT_ONCE, len(todo)))]
        packets = []
        for number in batch:
            self._packet_id = self._packet_id % MAX_PACKET_ID + 1
            self._under_way[self._packet_id] = number
            topic = self._topics[number % len(self._topics)]
            packets.append(publish_packet(topic, self._packet_id, self.plan.payload(number)))
        if self.plan.note_times:
            self.report.sent_at += [time.monotonic()] * len(packets)
        if packets:
            self._link.send(packets)
        full = len(self._under_way) >= self.plan.window or not todo
        wait_s = 0.5 if full else 0.0 if not self.plan.rate else 0.002
        for packet_id in self._link.confirmed(wait_s):
            self.report.confirmed.append(self._under_way.pop(packet_id))

    def _lose(self) -> None:
        self.report.uncertain += self._under_way.values()
        self._under_way.clear()
        if self._link:
            self._link.close()
            self._link = None
        time.sleep(RETRY_S)


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--report", type=Path)
    parser.add_argument("--client-id", default="load")
    for name, default in vars(Plan(count=10_000)).items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(default, bool):
            parser.add_argument(option, action="store_true")
        else:
            parser.add_argument(option, type=type(default), default=default)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    wanted = vars(options(arguments))
    url, path, client_id = wanted.pop("url"), wanted.pop("report"), wanted.pop("client_id")
    report = Meters(url, Plan(**wanted), client_id).run()
    if path:
        report.write(path)
    print(
        f"{len(report.confirmed)} confirmed, {len(report.uncertain)} uncertain in"
        f" {report.seconds:.2f} s: {len(report.confirmed) / max(report.seconds, 1e-9):.0f}/s"
        f" ({report.cpu_seconds / max(total(report), 1) * 1e6:.1f} us of CPU each)"
    )


def total(report: Report) -> int:
    return len(report.confirmed) + len(report.uncertain)


if __name__ == "__main__":
    main(sys.argv[1:])
