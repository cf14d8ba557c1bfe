"""Measuring one run: what is offered, what is stored, and what that costs the receiving processes."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from meters.metrics import METRICS
from tests.bench.servers import Helper, Stage
from tests.load.publish import METRIC_TOPICS, Plan, Report
from tests.services.installation import REPOSITORY, Installation, PelbiotProcess
from tests.services.mariadb import driver
from tests.services.processes import bare_environment
from tests.services.programs import tied_to_this_process
from tests.services.waiting import eventually

COLUMNS: Final = ("voltage", "ampere", "power", "energy_cost")  # in the order of METRIC_TOPICS
LOOK_EVERY_S: Final = 0.01
GIVE_UP_S: Final = 15.0  # without one reading more
MEMORY_AT_S: Final = (10, 30, 60)
_NEWEST_ROWS: Final = 64
assert len(COLUMNS) == len(METRIC_TOPICS)


# -- Processes --------------------------------------------------------------------------------------


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads, also of those that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int, what: str = "VmRSS") -> float:
    """VmRSS: resident now; VmHWM: the most it ever was."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"process {pid} tells no {what}")


# -- Publishing -------------------------------------------------------------------------------------


class Generator:
    """tests.load.publish in a process of its own."""

    def __init__(self, url: str, plan: Plan, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._report = folder / "report.json"
        options = [part for name, value in vars(plan).items() for part in _option(name, value)]
        command = [sys.executable, "-m", "tests.load.publish", url, *options]
        self.process = subprocess.Popen(
            tied_to_this_process([*command, "--report", str(self._report)]),
            cwd=REPOSITORY,
            env=bare_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for us; we end it
        )

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def report(self) -> Report:
        """Waits for its end. Raises RuntimeError where something may not have reached the broker."""
        self.process.wait()
        if self.process.returncode:
            raise RuntimeError(f"the generator ended with {self.process.returncode}")
        report = Report.read(self._report)
        if report.uncertain:
            raise RuntimeError(f"the broker did not confirm {len(report.uncertain)} readings")
        return report


def _option(name: str, value: object) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [option] if value else []
    return [option, str(value)]


@contextmanager
def publishing(stage: Stage, plan: Plan) -> Iterator[Generator]:
    generator = Generator(stage.mosquitto.meter_url, plan, stage.new_folder("load"))
    try:
        yield generator
    finally:
        generator.process.kill()
        generator.process.wait()


def publish_all(stage: Stage, plan: Plan) -> Report:
    with publishing(stage, plan) as generator:
        return generator.report()


# -- What is stored ---------------------------------------------------------------------------------


class Readings:
    """An installation's database, seen from outside: reading n of a plan has the value n."""

    def __init__(self, url: str, state_dir: str = "") -> None:
        self._connection: Any = (
            mariadb_connection(url)
            if url
            else sqlite3.connect(
                Path(state_dir) / "pelbiot.sqlite3", timeout=30, isolation_level=None
            )
        )

    @classmethod
    def of(cls, installation: Installation) -> "Readings":
        return cls(installation.env["DATABASE_URL"], installation.env["STATE_DIR"])

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        cursor = self._connection.cursor()
        try:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
        finally:
            cursor.close()

    def clear(self) -> None:
        """No panel, no reading: every run starts alike."""
        for table in ("trend", "panel", "rejectedmessage"):
            self.rows(f"DELETE FROM meters_{table}")

    def panel_id(self, name: str) -> int | None:
        rows = self.rows(f"SELECT id FROM meters_panel WHERE name = '{name}'")
        return int(rows[0][0]) if rows else None

    def newest(self, panel_id: int) -> list[tuple[float | None, ...]]:
        """A panel's newest rows. Cheap: the primary key leads there."""
        return self.rows(
            f"SELECT {', '.join(COLUMNS)} FROM meters_trend WHERE panel_id = {panel_id}"
            f" ORDER BY timestamp DESC LIMIT {_NEWEST_ROWS}"
        )

    def has(self, panel_id: int, number: int) -> bool:
        return any(number in row for row in self.newest(panel_id))

    def found(self, count: int) -> tuple[int, int]:
        """How many of the readings 0 ... count - 1 stand there, and how many stand there twice."""
        columns = [f"CASE WHEN {name} < {count} THEN {name} END" for name in COLUMNS]
        distinct = "+".join(f"COUNT(DISTINCT {column})" for column in columns)
        every = "+".join(f"COUNT({column})" for column in columns)
        ((found, total),) = self.rows(f"SELECT {distinct}, {every} FROM meters_trend")
        return int(found), int(total) - int(found)

    def close(self) -> None:
        self._connection.close()


def mariadb_connection(url: str) -> Any:
    address = urlsplit(url)
    return driver().connect(
        host=address.hostname,
        port=address.port,
        user=address.username,
        password=unquote(address.password or ""),
        database=address.path[1:],
        autocommit=True,
    )


# -- Who is measured --------------------------------------------------------------------------------


class Contestant(ABC):
    """Receives a plan's readings at QoS 1 in one or several processes, started anew for each run."""

    name: str

    @abstractmethod
    def start(self, plan: Plan) -> None:
        """Returns when all that is published from now on will be received."""

    @abstractmethod
    def pids(self) -> list[int]: ...

    @abstractmethod
    def finished(self, plan: Plan) -> float | None:
        """The moment all were received or stored, to LOOK_EVERY_S; None: not yet."""

    @abstractmethod
    def found(self, plan: Plan) -> tuple[int, int]:
        """How many readings it has, and how many of them twice."""

    @abstractmethod
    def stop(self) -> None:
        """Ends the processes; the broker keeps nothing for them."""

    def cpu_seconds(self) -> float:
        return sum(map(cpu_seconds, self.pids()))

    def memory_mib(self, what: str) -> float:
        return sum(memory_mib(pid, what) for pid in self.pids())


class Paho(Contestant):
    """The bare client library with an empty callback."""

    name = "paho alone"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._helper: Helper | None = None

    def start(self, plan: Plan) -> None:
        self._helper = Helper(
            self._stage.new_folder("paho"),
            "tests.bench.paho",
            self._stage.mosquitto.url,
            "paho",
            str(plan.count),
        )
        self._stage.start(self._helper)

    def pids(self) -> list[int]:
        assert self._helper is not None
        return [self._helper.pid]

    def finished(self, plan: Plan) -> float | None:
        moment = self._told().get("finished")
        return None if moment is None else float(moment)

    def found(self, plan: Plan) -> tuple[int, int]:
        return int(self._told().get("received", 0)), 0

    def stop(self) -> None:
        if self._helper is not None:
            self._helper.stop()
            self._stage.forget("paho")

    def _told(self) -> dict[str, Any]:
        assert self._helper is not None
        path = self._helper.report
        return dict(json.loads(path.read_text())) if path.exists() else {}


class Pelbiot(Contestant):
    """`manage.py mqtt_ingest`, once or several times with a share group, on an installation."""

    def __init__(
        self, name: str, stage: Stage, installation: Installation, workers: int = 1, **env: str
    ) -> None:
        self.name = name
        self._stage = stage
        self._installation = installation
        self._readings = Readings.of(installation)
        self._env = env
        self._client_ids = [f"bench-{workers}-{worker}" for worker in range(workers)]
        if workers > 1:
            self._env = {**env, "MQTT_SHARE_GROUP": "bench"}
        self._running: list[tuple[Installation, PelbiotProcess]] = []
        self._last_panel: int | None = None

    def start(self, plan: Plan) -> None:
        self._readings.clear()
        for client_id in self._client_ids:
            folder = self._stage.new_folder(client_id)
            env = self._installation.env | self._env | {"MQTT_CLIENT_ID": client_id}
            own = Installation(folder, env)
            self._running.append((own, self._launch(own)))
        for _, process in self._running:
            eventually(lambda ingest=process: _is_subscribed(ingest), 60, "subscribing")  # type: ignore[misc]
        self._warm_up(plan)

    def pids(self) -> list[int]:
        return [process.pid for _, process in self._running]

    def finished(self, plan: Plan) -> float | None:
        last = plan.first + plan.count - 1
        assert self._last_panel is not None
        if not self._readings.has(self._last_panel, last):
            return None
        moment = time.monotonic()
        return moment if self.found(plan)[0] == plan.count else None

    def found(self, plan: Plan) -> tuple[int, int]:
        return self._readings.found(plan.count)

    def stop(self) -> None:
        for installation, _ in self._running:
            installation.stop_all()
        self._running.clear()
        for client_id in self._client_ids:
            self._stage.forget(client_id)

    def _launch(self, installation: Installation) -> PelbiotProcess:
        return installation.start_ingest()

    def _warm_up(self, plan: Plan) -> None:
        """A reading of each panel registers it. Their values lie above the plan's."""
        warm_up = Plan(count=plan.panels, rate=4_000, panels=plan.panels, topics=1)
        greatest = int(METRICS["voltage"].maximum)
        if plan.count + 2 * plan.panels > greatest:
            raise SystemExit(f"too many readings for one run: {plan.count} of {greatest}")
        # A multiple of the panels, so that each gets one.
        first = -(-plan.count // plan.panels) * plan.panels
        publish_all(self._stage, Plan(**{**vars(warm_up), "first": first}))
        names = [plan.topic(number).split("/")[1] for number in (first, plan.count - 1)]
        ids = f"SELECT COUNT(*) FROM meters_trend WHERE voltage >= {first}"
        wanted = [(plan.panels,)]
        eventually(lambda: self._readings.rows(ids) == wanted, 120, "storing the warm-up")
        self._last_panel = self._readings.panel_id(names[-1])
        time.sleep(0.3)


def _is_subscribed(ingest: PelbiotProcess) -> bool:
    assert ingest.is_running, ingest.log_text()
    return "subscribed to" in ingest.log_text()


# -- A run ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """What came of offering `count` readings. Seconds, MiB; `behind_s`: from the last publish until
    all was stored. Where something is lost, the rate and this are only right to 2 s."""

    count: int
    found: int
    doubled: int
    offered: float
    rate: float
    cpu_us: float
    peak_mib: float
    behind_s: float
    memory: dict[int, float] = field(default_factory=dict)

    @property
    def rows(self) -> str:
        """What was found, in words where that is not what was sent."""
        lost = self.count - self.found
        said = [f"LOST {lost}"] if lost else []
        said += [f"DOUBLED {self.doubled}"] if self.doubled else []
        return ", ".join(said) or str(self.found)


def measure(stage: Stage, contestant: Contestant, plan: Plan) -> Run:
    """Starts the contestant, publishes the plan, waits for the last reading, stops the contestant."""
    try:
        contestant.start(plan)
        return _measured(stage, contestant, plan)
    finally:
        contestant.stop()


def _measured(stage: Stage, contestant: Contestant, plan: Plan) -> Run:
    cpu, memory = contestant.cpu_seconds(), {}
    with publishing(stage, plan) as generator:
        started, patience = time.monotonic(), Patience()
        marks = [second for second in MEMORY_AT_S if plan.rate and second * plan.rate <= plan.count]
        while (finished := contestant.finished(plan)) is None:
            time.sleep(LOOK_EVERY_S)
            if marks and time.monotonic() - started >= marks[0]:
                memory[marks.pop(0)] = contestant.memory_mib("VmRSS")
            if generator.has_ended and patience.ends(contestant, plan):
                break
        cpu = contestant.cpu_seconds() - cpu
        report = generator.report()
    found, doubled = contestant.found(plan)
    end = finished or patience.last_change
    return Run(
        count=plan.count,
        found=found,
        doubled=doubled,
        offered=plan.count / report.seconds,
        rate=found / (end - report.started),
        cpu_us=cpu / max(found, 1) * 1e6,
        peak_mib=contestant.memory_mib("VmHWM"),
        behind_s=max(0.0, end - report.started - report.seconds),
        memory=memory,
    )


class Patience:
    """Ends when nothing more has come for GIVE_UP_S."""

    def __init__(self) -> None:
        self._found = -1
        self._look_again = 0.0
        self.last_change = 0.0

    def ends(self, contestant: Contestant, plan: Plan) -> bool:
        now = time.monotonic()
        if now < self._look_again:
            return False
        self._look_again = now + 2.0
        found, _ = contestant.found(plan)
        if found != self._found:
            self._found, self.last_change = found, now
        return now > self.last_change + GIVE_UP_S


# -- Tables -----------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown that can also be read as it is; numbers to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(
        f"| {row[0]:<{widths[0]}} | "
        + " | ".join(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        + " |"
        for row in (head, rule, *rows)
    )
