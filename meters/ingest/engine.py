"""The engine: takes each step of a reading's path in turn. One process runs one."""

import time
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from meters.ingest.acknowledge import Acknowledgements, Acknowledger
from meters.ingest.checkpoint import Ledger
from meters.ingest.heartbeat import Heartbeat
from meters.ingest.keep import Keeper, Unit
from meters.ingest.panels import CurrentValue
from meters.ingest.receive import Inbox
from meters.ingest.sample import Sampler
from meters.ingest.store import impatient
from meters.live import StateEvent, iso
from meters.management.stopping import Stop
from meters.mqtt.client import RECEIVE_MAXIMUM
from meters.mqtt.link import ConnectionStatus, Received
from meters.mqtt.timestamps import to_datetime

MAX_BATCH = 2000
# So many at once pass a broker's window without being queued: half of what it lets be under way.
# With MQTT 5 Mosquitto takes our number; without, it has its own, which may be 20.
FEW = {"5": RECEIVE_MAXIMUM // 2, "3.1.1": 10}
# Each transaction has a price of its own, so at high rates it is taken at most this often.
BUSY_RATE = 2000.0
BUSY_INTERVAL_S = 0.03
_SLICE_S = 0.005
_RATED_OVER_S = 0.1
_IDLE_S = 0.5
_ANSWER_S = 0.02
_HELD_S = 0.2


class Connection(Acknowledger, Protocol):
    status: ConnectionStatus

    def start(self) -> None: ...
    def stop(self) -> bool: ...
    def tick(self) -> None: ...


class Audience(Protocol):
    """Who hears of what was stored."""

    def offer(self, values: list[CurrentValue]) -> None: ...
    def announce(self, event: StateEvent) -> None: ...


@dataclass
class Engine:
    """`run` loops over `step`; a step moves one batch from the inbox to its acknowledgement.

    A batch that can't be kept is held, nothing more is taken in, and the broker keeps the rest.
    """

    inbox: Inbox
    sampler: Sampler
    keeper: Keeper
    connection: Connection
    audience: Audience
    heartbeat: Heartbeat
    stop: Stop
    ledger: Ledger = field(default_factory=Ledger)
    _held: Unit | None = None
    _taken: int = 0
    _taken_s: float = 0.0
    _rated: tuple[float, int] = (0.0, 0)  # since when, and how many messages there were then
    _busy: bool = False

    def __post_init__(self) -> None:
        self._use(self.ledger)

    def run(self) -> None:
        """Work until told to stop; the batch in hand is finished, the rest stays with the broker.

        Raises SpoolError where the spool can't be opened, NetworkThreadDiedError.
        """
        with impatient():
            try:
                if not self.resume():
                    return
                self.connection.start()
                try:
                    while not self.stop.is_set():
                        self.step()
                except BaseException:
                    self.inbox.close()
                    self.connection.stop()
                    raise  # the ledger is left as it was last written: it may be ahead of what is kept
                self._end()
            finally:
                self.keeper.spool.close()

    def resume(self) -> bool:
        """Read what an earlier process of this client id has left; False where told to stop first."""
        ledger = self.keeper.resume(self.stop)
        if ledger is not None:
            self._use(ledger)
        return ledger is not None

    def step(self, idle_s: float = _IDLE_S) -> bool:
        """One batch; False where there was nothing to do. Raises NetworkThreadDiedError."""
        self.connection.tick()
        if self._acknowledgements.asking:
            idle_s = min(idle_s, _ANSWER_S)
        worked = self._receive(0.0 if self.keeper.can_drain else idle_s)
        worked |= self.keeper.can_drain and self.keeper.drain()
        if self._held is None:  # else it is in the ledger, neither kept nor acknowledged
            moved = self._acknowledgements.settle()
            self.keeper.settle(self.ledger, moved=moved, idle=not worked)
        self._beat()
        return worked

    def status_changed(self, status: ConnectionStatus) -> None:
        """Called by the connection, in its thread: tell the pages and the status at once."""
        broker = str(self.heartbeat.settings.broker)
        if status.connected and not status.error:
            since = iso(to_datetime(int((status.since_s or 0) * 1e6)))
            self.audience.announce({"event": "mqtt-connected", "broker": broker, "since": since})
        else:
            self.heartbeat.failed(status.error)
            name = "mqtt-error" if status.connected else "mqtt-disconnected"
            self.audience.announce(
                {"event": name, "broker": broker, "message": status.error}  # type: ignore[typeddict-item]
            )
        self.heartbeat.hurry()

    # -- from the inbox to the acknowledgement ----------------------------------------------------

    def _receive(self, idle_s: float) -> bool:
        if self._held is None:
            messages = self._take(idle_s)
            if not messages:
                return False
            self._held = self._sample(messages)
        unit = self._held
        if not self.keeper.keep(unit, self.ledger):
            self.stop.wait(_HELD_S)
            return False
        if self.keeper.spool.messages:
            self.sampler.forget()
        self._held = None
        self._acknowledgements.send(unit.messages)
        self.audience.offer(self.keeper.store.current(unit.batch.samples))
        duplicates = len(unit.messages) - len(unit.fresh)
        self.heartbeat.counters.duplicate += duplicates
        self.heartbeat.saw(unit.messages[-1])
        return True

    def _take(self, idle_s: float) -> list[Received]:
        if self._busy:
            self._gather()
        messages = self.inbox.take(MAX_BATCH, wait_s=idle_s)
        self._taken += len(messages)
        self._taken_s = time.monotonic()
        since_s, received = self._rated
        if self._taken_s - since_s > _RATED_OVER_S:
            rate = (self.inbox.received - received) / (self._taken_s - since_s)
            self._busy = rate > BUSY_RATE
            self._rated = (self._taken_s, self.inbox.received)
        return messages

    def _gather(self) -> None:
        """Let a batch grow while it does. When its window is full, the broker sends no more."""
        until_s = self._taken_s + BUSY_INTERVAL_S
        waiting = -1
        while waiting < len(self.inbox) < RECEIVE_MAXIMUM and time.monotonic() < until_s:
            waiting = len(self.inbox)
            time.sleep(_SLICE_S)

    def _sample(self, messages: list[Received]) -> Unit:
        if len(messages) > FEW[self.connection.status.protocol or "3.1.1"]:
            self.ledger.queue_may_fill()
        take = self.ledger.take
        # A retained message is a copy of an old one that the broker keeps for newcomers.
        fresh = [message for message in messages if take(message) and not message.retained]
        return Unit(messages, fresh, self.sampler.sample(fresh))

    # -- what goes on beside ----------------------------------------------------------------------

    def _use(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._acknowledgements = Acknowledgements(self.connection, ledger)

    def _beat(self) -> None:
        counters, keeper = self.heartbeat.counters, self.keeper
        waiting = len(self.inbox)
        counters.received = self._taken + waiting + keeper.inherited - keeper.spool.lost
        counters.in_memory = waiting + (len(self._held.messages) if self._held else 0)
        counters.spooled = keeper.spool.messages
        if keeper.patience.due and self.heartbeat.due:
            beat = partial(self.heartbeat.beat, self.connection.status)
            keeper.attempt(beat, proves=not keeper.spool.messages)

    def _end(self) -> None:
        self.inbox.close()
        place = self._acknowledgements.last_place()
        if self.connection.stop() and place is not None and self._held is None:
            self.ledger.settle(place)
            self.keeper.write(self.ledger)
        self.heartbeat.hurry()
        self._beat()
