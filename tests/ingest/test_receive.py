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
    assert Inbox().take(10, wait_s=0.01) == []


def test_a_waiting_taker_is_woken_by_a_message() -> None:
    inbox, taken = Inbox(), []
    taker = in_thread(lambda: taken.extend(inbox.take(10, wait_s=30)))
    (only,) = filled(inbox, 1)
    taker.join(5)
    assert taken == [only]


def test_no_message_gets_lost_between_two_threads_at_full_speed() -> None:
    inbox = Inbox()
    taken: list[Received] = []
    messages = [message() for _ in range(20_000)]

    def put_all() -> None:
        for one in messages:
            inbox.put(one)

    putter = in_thread(put_all)
    while len(taken) < len(messages):
        some = inbox.take(7, wait_s=5)
        assert some, "the taker slept while messages were there"
        taken += some
    putter.join(5)
    assert taken == messages


def test_a_full_inbox_says_so_until_there_is_room() -> None:
    inbox = Inbox(capacity=2)
    filled(inbox, 1)
    assert inbox.has_room()
    filled(inbox, 1)
    assert not inbox.has_room()
    inbox.take(1, wait_s=0)
    assert inbox.has_room()


def test_huge_messages_fill_it_by_their_bytes() -> None:
    inbox = Inbox(capacity_bytes=1000)
    inbox.put(message(payload=b"x" * 1000))
    assert not inbox.has_room()
    inbox.take(1, wait_s=0)
    assert inbox.has_room()


def test_who_waits_for_room_is_woken_when_there_is_some() -> None:
    inbox = Inbox(capacity=1)
    filled(inbox, 1)
    inbox.wait_for_room(0.01)
    waiter = in_thread(lambda: inbox.wait_for_room(30))
    inbox.take(1, wait_s=0)
    waiter.join(5)
    assert not waiter.is_alive()


def test_after_closing_messages_are_left_to_the_broker_and_nobody_waits_for_room() -> None:
    inbox = Inbox(capacity=1)
    kept = filled(inbox, 1)
    waiter = in_thread(lambda: inbox.wait_for_room(30))
    inbox.close()
    waiter.join(5)
    assert not waiter.is_alive()
    assert inbox.has_room()
    filled(inbox, 1)
    assert inbox.take(10, wait_s=0) == kept
    assert inbox.received == 1
