"""Which messages the ledger takes for new, rule by rule, and against brokers that misbehave."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meters.ingest.checkpoint import PAGE_ENTRIES, PAGES, Head, Ledger
from meters.mqtt.client import RECEIVE_MAXIMUM
from meters.mqtt.link import Received
from tests.ingest.messages import message

LAST_ID = 65_535
WINDOW = 20


def messages(*packet_ids: int, epoch: int = 1, session: int = 0) -> list[Received]:
    """One each, all with different payloads."""
    return [
        message(packet_id=one, payload=str(one), epoch=epoch, session=session) for one in packet_ids
    ]


def again(taken: Sequence[Received], *, epoch: int = 2, flag: bool = True) -> list[Received]:
    return [replace(one, epoch=epoch, redelivered=flag) for one in taken]


def new(ledger: Ledger, some: Sequence[Received]) -> list[int]:
    """The packet ids of those that are taken for new."""
    return [one.packet_id for one in some if ledger.take(one)]


def restarted(ledger: Ledger) -> Ledger:
    """As the next process reads it."""
    return Ledger(ledger.head, ledger.unsaved("somewhere"))


def test_every_message_of_a_first_connection_is_new() -> None:
    assert new(Ledger(), messages(1, 2, 3)) == [1, 2, 3]


@pytest.mark.parametrize("restart", [False, True])
def test_what_comes_again_is_recognised(restart: bool) -> None:
    ledger = Ledger()
    first = messages(1, 2, 3, 4)
    new(ledger, first)
    if restart:
        ledger = restarted(ledger)
    assert new(ledger, [*again(first[2:]), *messages(5, epoch=2)]) == [5]


def test_what_came_but_was_not_processed_is_new_when_it_comes_again() -> None:
    ledger = Ledger()
    first = messages(1, 2, 3, 4)
    new(ledger, first[:2])
    assert new(restarted(ledger), again(first)) == [3, 4]


def test_another_message_under_the_same_id_is_new() -> None:
    ledger = Ledger()
    new(ledger, messages(1))
    other = message(packet_id=1, payload="other", epoch=2, redelivered=True)
    elsewhere = message("panel/trafo2/volt", "1", packet_id=1, epoch=2, redelivered=True)
    assert new(ledger, [other, elsewhere]) == [1, 1]


def test_topic_and_payload_do_not_run_into_each_other() -> None:
    ledger = Ledger()
    ledger.take(message("panel/a/volt1", "2", packet_id=1))
    assert ledger.take(message("panel/a/volt", "12", packet_id=1, epoch=2, redelivered=True))


def test_equal_readings_of_one_connection_are_all_new() -> None:
    """Also from a broker that has one packet id for all of them."""
    ledger = Ledger()
    same = [message(packet_id=1, payload="230") for _ in range(5)]
    assert new(ledger, same) == [1] * 5


def test_a_message_without_an_acknowledgement_is_not_entered() -> None:
    ledger = Ledger()
    one = replace(message(packet_id=0), qos=0)
    assert new(ledger, [one, one, *again([one])]) == [0, 0, 0]
    assert ledger.head.end == 0


# -- sessions ---------------------------------------------------------------------------------------


def test_a_session_that_the_broker_lost_is_forgotten() -> None:
    ledger = Ledger()
    first = messages(1, 2, 3)
    new(ledger, first)
    fresh = [replace(one, epoch=2, session=1) for one in first]
    assert new(ledger, fresh) == [1, 2, 3]
    assert ledger.head == Head(generation=1, end=3)
    assert new(ledger, [replace(one, epoch=3, redelivered=True) for one in fresh]) == []


def test_it_is_forgotten_also_by_the_next_process() -> None:
    ledger = Ledger()
    new(ledger, messages(1, 2, 3))
    old_pages = ledger.unsaved("somewhere")
    new(ledger, messages(9, epoch=2, session=1))
    successor = Ledger(ledger.head, [*old_pages, *ledger.unsaved("somewhere")])
    assert new(successor, again(messages(1, 2), epoch=1)) == [1, 2]


def test_what_still_waits_of_a_lost_session_is_stored_and_not_entered() -> None:
    ledger = Ledger()
    new(ledger, messages(1, epoch=2, session=1))
    assert new(ledger, messages(2, epoch=1, session=0)) == [2]
    assert ledger.head.end == 1


# -- settled entries --------------------------------------------------------------------------------


def test_a_settled_id_may_belong_to_another_message_with_the_same_content() -> None:
    """A broker that always takes the lowest id, and a meter that always says the same."""
    ledger = Ledger()
    for number in range(3):
        ledger.take(message(packet_id=1 + number % 2, payload="230"))
    ledger.settle(3)
    for flag in (True, False):
        one = message(packet_id=2, payload="230", epoch=2 + flag, redelivered=flag)
        assert restarted(ledger).take(one)


def test_an_unsettled_one_is_recognised_in_the_same_case() -> None:
    ledger = Ledger()
    for number in range(4):
        ledger.take(message(packet_id=1 + number % 2, payload="230"))
    ledger.settle(3)
    assert not ledger.take(message(packet_id=2, payload="230", epoch=2, redelivered=True))


@pytest.mark.parametrize("first_id", [1, 65_000])
def test_an_older_state_that_a_broker_restores_is_recognised_by_ids_in_sequence(
    first_id: int,
) -> None:
    ledger = Ledger()
    sent = messages(*(1 + (first_id - 1 + number) % LAST_ID for number in range(2_000)))
    new(ledger, sent)
    ledger.settle(2_000)
    assert new(restarted(ledger), again(sent[500:600])) == []


def test_it_is_not_without_the_flag_nor_where_ids_were_used_in_another_order() -> None:
    ledger = Ledger()
    sent = messages(1, 2, 3, 7, 5)
    new(ledger, sent)
    ledger.settle(5)
    assert new(restarted(ledger), again(sent[:3], flag=False)) == [1, 2, 3]
    assert new(restarted(ledger), again(sent[:3])) == [1, 2, 3]


def test_what_is_settled_is_what_was_acknowledged_on_the_connection_that_stands() -> None:
    ledger = Ledger()
    assert ledger.settles_at(1) is None
    first = messages(1, 2)
    new(ledger, first)
    assert ledger.settles_at(1) == 2
    assert ledger.settles_at(2) is None, "its acknowledgements went with the first connection"
    new(ledger, again(first))
    assert ledger.settles_at(2) is None, "more may come again"
    new(ledger, messages(3, epoch=2))
    assert ledger.settles_at(2) == 3
    ledger.settle(3)
    assert ledger.settled
    assert ledger.settles_at(2) is None


# -- brokers without the DUP flag -------------------------------------------------------------------


def test_without_the_flag_the_start_of_the_connection_decides() -> None:
    ledger = Ledger()
    first = messages(1, 2, 3)
    new(ledger, first)
    assert new(ledger, [*again(first[1:], flag=False), *messages(4, epoch=2)]) == [4]


def test_after_the_first_new_message_nothing_without_the_flag_is_recognised() -> None:
    ledger = Ledger()
    first = messages(1, 2, 3)
    new(ledger, first)
    later = [*messages(9, epoch=2), *again(first, flag=False)]
    assert new(ledger, later) == [9, 1, 2, 3]


def test_a_broker_that_has_set_the_flag_once_is_believed_when_it_does_not() -> None:
    ledger = Ledger()
    first = messages(1, 2, 3)
    new(ledger, first)
    assert new(ledger, [*again(first[:1]), *again(first[1:], flag=False)]) == [2, 3]


def test_it_is_believed_ever_after() -> None:
    """Killed right after it saved its state, it has used these ids for nothing."""
    ledger = Ledger()
    first = messages(1)
    new(ledger, first)
    new(ledger, again(first))
    ledger.queue_is_empty()
    new(ledger, same := [message(packet_id=one, payload="230", epoch=2) for one in (2, 3, 4)])
    successor = restarted(ledger)
    assert new(successor, again(same, epoch=3, flag=False)) == [2, 3, 4]
    new(successor, messages(9, epoch=4, session=1))
    assert not successor.head.flags, "that was another broker"


def test_they_must_come_in_the_order_of_the_list() -> None:
    ledger = Ledger()
    first = messages(1, 2, 3)
    new(ledger, first)
    assert new(ledger, again([first[2], first[1]], flag=False)) == [2]


def test_only_what_can_be_under_way_at_once_counts() -> None:
    ledger = Ledger()
    first = messages(*range(1, RECEIVE_MAXIMUM + 2))
    new(ledger, first)
    assert new(restarted(ledger), again(first[:1], flag=False)) == [1]
    assert new(restarted(ledger), again(first[1:2], flag=False)) == []


def test_what_is_repeated_without_the_flag_may_be_numbered_from_one_again() -> None:
    ledger = Ledger()
    new(ledger, settled := [message(packet_id=1 + n, payload=f"settled {n}") for n in range(5)])
    ledger.settle(5)
    new(ledger, sent := [message(packet_id=6 + n, payload=str(n)) for n in range(5)])
    numbered = [replace(one, packet_id=1 + n, epoch=2) for n, one in enumerate(sent[2:])]
    after = [message(packet_id=4 + n, payload=str(n), epoch=2) for n in range(2)]
    assert new(restarted(ledger), [*numbered, *after]) == [4, 5]
    once_more = [replace(one, packet_id=1 + n, epoch=2) for n, one in enumerate(settled)]
    assert new(restarted(ledger), once_more) == [1, 2, 3, 4, 5]
    gaps = [replace(sent[n], packet_id=1 + k, epoch=2) for k, n in enumerate((0, 2, 3))]
    assert new(restarted(ledger), gaps) == [2, 3]


# -- the queue of a broker that restores an older state ---------------------------------------------


def after_a_queue(first_id: int = 1, *, packet_ids: Sequence[int] = ()) -> list[Received]:
    """Ten that came at once, and twenty after a reconnect that had waited at the broker."""
    ids = packet_ids or [1 + (first_id - 1 + number) % LAST_ID for number in range(30)]
    return [
        message(packet_id=one, payload=str(place), epoch=1 + (place >= 10))
        for place, one in enumerate(ids)
    ]


@pytest.mark.parametrize("first_id", [1, 65_520])
@pytest.mark.parametrize("under_way", [0, 5])
def test_what_waited_in_a_restored_queue_is_recognised(first_id: int, under_way: int) -> None:
    ledger = Ledger()
    sent = after_a_queue(first_id)
    new(ledger, sent)
    ledger.settle(30)
    ledger.queue_is_empty()
    new(ledger, messages(ledger._last_id + 1, epoch=2))
    restored = again(sent[10 : 10 + under_way], epoch=3)
    restored += again(sent[10 + under_way :], epoch=3, flag=False)
    assert new(restarted(ledger), [*restored, *messages(41, epoch=3)]) == [41]


def test_only_what_may_have_waited_in_a_queue_is_taken_for_it() -> None:
    """Else an equal reading, which gets the same id after the restoring, would be lost."""
    ledger = Ledger()
    new(ledger, after_a_queue())
    ledger.settle(30)
    ledger.queue_is_empty()
    new(ledger, after := messages(*range(31, 41), epoch=2))
    ledger.settle(40)
    assert new(restarted(ledger), again(after, epoch=3, flag=False)) == sent_ids(after)
    ledger.queue_may_fill()
    new(ledger, more := messages(*range(41, 51), epoch=2))
    ledger.settle(50)
    assert new(restarted(ledger), again(more, epoch=3, flag=False)) == []
    assert new(restarted(ledger), again(after, epoch=3, flag=False)) == sent_ids(after)


def test_a_new_session_has_no_queue() -> None:
    ledger = Ledger()
    new(ledger, sent := messages(*range(1, 11)))
    ledger.settle(10)
    assert new(restarted(ledger), again(sent, flag=False)) == sent_ids(sent)


def test_a_restored_queue_comes_whole_and_in_its_order() -> None:
    ledger = Ledger()
    new(ledger, sent := after_a_queue())
    ledger.settle(30)
    skipping = again([sent[12], sent[14], sent[15]], epoch=3, flag=False)
    assert new(restarted(ledger), skipping) == [15, 16]
    behind_a_new_one = [*messages(99, epoch=3), *again(sent[12:14], epoch=3, flag=False)]
    assert new(restarted(ledger), behind_a_new_one) == [99, 13, 14]


def test_a_broker_that_numbers_anew_on_each_connection_has_restored_nothing() -> None:
    ledger = Ledger()
    sent = after_a_queue(packet_ids=[*range(1, 11), *range(1, 21)])
    new(ledger, sent)
    ledger.settle(30)
    same = [replace(one, epoch=3) for one in sent[10:]]
    assert new(restarted(ledger), same) == list(range(1, 21))


# -- pages ------------------------------------------------------------------------------------------


def test_it_is_the_same_after_it_was_saved_and_read() -> None:
    ledger = Ledger()
    sent = messages(*range(1, 1_001))
    new(ledger, sent)
    ledger.settle(900)
    successor = restarted(ledger)
    assert successor.head == ledger.head == Head(end=1_000, settled=900)
    assert new(successor, again(sent[900:])) == []


def test_of_each_place_it_knows_what_is_to_be_written_there() -> None:
    ledger = Ledger()
    new(ledger, messages(*range(1, 601)))
    assert [page.number for page in ledger.unsaved("here")] == [0, 1, 2]
    ledger.saved("here")
    assert ledger.unsaved("here") == []
    new(ledger, messages(601))
    assert [page.number for page in ledger.unsaved("here")] == [2]
    assert [page.number for page in ledger.unsaved("there")] == [0, 1, 2]


def test_places_that_are_not_written_to_cost_no_memory() -> None:
    ledger = Ledger()
    ledger.saved("here")
    for number in range(2 * PAGE_ENTRIES * PAGES):
        ledger.take(message(packet_id=1 + number % LAST_ID))
    assert len(ledger._unsaved["here"]) == PAGES


def test_it_holds_so_many_entries_and_writes_over_the_oldest() -> None:
    ledger = Ledger()
    kept = PAGE_ENTRIES * PAGES
    sent = messages(*range(1, kept + PAGE_ENTRIES + 1))
    new(ledger, sent)
    pages = ledger.unsaved("here")
    assert sorted(page.slot for page in pages) == list(range(PAGES))
    assert sum(len(page.entries) for page in pages) == kept * 10
    assert new(restarted(ledger), again(sent[:PAGE_ENTRIES])) == sent_ids(sent[:PAGE_ENTRIES])
    assert new(restarted(ledger), again(sent[PAGE_ENTRIES : PAGE_ENTRIES + 5])) == []


def sent_ids(some: Sequence[Received]) -> list[int]:
    return [one.packet_id for one in some]


def test_ids_that_start_again_at_one_hide_no_message() -> None:
    ledger = Ledger()
    for start in range(0, 200_000, 50_000):
        ids = [1 + number % LAST_ID for number in range(start, start + 50_000)]
        epoch = 1 + start // 50_000
        some = [message(packet_id=one, payload="230", epoch=epoch) for one in ids]
        assert len(new(ledger, some)) == 50_000


# -- against a broker -------------------------------------------------------------------------------


class Ids(Protocol):
    def take(self, in_use: set[int]) -> int: ...


@dataclass
class InTurn:
    """1 to 65,535 and over again, as Mosquitto and EMQX number; `last` is near the turn."""

    last: int = LAST_ID - 20

    def take(self, in_use: set[int]) -> int:
        self.last = self.last % LAST_ID + 1
        return self.last


class Circle(InTurn):
    """Few ids, one after the other, as small embedded brokers number."""

    def take(self, in_use: set[int]) -> int:
        self.last = self.last % 30 + 1
        return self.last


class Anew(InTurn):
    """From 1 on each connection, also what is repeated, as rumqttd does."""


class LowestFree:
    """As HiveMQ numbers."""

    def take(self, in_use: set[int]) -> int:
        return next(number for number in count(1) if number not in in_use)


@dataclass
class SimulatedBroker:
    """Queues messages for one lasting session, and delivers at most `window` unacknowledged."""

    ids: Ids
    flags: bool
    window: int = WINDOW
    queue: deque[bytes] = field(default_factory=deque)
    under_way: dict[int, bytes] = field(default_factory=dict)
    epoch: int = 0

    def connect(self) -> Iterator[Received]:
        """What it delivers again, in order."""
        self.epoch += 1
        if isinstance(self.ids, Anew):
            self.under_way = dict(enumerate(self.under_way.values(), 1))
            self.ids.last = len(self.under_way)
        return iter([self._received(one, self.flags) for one in self.under_way])

    def deliver(self, limit: int) -> list[Received]:
        sent: list[Received] = []
        while self.queue and len(self.under_way) < self.window and len(sent) < limit:
            number = self.ids.take(set(self.under_way))
            self.under_way[number] = self.queue.popleft()
            sent.append(self._received(number, flag=False))
        return sent

    def acknowledge(self, some: Sequence[Received]) -> None:
        for one in some:
            self.under_way.pop(one.packet_id, None)

    def _received(self, number: int, flag: bool) -> Received:
        payload = self.under_way[number]
        return message(packet_id=number, payload=payload, epoch=self.epoch, redelivered=flag)


# What happens to the messages of one turn before the ingest is killed, if it is.
FATES = st.sampled_from(
    ["processed", "processed and settled", "killed before", "killed after the commit"]
    + ["killed after half of the acknowledgements", "connection lost after the commit"]
)


@settings(max_examples=300)
@given(
    st.sampled_from(
        [(InTurn, True), (InTurn, False), (LowestFree, True), (Circle, False), (Anew, False)]
    ),
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12), FATES), max_size=25),
)
def test_every_message_is_stored_exactly_once_whatever_happens(
    kind: tuple[type[InTurn | LowestFree | Circle], bool], turns: list[tuple[int, int, str]]
) -> None:
    numbering, flags = kind
    broker, stored, numbers = SimulatedBroker(numbering(), flags), Counter[bytes](), count()
    ledger, waiting = Ledger(), list(broker.connect())
    for published, limit, fate in [*turns, *[(0, 1_000, "processed")] * 20]:
        broker.queue += [b"%d" % next(numbers) for _ in range(published)]
        batch = [*waiting, *broker.deliver(limit)]
        waiting = []
        saved = (ledger.head, ledger.unsaved("somewhere"))
        if fate != "killed before":
            fresh = [one for one in batch if ledger.take(one)]
            stored.update(one.payload for one in fresh)
            saved = (ledger.head, ledger.unsaved("somewhere"))
        if fate.startswith("processed"):
            broker.acknowledge(batch)
        if fate.endswith("half of the acknowledgements"):
            broker.acknowledge(batch[: len(batch) // 2])
        if fate.endswith("settled") and (place := ledger.settles_at(broker.epoch)):
            ledger.settle(place)
        if fate.startswith("killed"):
            ledger = Ledger(*saved)
        if not fate.startswith("processed"):
            waiting = list(broker.connect())
    assert stored == Counter(b"%d" % number for number in range(next(numbers)))
    assert not broker.under_way


class Plant:
    """An ingest that keeps up or not with a broker that saves its state now and then."""

    def __init__(self) -> None:
        self.broker = self.saved = SimulatedBroker(InTurn(), flags=True)
        self.ledger = Ledger()
        self.stored = Counter[bytes]()
        self.waiting: list[Received] = []
        self.away = False
        self.forgotten: set[bytes] = set()
        self.published = 0
        self.connect()

    def publish(self, number: int) -> None:
        numbers = range(self.published, self.published + number)
        self.broker.queue += [b"%d" % one for one in numbers]
        self.published += number
        if not self.away:
            self.waiting += self.broker.deliver(limit=1_000)

    def connect(self) -> None:
        self.away = False
        self.waiting = [*self.broker.connect(), *self.broker.deliver(limit=1_000)]

    def work(self, batches: int) -> None:
        if self.away and batches:
            self.connect()
        for _ in range(batches):
            batch, self.waiting = self.waiting, []
            if len(batch) > WINDOW // 2:
                self.ledger.queue_may_fill()
            self.stored.update(one.payload for one in batch if self.ledger.take(one))
            self.broker.acknowledge(batch)
            place = self.ledger.settles_at(self.broker.epoch)
            self.waiting = self.broker.deliver(limit=1_000)
            if place is not None:
                self.ledger.settle(place)
                if not self.waiting:
                    self.ledger.queue_is_empty()

    def save(self) -> None:
        self.saved = deepcopy(self.broker)

    def kill_broker(self) -> None:
        published = {b"%d" % number for number in range(self.published)}
        epoch, self.broker = self.broker.epoch, deepcopy(self.saved)
        self.broker.epoch = epoch
        known = {*self.broker.queue, *self.broker.under_way.values(), *self.stored}
        self.forgotten |= published - known
        self.away = True

    def restart_ingest(self) -> None:
        self.ledger = restarted(self.ledger)
        self.connect()


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 60),
            st.integers(0, 6),
            st.sampled_from(["", "", "saved", "broker killed", "power cut", "ingest killed"]),
        ),
        max_size=25,
    )
)
def test_a_broker_that_restores_an_older_state_with_a_queue_doubles_nothing(
    turns: list[tuple[int, int, str]],
) -> None:
    """The broker forgets what it had not saved; of all else nothing is lost or stored twice."""
    plant = Plant()
    plant.publish(1)
    plant.restart_ingest()  # what comes again has the flag
    plant.work(2)
    plant.save()
    for published, batches, what in turns:
        plant.publish(published)
        if what == "saved":
            plant.save()
        plant.work(batches)
        if what in ("ingest killed", "power cut"):
            plant.restart_ingest()
        if what in ("broker killed", "power cut"):
            plant.kill_broker()
    plant.work(200)
    published_numbers = {b"%d" % number for number in range(plant.published)}
    assert plant.stored == Counter(published_numbers - plant.forgotten)
