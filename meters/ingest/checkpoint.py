"""What this client has already processed: how a message that comes again is told from a new one.

The broker repeats what it has no acknowledgement of: after kill -9 of either side that may be
messages that are stored. So each batch's transaction also writes the ledger: a ring of the last
32,768 messages in the order in which they were processed. An entry is a packet id with a hash of topic
and payload. How far an entry may be trusted when a message with its id and hash comes:

1. Only on a connection that resumed the broker's session, and only if it was made before that
   connection. A session that the broker lost is forgotten here too: it numbers anew.
2. Entries are `settled` once the broker has certainly taken in their acknowledgement: it will not
   repeat them, and may give their packet ids to others. One exception: a broker that was killed
   restores an older state and repeats what it once knew as unacknowledged. It is told by the DUP
   flag and by packet ids that run in one sequence from that entry to the newest: a broker that
   numbers like this has not used the id a second time. Where it goes back within the sequence, the
   sequence goes on from there, and what followed is forgotten.

The rest holds at the very start of a connection, up to the first message that is new:

3. A broker may redeliver without the DUP flag. Until it has set it once, messages without it count
   too, as long as each stands in the list after the one before, unsettled, and within the window of
   what can be under way at once. It may also number what it repeats from 1 again: then only hash
   and order tell.
4. What waited in the queue of a broker that restores an older state comes again as if for the first
   time: without the flag, with the packet ids it had then. It is told by following the id of the one
   before, within the sequence. That could also be a new reading that equals an old one, so only
   entries count that may have waited in a queue: those since the start of a connection, or since
   many came at once, until the broker was seen to have nothing more. An id of 1 where the sequence
   begins tells nothing: some brokers number anew on each connection.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from meters.mqtt.client import RECEIVE_MAXIMUM
from meters.mqtt.link import Received

PAGE_ENTRIES = 256
# 32,768 entries: half of all packet ids, so that of numbers in turn each stands here once.
PAGES = 128
_HASH_BYTES = 7
_ENTRY = struct.Struct(f">H{_HASH_BYTES}s?")
_WRITTEN_OVER = (0, b"", False)
_PACKET_IDS = 65_535


class Page(NamedTuple):
    """`entries` are packed packet ids, hashes and whether the message may have waited in the broker's
    queue, those with the indexes from `number` x 256 on."""

    slot: int
    number: int
    generation: int
    entries: bytes


class Head(NamedTuple):
    """Where the list stands: it holds entries up to `end`, of the broker's session `generation`.
    `flags`: the broker was seen to set the DUP flag.

    Of two heads of one client, the greater is the newer."""

    generation: int = 0
    end: int = 0
    settled: int = 0
    flags: bool = False


_EMPTY = Head()


@dataclass(slots=True)
class _Resumed:
    """How far the redelivery on the connection `epoch` has been followed."""

    epoch: int
    before: int = 0  # entries from here on were made on this connection
    in_sequence: int = 0  # and from here to there the packet ids run in one sequence
    last: int = -1
    anew: int = 0  # messages that were numbered from 1 again
    at_start: bool = True


class Ledger:
    """The list, in memory. Kept in pages, of which only those that changed are written."""

    def __init__(self, head: Head = _EMPTY, pages: Iterable[Page] = ()) -> None:
        """The list as it was saved; pages of another generation, or overwritten, don't count."""
        self._generation, self._end, self._settled, self._flags = head
        self._queueing = False
        self._session = 0
        self._pages: dict[int, bytearray] = {}
        self._latest: dict[int, int] = {}
        self._last_id = 0
        self._in_sequence = 0  # from this entry to the newest, packet ids run in one sequence
        self._connection = _Resumed(epoch=-1)
        self._unsaved: dict[str, set[int]] = {}
        for page in sorted(pages, key=lambda page: page.number):
            first = page.number * PAGE_ENTRIES
            if page.generation != self._generation or first >= self._end:
                continue
            self._pages[page.number] = entries = bytearray(page.entries)
            for offset in range(len(entries) // _ENTRY.size):
                packet_id, *_ = _ENTRY.unpack_from(entries, offset * _ENTRY.size)
                self._note(packet_id, first + offset)

    @property
    def head(self) -> Head:
        return Head(self._generation, self._end, self._settled, self._flags)

    @property
    def settled(self) -> bool:
        """Whether nothing in it can come again."""
        return self._settled == self._end

    def begin_session(self, session: int) -> None:
        """The broker has lost its session and begun another: nothing of the old one comes again."""
        self._generation += 1
        self._end = self._settled = 0
        self._flags = self._queueing = False
        self._session = session
        self._connection = _Resumed(epoch=-1)
        self._pages.clear()
        self._latest.clear()
        self._unsaved.clear()

    def take(self, message: Received) -> bool:
        """Enter a message, once; False where it is one that was processed before."""
        if message.qos == 0 or message.session < self._session:
            return True  # it will not be delivered again
        if message.session > self._session:
            self.begin_session(message.session)
        connection = self._connection
        if message.epoch != connection.epoch:
            connection = _Resumed(message.epoch, self._end, self._in_sequence)
            self._connection = connection
            self._queueing = self._end > 0  # the queue of a new session is empty
        digest = _digest(message)
        if (message.redelivered or connection.at_start) and self._recognises(message, digest):
            return False
        connection.at_start = False
        self._append(message.packet_id, digest)
        return True

    def settles_at(self, epoch: int) -> int | None:
        """The place up to which everything is settled once the broker has taken in what was
        acknowledged on the connection `epoch`; None where that can't be told, or is so already.

        What was acknowledged on an earlier connection may have got lost with it: it comes again
        before anything new does.
        """
        connection = self._connection
        followed = connection.epoch == epoch and connection.before < self._end
        return self._end if followed and not self.settled else None

    def settle(self, place: int) -> None:
        self._settled = max(self._settled, place)

    def queue_may_fill(self) -> None:
        """What is entered from now on may have waited in the broker's queue."""
        self._queueing = True

    def queue_is_empty(self) -> None:
        """The broker has nothing for us but what it gets from now on."""
        self._queueing = False

    def unsaved(self, where: str) -> list[Page]:
        """The pages that changed since `saved`; all of them the first time."""
        numbers = self._unsaved.get(where)
        wanted = self._pages.keys() if numbers is None else numbers & self._pages.keys()
        return [
            Page(number % PAGES, number, self._generation, bytes(self._pages[number]))
            for number in sorted(wanted)
        ]

    def saved(self, where: str) -> None:
        """What `unsaved` told is now written there."""
        self._unsaved[where] = set()

    def _recognises(self, message: Received, digest: bytes) -> bool:
        connection = self._connection
        self._flags |= message.redelivered
        index = self._latest.get(message.packet_id, -1)
        known = (
            connection.last < index < connection.before
            and self._entry(index)[:2] == (message.packet_id, digest)
            and self._trusted(index, message)
        )
        if not known and not self._flags and message.packet_id == connection.anew + 1:
            index = self._numbered_anew(digest)
            known = index >= 0
            connection.anew += known
        if known:
            connection.last = index
        return known

    def _numbered_anew(self, digest: bytes) -> int:
        """The entry of a message that is repeated under another id; -1: there is none."""
        connection = self._connection
        if connection.anew:
            places = range(connection.last + 1, min(connection.last + 2, connection.before))
        elif connection.last < 0:
            earliest = max(self._settled, connection.before - RECEIVE_MAXIMUM)
            places = range(earliest, connection.before)
        else:
            places = range(0)
        return next((index for index in places if self._entry(index)[1] == digest), -1)

    def _trusted(self, index: int, message: Received) -> bool:
        connection, unsettled = self._connection, index >= self._settled
        if message.redelivered:
            return unsettled or index >= connection.in_sequence
        if unsettled and not self._flags and index >= connection.before - RECEIVE_MAXIMUM:
            return True
        # Some brokers number anew on each connection, from 1: that is no older state.
        anew = index == connection.in_sequence and message.packet_id == 1
        follows = connection.last < 0 or message.packet_id == _next(self._entry(connection.last)[0])
        return follows and index >= connection.in_sequence and not anew and self._entry(index)[2]

    def _append(self, packet_id: int, digest: bytes) -> None:
        number = self._end // PAGE_ENTRIES
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = bytearray()
            self._pages.pop(number - PAGES, None)
            for numbers in self._unsaved.values():
                numbers.discard(number - PAGES)
        page += _ENTRY.pack(packet_id, digest, self._queueing)
        self._note(packet_id, self._end)
        self._end += 1
        for numbers in self._unsaved.values():
            numbers.add(number)

    def _note(self, packet_id: int, index: int) -> None:
        if packet_id != _next(self._last_id):
            self._break_sequence(packet_id, index)
        self._last_id = packet_id
        self._latest[packet_id] = index

    def _break_sequence(self, packet_id: int, index: int) -> None:
        """Where the id stands within the sequence, the broker has restored the state it had then
        and the sequence goes on from there: what it had numbered since, it has forgotten."""
        back = self._latest.get(packet_id, -1)
        if back <= self._in_sequence:
            self._in_sequence = index
            return
        for forgotten in range(back, index):
            number = self._entry(forgotten)[0]
            if self._latest.get(number) == forgotten:
                del self._latest[number]

    def _entry(self, index: int) -> tuple[int, bytes, bool]:
        """Packet id, hash, and whether it may have waited in the broker's queue."""
        number, offset = divmod(index, PAGE_ENTRIES)
        page = self._pages.get(number)
        if page is None:
            return _WRITTEN_OVER
        packet_id, digest, queued = _ENTRY.unpack_from(page, offset * _ENTRY.size)
        return packet_id, digest, queued


def _next(packet_id: int) -> int:
    return packet_id % _PACKET_IDS + 1


def _digest(message: Received) -> bytes:
    topic = message.topic.encode("utf-8", "surrogatepass")
    return blake2b(topic + b"\0" + message.payload, digest_size=_HASH_BYTES).digest()
