"""Where batches wait while the database is away: a local SQLite file, durable at each commit.

Messages lie here as they arrived and are sampled again when they are drained. A batch goes in
together with the checkpoint that knows its packet ids, so it may be acknowledged from here.
"""

import json
import logging
import shutil
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from meters.ingest.checkpoint import Head, Ledger, Page
from meters.mqtt.link import Received

logger = logging.getLogger(__name__)

_PAGE_BYTES = 4096
_SHRINK_BYTES = 16 * 1024 * 1024
# Left free on the disk, because taking batches out needs room as well. More than SQLite's log grows
# to between two checkpoints (1,000 pages and a batch).
RESERVE_BYTES = 16 * 1024 * 1024
_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY, token TEXT NOT NULL, messages INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS head (
    only INTEGER PRIMARY KEY CHECK (only = 1), generation INTEGER NOT NULL, end INTEGER NOT NULL,
    settled INTEGER NOT NULL, flags INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS page (
    slot INTEGER PRIMARY KEY, number INTEGER NOT NULL, generation INTEGER NOT NULL,
    entries BLOB NOT NULL
);
"""


class SpoolError(Exception):
    """The spool takes nothing just now; the sentence says why."""


@dataclass(frozen=True, slots=True)
class SpooledBatch:
    """`token` names the batch in the checkpoint, should it turn out to be in the database already."""

    id: int
    token: str
    messages: list[Received]


def file_name(client_id: str) -> str:
    """`client_id` as it may stand in the name of a file."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in client_id)


def spool_file(path: Path, client_id: str) -> Path:
    """The file of `client_id`: `path` itself, or one in it where that is a folder (exists as one,
    or has no suffix)."""
    if not path.is_dir() and path.suffix:
        return path
    return path / f"{file_name(client_id)}.sqlite3"


def left_behind(path: Path) -> Iterator[tuple[Path, int]]:
    """Spools beside `path` that hold messages and that no process has open, and how many."""
    for other in sorted(path.parent.glob("*.sqlite3")):
        if other != path:
            with suppress(sqlite3.Error), closing(sqlite3.connect(other, timeout=0)) as connection:
                (messages,) = connection.execute("SELECT sum(messages) FROM batch").fetchone()
                if messages:
                    yield other, messages


class Spool:
    """A queue of batches, first in, first out. For one process, and in it for one thread: opened
    where it is first used. Raises SpoolError from all that writes."""

    def __init__(self, path: Path, max_mb: int) -> None:
        self.path = path
        self._max_mb = max_mb
        self._connection: sqlite3.Connection | None = None
        self.messages = 0
        self.lost = 0  # messages that went with a damaged file
        self._replaced = 0  # files that were damaged

    def open(self) -> None:
        """Open or create the file. One that is damaged is set aside, with an alarm in the log."""
        with self._guarded():
            self._opened()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def append(self, token: str, messages: Sequence[Received], ledger: Ledger) -> None:
        """Keep a batch and the checkpoint with it; durable on return. Raises SpoolError where the
        file is full or can't be written: then nothing of it is kept."""
        body = zlib.compress(
            json.dumps(
                [
                    (message.topic, message.payload.decode("latin-1"), message.received_s)
                    for message in messages
                ]
            ).encode(),
            level=1,
        )
        with self._transaction() as connection:
            if shutil.disk_usage(self.path.parent).free < RESERVE_BYTES:
                raise self._full()
            connection.execute(
                "INSERT INTO batch (token, messages, body) VALUES (?, ?, ?)",
                (token, len(messages), body),
            )
            _write_checkpoint(connection, ledger, self._place)
        ledger.saved(self._place)
        self.messages += len(messages)

    def settle(self, ledger: Ledger) -> None:
        """Keep the checkpoint as it is now."""
        with self._transaction() as connection:
            _write_checkpoint(connection, ledger, self._place)
        ledger.saved(self._place)

    def oldest(self, limit: int) -> list[SpooledBatch]:
        """The batches to drain next, at least one, together at most `limit` messages."""
        batches: list[SpooledBatch] = []
        with self._guarded():
            rows = self._opened().execute("SELECT id, token, messages, body FROM batch ORDER BY id")
            for number, token, count, body in rows:
                limit -= count
                if batches and limit < 0:
                    break
                batches.append(SpooledBatch(number, token, list(_messages(body))))
            rows.close()
        return batches

    def remove(self, batches: Sequence[SpooledBatch]) -> None:
        """Forget batches that are now in the database."""
        self._remove_through(batches[-1].id)

    def remove_through(self, token: str) -> int:
        """Forget the batch of this name and those before it, if it is here; how many messages."""
        with self._guarded():
            found = self._opened().execute("SELECT id FROM batch WHERE token = ?", (token,))
            row = found.fetchone()
        return self._remove_through(row[0]) if row else 0

    def checkpoint(self) -> tuple[Head, list[Page]]:
        """As it was last kept here."""
        with self._guarded():
            connection = self._opened()
            row = connection.execute("SELECT * FROM head").fetchone()
            pages = connection.execute("SELECT slot, number, generation, entries FROM page")
            return Head(*row[1:]) if row else Head(), [Page(*page) for page in pages]

    def _remove_through(self, last: int) -> int:
        with self._transaction() as connection:
            (count,) = connection.execute(
                "SELECT coalesce(sum(messages), 0) FROM batch WHERE id <= ?", (last,)
            ).fetchone()
            connection.execute("DELETE FROM batch WHERE id <= ?", (last,))
        self.messages -= count
        if not self.messages:
            self._shrink()
        return int(count)

    def _shrink(self) -> None:
        """Give the disk back what a long outage took."""
        with suppress(OSError, sqlite3.Error):
            if self.path.stat().st_size > _SHRINK_BYTES and self._connection is not None:
                self._connection.execute("VACUUM")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._guarded():
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn what SQLite and the file system say into a SpoolError; set a damaged file aside."""
        try:
            yield
        except (sqlite3.Error, zlib.error, ValueError) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise self._full() from error
            if _damaged(error):
                self._put_aside(error)
            raise SpoolError(f"the spool {self.path} can't be used: {error}") from error
        except OSError as error:
            raise SpoolError(f"the spool {self.path} can't be used: {error.strerror}") from error

    def _full(self) -> SpoolError:
        return SpoolError(
            f"the spool {self.path} is full (SPOOL_MAX_MB={self._max_mb}, or the disk is)"
        )

    @property
    def _place(self) -> str:
        """What the ledger knows this file by: it doesn't have what one set aside had."""
        return f"spool {self._replaced}"

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._connection = self._connect()
            except sqlite3.DatabaseError as error:
                if not _damaged(error):
                    raise
                self._put_aside(error)
                self._connection = self._connect()
            (self.messages,) = self._connection.execute(
                "SELECT coalesce(sum(messages), 0) FROM batch"
            ).fetchone()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=1)
        try:
            # FULL: a commit that has returned stands after a power cut.
            for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            connection.execute(
                f"PRAGMA max_page_count={self._max_mb * 1024 * 1024 // _PAGE_BYTES}"
            ).fetchall()
            connection.executescript(_SCHEMA)
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if answer != "ok":
                raise sqlite3.DatabaseError(answer)
        except BaseException:
            connection.close()
            raise
        return connection

    def _put_aside(self, error: Exception) -> None:
        self.close()
        self._replaced += 1
        self.lost += self.messages
        self.messages = 0
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns() // 1_000_000}")
        for ending in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{self.path}{ending}").rename(f"{aside}{ending}")
        logger.error(
            "the spool %s was damaged (%s) and is set aside as %s: readings in it are not stored",
            self.path,
            error,
            aside.name,
        )


def _write_checkpoint(connection: sqlite3.Connection, ledger: Ledger, place: str) -> None:
    connection.execute("REPLACE INTO head VALUES (1, ?, ?, ?, ?)", ledger.head)
    connection.executemany("REPLACE INTO page VALUES (?, ?, ?, ?)", ledger.unsaved(place))


def _messages(body: bytes) -> Iterable[Received]:
    for topic, payload, received_s in json.loads(zlib.decompress(body)):
        yield Received(-1, 0, 0, False, False, topic, payload.encode("latin-1"), received_s)


def _damaged(error: Exception) -> bool:
    """Also where SQLite saw nothing wrong, but a batch can't be read."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
