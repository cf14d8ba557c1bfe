"""The rejected messages: the list with its filter, one message, the CSV."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from dashboard.system.reasons import KINDS, OTHER, is_kind, kind_of
from dashboard.system.rejected import PAGE_ROWS
from meters.ingest.sample import Sampler
from meters.models import RejectedMessage
from meters.mqtt.link import Received
from meters.mqtt.topics import TopicSpace
from tests.settings import MQTT_TOPICS

NASTY = "</code><script>alert(1)</script>\x1b[31m\u202e"


@pytest.fixture
def page(operator: User) -> Client:
    client = Client()
    client.force_login(operator)
    return client


def reject(
    topic: str = "panel/trafo1/volt", payload: str = "230,5", reason: str = "", age_s: float = 0
) -> RejectedMessage:
    return RejectedMessage.objects.create(
        topic=topic,
        payload=payload,
        payload_bytes=len(payload.encode()),
        reason=reason or f"'{payload}' has a decimal comma: use a decimal point",
        received_at=timezone.now() - timedelta(seconds=age_s),
    )


def topics_of(client: Client, query: str = "") -> list[str]:
    content = client.get(f"/system/rejected{query}").content.decode()
    return re.findall(r'aria-label="[\d:]+, panel/(\w+)/volt"', content)


def refused(topic: str, payload: bytes, topics: TopicSpace) -> str:
    """The reason that the ingest itself gives."""
    message = Received(1, 1, 1, False, False, topic, payload, timezone.now().timestamp())
    (rejection,) = Sampler(topics).sample([message]).rejections
    return rejection.reason


@pytest.mark.parametrize(
    ("kind", "topic", "payload"),
    [
        ("number", "volt", b"230,5"),
        ("number", "volt", b"230 V"),
        ("number", "volt", b"NaN"),
        ("number", "volt", b""),
        ("number", "volt", b"true"),
        ("range", "volt", b"99999999"),
        ("json", "volt", b'{"voltage": 230}'),
        ("json", "volt", b'{"value": 230'),
        ("json", "volt", b'{"value": 1, "value": 2}'),
        ("json", "volt", b"[" * 21 + b"]" * 21),
        ("bytes", "volt", b"\xff"),
        ("bytes", "volt", b"1" * 10240),
        ("bytes", "volt", "\ufeff1".encode()),
        ("time", "volt", b'{"value": 1, "timestamp": "2026-01-15T10:30:45"}'),
        ("time", "volt", b'{"value": 1, "timestamp": 1999}'),
        ("time", "volt", b'{"value": 1, "timestamp": []}'),
        ("topic", "unknown", b"1"),
        ("topic", "x y/volt", b"1"),
    ],
)
def test_each_reason_of_the_ingest_is_of_a_kind(
    db: None, kind: str, topic: str, payload: bytes
) -> None:
    name = f"panel/{topic}" if "/" in topic else f"panel/trafo1/{topic}"
    reject(reason=refused(name, payload, MQTT_TOPICS))
    found = RejectedMessage.objects.annotate(kind=kind_of()).values_list("kind", flat=True)
    assert list(found) == [kind]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("panel", "panel x is unknown and MQTT_AUTO_REGISTER is off: add it in the admin"),
        (OTHER, "(1264, \"Out of range value for column 'voltage'\")"),
    ],
)
def test_reasons_of_the_database_are_of_a_kind_too(db: None, kind: str, reason: str) -> None:
    reject(reason=reason)
    assert list(RejectedMessage.objects.annotate(kind=kind_of()).values_list("kind")) == [(kind,)]


def test_a_message_is_of_one_kind_only(db: None) -> None:
    """Also where the words of one kind stand in a payload that another one quotes."""
    reject(reason="'x is not valid JSON: y' is not a number: expected a number such as 230.45")
    kinds = [key for key in [*KINDS, OTHER] if RejectedMessage.objects.filter(is_kind(key))]
    assert len(kinds) == 1


def test_the_newest_stands_first_with_its_reason_and_payload(page: Client) -> None:
    reject("panel/old/volt", age_s=60)
    reject("panel/new/volt", payload="231,25")
    assert topics_of(page) == ["new", "old"]
    content = page.get("/system/rejected").content.decode()
    assert "231,25" in content
    assert "has a decimal comma" in content


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["c", "b", "a"]),
        ("?q=panel/b", ["b"]),
        ("?q=comma", ["b"]),
        ("?q=99999", ["c"]),
        ("?kind=range", ["c"]),
        ("?kind=number&q=panel/a", []),
        ("?since=hour", ["c", "b"]),
        ("?since=week&kind=time", ["a"]),
        ("?q=100%25", []),
    ],
)
def test_the_filter_lets_pass_what_is_asked_for(
    page: Client, query: str, expected: list[str]
) -> None:
    reject("panel/a/volt", "1", "timestamp '1' is not Unix time", age_s=7200)
    reject("panel/b/volt", "230,5")
    reject("panel/c/volt", "99999999", "'99999999' is outside the plausible range of voltage: 0 to")
    assert topics_of(page, query) == expected


@pytest.mark.parametrize("query", ["?kind=nonsense", "?since=ever", "?before=x", "?q=" + "x" * 101])
def test_a_filter_that_cannot_be_used_is_refused_with_a_reason(page: Client, query: str) -> None:
    for path in ("/system/rejected", "/system/rejected.csv"):
        answer = page.get(path + query)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.content.decode()


def test_one_can_go_through_all_pages_and_back(page: Client) -> None:
    for number in range(2 * PAGE_ROWS + 5):
        reject(f"panel/p{number}/volt")
    seen, address = [], ""
    while True:
        seen += topics_of(page, address)
        older = re.search(r'rel="next" href="(\?[^"]+)"', _content(page, address))
        if not older:
            break
        address = older[1].replace("&amp;", "&")
    assert seen == [f"p{number}" for number in reversed(range(2 * PAGE_ROWS + 5))]
    newer = re.search(r'rel="prev" href="(\?[^"]+)"', _content(page, address))
    assert newer
    assert topics_of(page, newer[1])[-1] == "p5"
    assert len(topics_of(page, newer[1])) == PAGE_ROWS


def _content(client: Client, query: str) -> str:
    return client.get(f"/system/rejected{query}").content.decode()


def test_a_page_does_not_move_when_newer_messages_come(page: Client) -> None:
    messages = [reject(f"panel/p{number}/volt") for number in range(PAGE_ROWS + 1)]
    address = f"?before={messages[1].pk}"
    before = topics_of(page, address)
    reject("panel/newest/volt")
    assert topics_of(page, address) == before == ["p0"]


def test_kinds_are_counted_the_most_frequent_first(page: Client) -> None:
    for _ in range(3):
        reject()
    reject(reason="timestamp '1' is not Unix time")
    counted = re.findall(r'class="chip" href="\?kind=(\w+)".*?<b>(\d+)</b>', _content(page, ""))
    assert counted == [("number", "3"), ("time", "1")]


def test_a_message_is_told_in_full_with_what_is_accepted(page: Client) -> None:
    message = reject(payload="230,5" + "0" * 200)
    content = page.get(f"/system/rejected/{message.pk}").content.decode()
    assert "0" * 200 in content
    assert "205 bytes" in content
    assert "A number with a decimal point and without a unit" in content
    assert "Voltage from 0 to 1,000,000 V." in content


def test_its_neighbours_are_those_of_the_filter(page: Client) -> None:
    first, _, third = reject("panel/a/volt"), reject("panel/b/volt"), reject("panel/a/volt")
    content = page.get(f"/system/rejected/{third.pk}?q=panel/a").content.decode()
    assert f'rel="next" href="/system/rejected/{first.pk}?q=panel%2Fa"' in content
    assert 'rel="prev"' not in content


def test_hostile_text_is_shown_and_neither_run_nor_hidden(page: Client) -> None:
    message = reject(topic=NASTY, payload=NASTY, reason=f"'{NASTY}' is not a number: expected x")
    for path in ("/system/rejected", f"/system/rejected/{message.pk}"):
        content = page.get(path).content.decode()
        assert "<script>alert(1)" not in content
        assert '<span class="unseen-character">\\x1b</span>' in content
        assert '<span class="unseen-character">\\u202e</span>' in content


def test_a_viewer_may_not_see_a_message_nor_a_stranger(viewer: User, client: Client) -> None:
    path = f"/system/rejected/{reject().pk}"
    assert client.get(path).status_code == 302
    client.force_login(viewer)
    assert client.get(path).status_code == 403


def test_the_csv_has_what_the_filter_lets_pass(page: Client) -> None:
    reject("panel/a/volt", payload='230,5 "x"\nsecond line')
    reject("panel/b/volt")
    answer = page.get("/system/rejected.csv?q=panel/a")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    head, row = csv.reader(io.StringIO(answer.content.decode()))
    assert head == ["received_at", "topic", "kind", "reason", "payload_bytes", "payload"]
    assert (row[1], row[2], row[5]) == ("panel/a/volt", "number", '230,5 "x"\nsecond line')


@pytest.mark.parametrize(
    ("payload", "written"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("-5", "-5"), ("+5.2e3", "+5.2e3")]
)
def test_no_spreadsheet_takes_a_payload_for_a_formula(
    page: Client, payload: str, written: str
) -> None:
    reject(payload=payload, reason="x")
    rows: Any = csv.reader(io.StringIO(page.get("/system/rejected.csv").content.decode()))
    assert list(rows)[1][5] == written


def test_text_is_looked_for_as_it_is(page: Client) -> None:
    """A per cent sign is no wildcard, whatever the database."""
    reject(payload="50%")
    assert len(topics_of(page, "?q=0%25")) == 1
    assert topics_of(page, "?q=5%250") == []
    assert connection.vendor in ("sqlite", "mysql")


@pytest.mark.parametrize("key", ["999", "9" * 30])
def test_a_number_that_no_message_has_is_not_found(page: Client, key: str) -> None:
    assert page.get(f"/system/rejected/{key}").status_code == 404
    assert page.get(f"/system/rejected?before={key}").status_code in (200, 400)
