"""The system page as its template shows it: what must be well at a glance, then each part by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from dashboard import formatting
from dashboard.system import rejected, services, storage
from dashboard.system.amounts import count, size
from dashboard.system.facts import BAD, GOOD, WARN, Check, Fact, Health, Section, attempt
from dashboard.system.ingest import WorkerView, ingest_checks, worker_view
from dashboard.system.versions import version_facts
from dashboard.system.work import JobView, backlog, job_view, work_checks
from meters.models import IngestWorker, JobRun


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one sentence: is all well? With it what isn't, the worst first."""

    health: Health
    text: str
    problems: list[Check]


def verdict(checks: list[Check]) -> Verdict:
    bad = [check for check in checks if check.health == BAD]
    warned = [check for check in checks if check.health == WARN]
    problems = bad + warned
    if not problems:
        return Verdict(GOOD, gettext("All is well."), [])
    sentence = ngettext(
        "{count} thing needs attention.", "{count} things need attention.", len(problems)
    )
    return Verdict(BAD if bad else WARN, sentence.format(count=count(len(problems))), problems)


class _Gathered:
    """The parts of the page, looked at one after the other."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.workers: list[WorkerView] = []
        self.jobs: list[JobView] = []
        self.kinds: list[rejected.KindCount] = []
        self.tables: list[dict[str, str]] = []
        self.sections = {
            name: attempt(name, look)
            for name, look in (
                ("ingest", self._ingest),
                ("rejected", self._rejected),
                ("worker", self._worker),
                ("database", self._database),
                ("disk", storage.disk_section),
                ("broker", services.broker_section),
                ("channels", services.channel_section),
            )
        }

    def _ingest(self) -> Section:
        workers = list(IngestWorker.objects.all())
        self.workers = [worker_view(worker, self.now) for worker in workers]
        return Section(checks=ingest_checks(workers, self.now))

    def _rejected(self) -> Section:
        messages = rejected.lately()
        self.kinds = rejected.by_kind()
        text = rejected.summary(messages)
        advice = gettext("Messages were rejected lately. Each stands with its reason below.")
        label = gettext("Rejected")
        check = Check("rejected", label, WARN if messages else GOOD, text, advice, "rejected")
        return Section([Fact(label, text)], [check])

    def _worker(self) -> Section:
        runs, waiting = list(JobRun.objects.all()), backlog()
        self.jobs = [job_view(run, self.now) for run in runs]
        process = gettext("{host}, process {pid}")
        who = [process.format(host=run.host, pid=run.pid) for run in runs[:1]]
        facts = [
            Fact(gettext("Waiting to be rolled up"), waiting.text),
            *(Fact(gettext("Process"), name) for name in who),
        ]
        return Section(facts, work_checks(runs, waiting, self.now))

    def _database(self) -> Section:
        section = storage.database_section()
        self.tables = [
            {"name": table.name, "rows": count(table.rows), "size": size(table.octets)}
            for table in storage.largest(storage.sizes()[0])
        ]
        return section

    @property
    def checks(self) -> list[Check]:
        """Also of a section that gave no answer: that is a problem of its own."""
        found: list[Check] = []
        for name, section in self.sections.items():
            found += section.checks
            if section.problem:
                label = gettext("No answer")
                found.append(Check(name, label, BAD, section.problem, section.problem, name))
        return found


def system_context(clock: Callable[[], datetime] = timezone.now) -> dict[str, Any]:
    now = clock()
    gathered = _Gathered(now)
    checks = gathered.checks
    return {
        "verdict": verdict(checks),
        "checks": checks,
        "workers": gathered.workers,
        "jobs": gathered.jobs,
        "kinds": gathered.kinds,
        "tables": gathered.tables,
        "sections": gathered.sections,
        "versions": version_facts(),
        "rejected_keep": settings.MQTT_REJECTED_KEEP,
        "rejected_counted": rejected.COUNTED_ROWS,
        "as_of": f"{formatting.clock(now)} {formatting.zone_label(now)}",
        "as_of_iso": now.isoformat(),
    }
