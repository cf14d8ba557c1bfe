"""One ingest process under test, and what its database says of it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from tests.services.installation import Installation, PelbiotProcess
from tests.services.mariadb import MariaDB
from tests.services.waiting import eventually

_numbers = count(1)


class Ingest:
    """`manage.py mqtt_ingest` with a client id and a log of its own, on an installation's database."""

    def __init__(self, installation: Installation, mariadb: MariaDB, **env: str) -> None:
        self.client_id = env.setdefault("MQTT_CLIENT_ID", f"ingest-{next(_numbers)}")
        folder = installation.folder / f"{self.client_id}-{next(_numbers)}"
        # The state folder stays the installation's: there lies the lock of each client id.
        self.installation = Installation(folder, installation.env | env)
        self.mariadb = mariadb
        self.database = installation.env["DATABASE_URL"].rsplit("/", 1)[1]
        self.process = self._start()

    def _eventually(self, look: Callable[[], bool], limit_s: float, what: str) -> None:
        try:
            eventually(look, limit_s, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.row()}; the log:\n{self.log()}") from None

    def _start(self) -> PelbiotProcess:
        return self.installation.start_ingest()

    def start_again(self) -> None:
        """After an end: waits until it is connected once more."""
        seen = self.log().count("connected to")
        self.process = self._start()
        self.says_again("connected to", seen)

    def log(self) -> str:
        return self.process.log_text()

    def says(self, text: str, limit_s: float = 30) -> None:
        self._eventually(lambda: text in self.log(), limit_s, f"saying {text!r}")

    def says_again(self, text: str, seen: int, limit_s: float = 30) -> None:
        """Waits until it has said so more than `seen` times."""
        self._eventually(lambda: self.log().count(text) > seen, limit_s, f"saying {text!r} again")

    def is_connected(self) -> None:
        """Waits for it, for the subscription that follows, and for the row that tells of it."""
        self.says("subscribed to")
        self._eventually(lambda: bool(self.row().get("connected")), 30, "a row that says connected")

    def row(self) -> dict[str, Any]:
        """Its heartbeat."""
        columns = (
            "connected",
            "protocol",
            "last_error",
            "received",
            "stored",
            "rejected",
            "duplicate",
            "spooled",
            "in_memory",
        )
        rows = self.mariadb.execute(
            f"SELECT {', '.join(columns)} FROM meters_ingestworker"
            f" WHERE client_id = '{self.client_id}'",
            self.database,
        )
        return dict(zip(columns, rows[0], strict=True)) if rows else {}

    def voltages(self, panel: str) -> list[float]:
        """All that is stored of a panel, in the order of their times."""
        rows = self.mariadb.execute(
            "SELECT t.voltage FROM meters_trend t JOIN meters_panel p ON p.id = t.panel_id"
            f" WHERE p.name = '{panel}' ORDER BY t.timestamp",
            self.database,
        )
        return [float(str(row[0])) for row in rows]

    def stores(self, panel: str, *voltages: float, limit_s: float = 30) -> None:
        self._eventually(lambda: len(self.voltages(panel)) >= len(voltages), limit_s, "storing")
        assert (difference := _difference(self.voltages(panel), voltages)) == "", difference

    def has_acknowledged(self, count: int) -> None:
        """Waits until it tells of so many outcomes, which it does after acknowledging them."""

        def outcomes() -> int:
            row = self.row()
            return int(row["stored"] + row["rejected"] + row["duplicate"])

        self._eventually(lambda: outcomes() == count, 10, f"{count} outcomes")
        # TCP may hold back the last of many small acknowledgements for 40 ms (Nagle).
        time.sleep(0.2)

    def reasons(self, panel: str) -> dict[str, str]:
        """Why messages of a panel were rejected, by their payload's start."""
        rows = self.mariadb.execute(
            "SELECT payload, reason FROM meters_rejectedmessage"
            f" WHERE topic LIKE 'panel/{panel}/%'",
            self.database,
        )
        return {str(payload)[:10]: str(reason) for payload, reason in rows}


def _difference(stored: Sequence[float], sent: Sequence[float]) -> str:
    """How they differ, in a sentence; empty where they are the same in the same order."""
    if list(stored) == list(sent):
        return ""
    missing, extra = Counter(sent) - Counter(stored), Counter(stored) - Counter(sent)
    misplaced = next((pair for pair in zip(stored, sent, strict=False) if pair[0] != pair[1]), None)
    return f"missing {sorted(missing)}, extra {sorted(extra)}, first (stored, sent): {misplaced}"


@contextmanager
def ingesting(installation: Installation, mariadb: MariaDB, **env: str) -> Iterator[Ingest]:
    ingest = Ingest(installation, mariadb, **env)
    try:
        yield ingest
    finally:
        ingest.installation.stop_all()
