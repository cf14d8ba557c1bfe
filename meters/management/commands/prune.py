"""`manage.py prune`: delete what is older than it is to be kept."""

from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from meters.energy.pruner import Outcome, Pruner
from meters.energy.pruning import PanelPruning, Pruned
from meters.management.progress import progress
from meters.management.stopping import StopFlag
from meters.models import Panel


class Command(BaseCommand):
    help = (
        "Delete readings, minutes and hours that are older than RAW_, MINUTE_ and "
        "HOUR_RETENTION_DAYS (or than the panel's own) say, as the worker does by itself. What was "
        "computed from them stays. Safe beside the running system, and to be broken off at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--panel", help="only this panel")
        parser.add_argument(
            "--dry-run", action="store_true", help="only count what would be deleted"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        panels, now = self._panels(options["panel"]), timezone.now()
        due = Pruned()
        for panel in panels:
            count = PanelPruning(panel, now).count()
            due += count
            if count.rows and options["dry_run"]:
                self.stdout.write(f"{panel.name}: {count}")
        if options["dry_run"]:
            self.stdout.write(f"A dry run. Would be deleted: {due}.")
            return
        with StopFlag.on_signals() as stop, progress(self.stdout, due.rows) as advance:
            outcome = Pruner().run(panels, stop, lambda pruned: advance(pruned.rows), now)
            stopped = stop.is_set()
        self._tell(outcome)
        if stopped:
            raise CommandError("stopped; the next run goes on where this one ended")

    def _panels(self, name: str | None) -> Sequence[Panel]:
        panels = list(Panel.objects.filter(name=name) if name else Panel.objects.all())
        if name and not panels:
            names = ", ".join(Panel.objects.values_list("name", flat=True)[:20]) or "none yet"
            raise CommandError(f"there is no panel {name!r}; there are: {names}")
        return panels

    def _tell(self, outcome: Outcome) -> None:
        for name, first in outcome.waiting.items():
            since = f"{timezone.localtime(first):%Y-%m-%d %H:%M:%S}"
            self.stderr.write(
                f"{name}: left as it is, because readings since {since} aren't in the rollups yet: "
                f"manage.py rollup --panel {name}"
            )
        self.stdout.write(f"Deleted: {outcome.pruned}.")
