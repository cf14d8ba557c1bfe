import threading
from collections.abc import Callable

from meters.ingest.receive import Inbox
from meters.mqtt.link import Received
from tests.ingest.messages import message


def in_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def filled(inbox: Inbox, count: int) -> list[Received]:
    messages = [message() for _ in range(count)]
    for one in messages:
        inbox.put(one)
    return messages


def test_messages_come_out_in_the_order_they_came_in() -> None:
    inbox = Inbox()
    messages = filled(inbox, 5)
    assert inbox.take(3, wait_s=0) == messages[:3]
    assert inbox.take(3, wait_s=0) == messages[3:]
    assert inbox.received == 5


def test_an_empty_inbox_gives_nothing_after_the_wait() -> None:
    assert Inbox().take(10, wait_s=0) == []


def test_a_waiting_taker_is_woken_by_a_message() -> None:
    inbox, taken = Inbox(), []
    taker = in_thread(lambda: taken.extend(inbox.take(10, wait_s=30)))
    (only,) = filled(inbox, 1)
    taker.join(5)
    assert taken == [only]


def test_a_full_inbox_blocks_until_there_is_room() -> None:
    inbox = Inbox(capacity=2)
    filled(inbox, 2)
    putter = in_thread(lambda: filled(inbox, 1))
    putter.join(0.05)
    assert putter.is_alive(), "the inbox grew beyond its capacity"
    assert len(inbox) == 2
    inbox.take(1, wait_s=0)
    putter.join(5)
    assert not putter.is_alive()
    assert (len(inbox), inbox.received) == (2, 3)


def test_huge_messages_fill_it_by_their_bytes() -> None:
    inbox = Inbox(capacity_bytes=1000)
    inbox.put(message(payload=b"x" * 1000))
    putter = in_thread(lambda: filled(inbox, 1))
    putter.join(0.05)
    assert putter.is_alive(), "memory is not bounded"
    inbox.take(1, wait_s=0)
    putter.join(5)
    assert not putter.is_alive()


def test_closing_frees_a_blocked_network_thread_and_its_message_is_left_to_the_broker() -> None:
    inbox = Inbox(capacity=1)
    kept = filled(inbox, 1)
    putter = in_thread(lambda: filled(inbox, 1))
    inbox.close()
    putter.join(5)
    assert not putter.is_alive()
    assert inbox.take(10, wait_s=0) == kept
    assert inbox.received == 1
