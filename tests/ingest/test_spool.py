import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from meters.ingest.checkpoint import Head, Ledger
from meters.ingest.spool import RESERVE_BYTES, Spool, SpoolError, left_behind, spool_file
from meters.mqtt.link import Received
from tests.ingest.messages import message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool" / "ingest.sqlite3"


@pytest.fixture
def spool(path: Path) -> Iterator[Spool]:
    spool = Spool(path, max_mb=1)
    spool.open()
    yield spool
    spool.close()


def put(spool: Spool, token: str, *payloads: str, ledger: Ledger | None = None) -> None:
    spool.append(token, [message(payload=payload) for payload in payloads], ledger or Ledger())


def contents(spool: Spool, limit: int = 1000) -> list[tuple[str, list[str]]]:
    return [
        (batch.token, [one.payload.decode() for one in batch.messages])
        for batch in spool.oldest(limit)
    ]


def test_what_goes_in_first_comes_out_first(spool: Spool) -> None:
    put(spool, "a", "1", "2")
    put(spool, "b", "3")
    assert contents(spool) == [("a", ["1", "2"]), ("b", ["3"])]
    assert spool.messages == 3


def test_at_least_one_batch_comes_out_and_not_many_more_messages_than_wanted(spool: Spool) -> None:
    for token in "abc":
        put(spool, token, "1", "2")
    assert [token for token, _ in contents(spool, limit=1)] == ["a"]
    assert [token for token, _ in contents(spool, limit=4)] == ["a", "b"]


def test_what_was_removed_is_gone_and_the_rest_stays(spool: Spool) -> None:
    for token in "abc":
        put(spool, token, "1", "2")
    spool.remove(spool.oldest(4))
    assert [token for token, _ in contents(spool)] == ["c"]
    assert spool.messages == 2


def test_all_up_to_a_token_can_be_removed(spool: Spool) -> None:
    for token in "abc":
        put(spool, token, "1", "2")
    assert spool.remove_through("b") == 4
    assert spool.remove_through("unknown") == 0
    assert [token for token, _ in contents(spool)] == ["c"]


def test_any_topic_any_bytes_and_the_moment_of_arrival_come_back(spool: Spool) -> None:
    sent = [
        message("panel/é漢/volt", bytes(range(256)), 1768449600.123456),
        message("panel/\\xff\x00/volt", b"", 0.1),
    ]
    spool.append("a", sent, Ledger())
    (batch,) = spool.oldest(10)
    assert [_said(one) for one in batch.messages] == [_said(one) for one in sent]


def _said(one: Received) -> tuple[str, bytes, float]:
    return one.topic, one.payload, one.received_s


def test_it_is_on_the_disk_also_when_nobody_closes_it(
    spool: Spool, path: Path, tmp_path: Path
) -> None:
    ledger = Ledger()
    ledger.take(message(packet_id=7))
    put(spool, "a", "1", ledger=ledger)
    copy = tmp_path / "after the power cut"
    shutil.copytree(path.parent, copy)
    other = Spool(copy / path.name, max_mb=1)
    other.open()
    assert contents(other) == [("a", ["1"])]
    assert other.messages == 1
    head, pages = other.checkpoint()
    assert head == Head(end=1)
    assert [page.number for page in pages] == [0]
    other.close()


def test_every_commit_is_flushed_to_the_disk(spool: Spool) -> None:
    put(spool, "a", "1")
    assert spool._connection is not None
    assert spool._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_an_empty_one_has_an_empty_checkpoint(spool: Spool) -> None:
    assert spool.checkpoint() == (Head(), [])


def test_the_checkpoint_can_be_kept_without_a_batch(spool: Spool) -> None:
    ledger = Ledger()
    ledger.take(message())
    ledger.settle(1)
    spool.settle(ledger)
    assert spool.checkpoint()[0] == Head(end=1, settled=1)
    assert spool.messages == 0


def fill(spool: Spool) -> int:
    """How many batches go in; each is of random bytes, which don't compress."""
    for number in range(10_000):
        try:
            put(spool, f"batch {number}", os.urandom(20_000).hex())
        except SpoolError as error:
            assert "is full (SPOOL_MAX_MB=1" in str(error)
            return number
    raise AssertionError("it has no bound")


def test_a_full_one_says_so_and_keeps_nothing_half(spool: Spool, path: Path) -> None:
    batches = fill(spool)
    assert 10 < batches < 52
    assert len(spool.oldest(10_000)) == spool.messages == batches
    assert path.stat().st_size <= 1024 * 1024


def test_a_full_one_takes_more_when_something_has_left(spool: Spool) -> None:
    fill(spool)
    spool.remove(spool.oldest(5))
    put(spool, "later", "1")
    assert spool.oldest(10_000)[-1].token == "later"


def test_a_disk_without_the_room_that_draining_needs_counts_as_full(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(spool, "a", "1")
    disk = shutil.disk_usage(spool.path.parent)._replace(free=RESERVE_BYTES - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: disk)
    with pytest.raises(SpoolError, match="is full"):
        put(spool, "b", "2")
    assert contents(spool) == [("a", ["1"])]
    spool.settle(Ledger())
    spool.remove(spool.oldest(1))
    assert spool.messages == 0


def test_after_a_long_outage_the_disk_gets_its_space_back(path: Path) -> None:
    spool = Spool(path, max_mb=100)
    for number in range(30):
        put(spool, f"batch {number}", os.urandom(500_000).hex())
    spool.remove(spool.oldest(1000))
    assert path.stat().st_size < 1_000_000
    put(spool, "later", "1")
    spool.close()


def damage(path: Path) -> None:
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    path.write_bytes(b"no database" * 1000)


def set_aside(path: Path) -> list[Path]:
    return [one for one in path.parent.iterdir() if ".damaged-" in one.name]


def test_a_damaged_file_is_set_aside_with_an_alarm_and_another_begun(
    spool: Spool, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(spool, "a", "1")
    spool.close()
    damage(path)
    spool.open()
    assert contents(spool) == []
    assert [one.read_bytes()[:11] for one in set_aside(path)] == [b"no database"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    put(spool, "b", "2")
    assert contents(spool) == [("b", ["2"])]


def test_a_file_that_replaces_a_damaged_one_gets_the_whole_checkpoint(
    spool: Spool, path: Path
) -> None:
    ledger = Ledger()
    for number in range(600):
        ledger.take(message(packet_id=1 + number))
    put(spool, "a", "1", ledger=ledger)
    spool.close()
    damage(path)
    ledger.take(message(packet_id=601))
    put(spool, "b", "2", ledger=ledger)
    head, pages = spool.checkpoint()
    assert (head.end, [page.number for page in pages]) == (601, [0, 1, 2])


def test_a_batch_that_cannot_be_read_is_set_aside_with_its_file(spool: Spool, path: Path) -> None:
    put(spool, "a", "1")
    assert spool._connection is not None
    spool._connection.execute("UPDATE batch SET body = x'00'")
    with pytest.raises(SpoolError, match="can't be used"):
        spool.oldest(10)
    assert len(set_aside(path)) >= 1
    assert (spool.messages, spool.lost) == (0, 1)
    put(spool, "b", "2")
    assert contents(spool) == [("b", ["2"])]


@pytest.mark.parametrize("name", ["a file", "a file/below"])
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(SpoolError, match=r"can't be used: (File exists|Not a directory)"):
        Spool(tmp_path / name / "x.sqlite3", max_mb=1).open()


def test_what_another_client_id_has_left_is_found(tmp_path: Path) -> None:
    for name in ("left", "empty", "running", "own"):
        spool = Spool(tmp_path / f"{name}.sqlite3", max_mb=1)
        spool.open()
        if name != "empty":
            put(spool, "a", "1", "2")
        if name != "running":
            spool.close()
        else:
            running = spool
    (tmp_path / "odd.sqlite3").write_text("no database")
    assert list(left_behind(tmp_path / "own.sqlite3")) == [(tmp_path / "left.sqlite3", 2)]
    running.close()


HOLD = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM batch')"


def test_a_file_that_another_process_has_is_told_and_left_alone(spool: Spool, path: Path) -> None:
    put(spool, "a", "1")
    command = [sys.executable, "-c", HOLD, str(path)]
    other = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "locked" in other.stderr
    second = Spool(path, max_mb=1)
    with pytest.raises(SpoolError, match="locked"):
        second.open()
    assert set_aside(path) == []
    assert contents(spool) == [("a", ["1"])]


def test_a_folder_holds_a_file_for_each_client_id(tmp_path: Path) -> None:
    assert spool_file(tmp_path, "ingest-1") == tmp_path / "ingest-1.sqlite3"
    assert spool_file(tmp_path / "new", "a/b c") == tmp_path / "new" / "a_b_c.sqlite3"
    (tmp_path / "v1.2").mkdir()
    assert spool_file(tmp_path / "v1.2", "a") == tmp_path / "v1.2" / "a.sqlite3"
    assert spool_file(tmp_path / "one.db", "a") == tmp_path / "one.db"
