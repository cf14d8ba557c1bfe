"""The worker: how its jobs went, and what of the history waits to be computed."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, gettext_noop, ngettext

from dashboard import formatting
from dashboard.system.amounts import ago, briefly, count, span
from dashboard.system.facts import GOOD, WARN, Check, Health
from meters.models import DirtyRange, JobRun, Panel

_SECTION = "worker"
# While readings come in, each panel has its running minute waiting, and perhaps the one before.
_WAITING_PER_PANEL = 5
_WAITING_AT_LEAST = 100
_COUNTED = 10_000
# The names that meters/jobs.py gives, for translation.
JOB_NAMES = (
    gettext_noop("roll up"),
    gettext_noop("trim rejected messages"),
    gettext_noop("forget dead ingest workers"),
    gettext_noop("tell of absent members of share groups"),
    gettext_noop("delete old history"),
    gettext_noop("clear expired sessions"),
)


@dataclass(frozen=True, slots=True)
class JobView:
    name: str
    health: Health
    state: str
    every: str
    last: str
    took: str
    error: str


@dataclass(frozen=True, slots=True)
class Backlog:
    """Ranges of readings whose rollups wait to be computed anew; `text` says how many."""

    waiting: int
    behind: bool
    text: str


def job_view(run: JobRun, now: datetime) -> JobView:
    return JobView(
        name=gettext(run.name) if run.name in JOB_NAMES else run.name,
        health=WARN if run.error else GOOD,
        state=gettext("Failed") if run.error else gettext("Done"),
        every=span(run.every_s),
        last=ago(run.ended_at, now),
        took=briefly(run.took_s),
        error=run.error,
    )


def backlog() -> Backlog:
    """Counted to a bound, so that a long backlog doesn't make the page slow as well."""
    waiting = len(DirtyRange.objects.values_list("panel_id")[: _COUNTED + 1])
    usual = max(_WAITING_AT_LEAST, _WAITING_PER_PANEL * Panel.objects.count())
    more = waiting > _COUNTED
    text = (
        gettext("More than {count} ranges wait").format(count=count(_COUNTED))
        if more
        else ngettext("{count} range waits", "{count} ranges wait", waiting).format(
            count=count(waiting)
        )
    )
    return Backlog(waiting, waiting > usual, text)


def work_checks(runs: list[JobRun], waiting: Backlog, now: datetime) -> list[Check]:
    return [_worker(runs, now), _rollups(waiting)]


def _worker(runs: list[JobRun], now: datetime) -> Check:
    label = gettext("Worker")
    newest = max((run.ended_at for run in runs), default=None)
    if newest is None or not any(run.is_fresh for run in runs):
        since = gettext("No sign of life since {time}")
        text = since.format(time=formatting.near(newest, now)) if newest else gettext("Never ran")
        advice = gettext("Energy, cost and charts stay as they are. Start it: manage.py worker")
        return Check("worker", label, WARN, text, advice, _SECTION)
    failed = [gettext(run.name) for run in runs if run.error]
    if failed:
        text = gettext("Fails: {jobs}").format(jobs=", ".join(failed))
        advice = gettext("A job of the worker fails. It is tried again by itself.")
        return Check("worker", label, WARN, text, advice, _SECTION)
    return Check("worker", label, GOOD, gettext("All jobs run"), section=_SECTION)


def _rollups(waiting: Backlog) -> Check:
    label = gettext("Energy and history")
    if not waiting.behind:
        return Check("rollups", label, GOOD, gettext("Up to date"), section=_SECTION)
    advice = gettext("Energy and history are being computed; the newest figures are not complete.")
    return Check("rollups", label, WARN, waiting.text, advice, _SECTION)
