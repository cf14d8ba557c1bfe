"""A plant under test: meters that publish numbered readings from a process of their own, an ingest,
and the count of what came of each reading."""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from meters.metrics import METRICS
from tests.load.publish import Plan, Report
from tests.services.clients import MqttClient
from tests.services.fixtures import Services
from tests.services.ingest import Ingest
from tests.services.installation import REPOSITORY, Installation
from tests.services.mariadb import MariaDB
from tests.services.mosquitto import Mosquitto
from tests.services.processes import bare_environment
from tests.services.programs import tied_to_this_process
from tests.services.waiting import eventually

LONG: Final = os.environ.get("FAULTS") == "long"
SETTLE_LIMIT_S: Final = 90.0
_numbers = count(1)


def short_or_long(short: Any, long: Any) -> Any:
    """Which of the two this run takes: `FAULTS=long` for the long form."""
    return long if LONG else short


@dataclass
class Outcome:
    """What became of the published numbers. `lost`: the broker confirmed them, and they are nowhere;
    `doubled`: they stand more than once."""

    published: int
    stored: int
    rejected: int
    lost: list[int]
    doubled: list[int]
    recovery_s: float | None = None

    def __str__(self) -> str:
        recovery = (
            "" if self.recovery_s is None else f", stored again after {self.recovery_s:.1f} s"
        )
        return (
            f"published {self.published} = stored {self.stored} + rejected {self.rejected},"
            f" lost {len(self.lost)}, doubled {len(self.doubled)}{recovery}"
        )


class Meters:
    """A running publisher. Reading n has the value n; a message `bad n` is none."""

    def __init__(self, url: str, folder: Path, plan: Plan) -> None:
        self.plan = plan
        number = next(_numbers)
        self._report = folder / f"report-{number}.json"
        options = [
            part
            for name, value in vars(plan).items()
            if not isinstance(value, bool)
            for part in (f"--{name.replace('_', '-')}", str(value))
        ]
        command = [sys.executable, "-m", "tests.load.publish", url, *options]
        command += ["--report", str(self._report), "--client-id", f"meters-{number}"]
        self._process = subprocess.Popen(
            tied_to_this_process(command),
            cwd=REPOSITORY,
            env=bare_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    @property
    def is_finished(self) -> bool:
        return self._process.poll() is not None

    def finish(self, limit_s: float = SETTLE_LIMIT_S) -> Report:
        """Wait for the last reading to be confirmed."""
        assert self._process.wait(limit_s) == 0
        return Report.read(self._report)

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)


@dataclass
class Plant:
    """PELBIOT's ingest on servers that a test may break."""

    services: Services
    mosquitto: Mosquitto
    mariadb: MariaDB
    installation: Installation
    ingests: list[Ingest] = field(default_factory=list)
    meters: list[Meters] = field(default_factory=list)
    _healed_at: float = 0.0
    _rows_when_healed: int | None = None

    @classmethod
    def build(
        cls, services: Services, *, mariadb: MariaDB | None = None, broker: str = "", **env: str
    ) -> "Plant":
        """With a broker of its own; `mariadb` where the test breaks the database, and `broker` has
        lines for the broker's configuration. No ingest runs yet."""
        mosquitto = services.mosquitto(broker)
        server = mariadb or services.shared_mariadb or services.mariadb()
        env.setdefault("MQTT_KEEPALIVE", "15")
        return cls(
            services, mosquitto, server, services.installation(mosquitto, None, server, **env)
        )

    def start_ingest(self, **env: str) -> Ingest:
        """Another one, connected when this returns."""
        ingest = Ingest(self.installation, self.mariadb, **env)
        self.ingests.append(ingest)
        ingest.is_connected()
        return ingest

    @property
    def ingest(self) -> Ingest:
        return self.ingests[0]

    def publish(self, number: int, *, rate: float, **options: Any) -> Meters:
        """Start meters that publish so many readings, numbered on from those before."""
        first = sum(meters.plan.count for meters in self.meters)
        plan = Plan(count=number, rate=rate, first=first, **options)
        meters = Meters(self.mosquitto.meter_url, self.services.folder, plan)
        self.meters.append(meters)
        return meters

    def publish_equal(self, number: int) -> None:
        """Readings of a meter that always says the same; for a test that counts rows."""
        with MqttClient(self.mosquitto.meter_url) as meter:
            meter.publish_all(("panel/same/volt", "230") for _ in range(number))

    def published(self) -> int:
        return sum(meters.plan.count for meters in self.meters)

    def rows(self) -> int:
        """How many samples the database holds."""
        return int(self._ask("SELECT count(*) FROM meters_trend")[0][0])

    def healed(self) -> None:
        """The fault ends at this moment: recovery is the time from here to the next new row."""
        self._healed_at, self._rows_when_healed = time.monotonic(), self.rows()

    def settle(self, limit_s: float = SETTLE_LIMIT_S) -> Outcome:
        """Wait until all that was published is somewhere; then count.

        Asserts the accounting in every ingest's own row as well.
        """
        recovery_s = self._recovery_s(limit_s)
        reports = [meters.finish(limit_s) for meters in self.meters]
        confirmed = {number for report in reports for number in report.confirmed}
        uncertain = {number for report in reports for number in report.uncertain}
        deadline = time.monotonic() + limit_s
        while True:
            stored, rejected = self._stored(), self._rejected()
            found = stored + rejected
            if confirmed <= found.keys() and all(map(_is_done, self._accounts())):
                break
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        strange = found.keys() - confirmed - uncertain
        assert not strange, f"stored, but never published: {sorted(strange)[:10]}"
        outcome = Outcome(
            len(confirmed),
            len(stored.keys() & confirmed),
            len(rejected.keys() & confirmed),
            sorted(confirmed - found.keys()),
            sorted(number for number, times in found.items() if times > 1),
            recovery_s,
        )
        for account in self._accounts():
            assert _is_done(account), account
            assert _adds_up(account), account
        assert self._panels_behind() == []
        return outcome

    def end(self) -> None:
        for meters in self.meters:
            meters.end()
        for ingest in self.ingests:
            ingest.installation.stop_all()

    def logs(self) -> str:
        return "\n".join(ingest.log() for ingest in self.ingests)

    def _recovery_s(self, limit_s: float) -> float | None:
        before = self._rows_when_healed
        if before is None:
            return None
        if self.rows() == before and all(meters.is_finished for meters in self.meters):
            # On a slow machine all may have been stored before the fault ended.
            self.publish(100, rate=100)
        eventually(lambda: self.rows() > before, limit_s, "storing again")
        return time.monotonic() - self._healed_at

    def _panels_behind(self) -> list[tuple[Any, ...]]:
        """Panels whose current values are not their newest readings."""
        return [
            row
            for metric in METRICS
            for row in self._ask(
                f"SELECT p.name, p.{metric}_at, max(t.timestamp) AS newest FROM meters_panel p"
                f" JOIN meters_trend t ON t.panel_id = p.id AND t.{metric} IS NOT NULL"
                f" GROUP BY p.id, p.name, p.{metric}_at HAVING newest <> p.{metric}_at"
            )
        ]

    def _stored(self) -> Counter[int]:
        rows = self._ask("SELECT voltage, ampere, power, energy_cost FROM meters_trend")
        return Counter(int(value) for row in rows for value in row if value is not None)

    def _rejected(self) -> Counter[int]:
        rows = self._ask("SELECT payload FROM meters_rejectedmessage")
        found = (re.fullmatch(r"(?:bad )?(\d+)", str(payload)) for (payload,) in rows)
        return Counter(int(match[1]) for match in found if match)

    def _accounts(self) -> list[dict[str, Any]]:
        return [ingest.row() for ingest in self.ingests if ingest.process.is_running]

    def _ask(self, statement: str) -> list[tuple[Any, ...]]:
        return self.mariadb.execute(
            statement, self.installation.env["DATABASE_URL"].rpartition("/")[2]
        )


def _is_done(account: dict[str, Any]) -> bool:
    return bool(account) and account["in_memory"] == account["spooled"] == 0


def _adds_up(account: dict[str, Any]) -> bool:
    places = ("stored", "duplicate", "rejected", "spooled", "in_memory")
    return bool(account["received"] == sum(account[place] for place in places))


def wait_for(look: Callable[[], bool], what: str, limit_s: float = 60) -> None:
    eventually(look, limit_s, what)


def peak_mib(pid: int) -> float:
    """The most memory a process has held so far (resident)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
