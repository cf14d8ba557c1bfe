"""`manage.py import_trends`: a recorded meter, straight into the database."""

import shlex
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError
from django.utils import timezone

from meters.management.arguments import whole_number
from meters.management.progress import progress
from meters.management.stopping import StopFlag
from meters.models import RollupState
from meters.recorded.backfill import Backfill, Fate, UnknownPanelError
from meters.recorded.importing import Summary, run_import
from meters.recorded.options import (
    add_recording_arguments,
    open_recording,
    panel_name,
    recording_words,
)
from meters.recorded.recording import Recording
from meters.recorded.rejects import SHOWN, Rejects, open_rejects

ROWS_REJECTED = 3  # the exit code; 1 is an import that is not complete, 2 a wrong option


class Command(BaseCommand):
    help = (
        "Read a recorded meter (CSV) into the history of a panel. Importing a file again changes "
        "nothing. Ctrl-C ends it and says how to go on. Exit code 3: all done, but some rows were "
        "rejected; 1: not complete."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_recording_arguments(parser)
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="read everything, write nothing, say what would be",
        )
        parser.add_argument(
            "--rejects",
            type=Path,
            metavar="REJECTS.csv",
            help="write the rows that are rejected into this file, each with its line and the reason "
            f"(the first {SHOWN} are shown in any case)",
        )
        parser.add_argument(
            "--start-row", type=whole_number, default=1, help="the first row to import (1)"
        )
        parser.add_argument(
            "--no-rollup",
            dest="rollup",
            action="store_false",
            help="leave minutes, hours and days to the worker, which follows by itself",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        recording, panel, dry_run = open_recording(options), panel_name(options), options["dry_run"]
        total, summary = recording.count(), Summary(next_row=options["start_row"])
        self.stdout.write(
            f"{'Checking' if dry_run else 'Importing'} rows {summary.next_row:,} to {total:,} of "
            f"{recording.path} as panel {panel}: {', '.join(map(str, recording.columns))}; times "
            f"without an offset are those of {options['timezone']}"
        )
        backfill = Backfill(panel, max_panels=settings.MQTT_MAX_PANELS, dry_run=dry_run)
        with closing(_rejects(options, recording)) as rejects:
            reason = self._run(recording, backfill, summary, rejects, total)
        self._tell(summary, rejects, backfill)
        if summary.next_row <= total:
            rest = _resume(options, recording, panel, summary)
            raise CommandError(f"not complete: {reason}. To go on: {rest}")
        self._tell_of_pruned(panel, summary)
        if summary.written and options["rollup"] and not dry_run:
            call_command("rollup", panel=panel, stdout=self.stdout, stderr=self.stderr)
        if summary.rejected:
            raise CommandError(
                f"{summary.rejected:,} of {summary.rows:,} rows were rejected",
                returncode=ROWS_REJECTED,
            )

    def _run(
        self,
        recording: Recording,
        backfill: Backfill,
        summary: Summary,
        rejects: Rejects,
        total: int,
    ) -> str:
        """Import; returns what kept it from coming to its end, where anything did."""
        rows = islice(recording.rows(), summary.next_row - 1, None)
        wanted = max(0, total - summary.next_row + 1)
        with StopFlag.on_signals() as stop, progress(self.stdout, wanted) as advance:
            try:
                run_import(
                    rows,
                    backfill,
                    stop,
                    summary=summary,
                    on_rejected=rejects.add,
                    on_rows=advance,
                )
            except (UnknownPanelError, DatabaseError, InterfaceError) as error:
                return str(error)
        return "interrupted"

    def _tell(self, summary: Summary, rejects: Rejects, backfill: Backfill) -> None:
        for bad in rejects.first:
            self.stderr.write(f"line {bad.line} rejected: {bad.reason}")
        if summary.rejected > len(rejects.first):
            more = summary.rejected - len(rejects.first)
            self.stderr.write(f"... and {more:,} more (--rejects FILE.csv writes all of them)")
        fates = summary.fates
        self.stdout.write(
            f"Rows read: {summary.rows:,}. New: {fates[Fate.NEW]:,}, changed: "
            f"{fates[Fate.CHANGED]:,}, unchanged: {fates[Fate.UNCHANGED]:,}, without a reading: "
            f"{fates[Fate.EMPTY]:,}, rejected: {summary.rejected:,}."
        )
        if summary.first and summary.last:
            first, last = map(timezone.localtime, (summary.first, summary.last))
            self.stdout.write(f"From {first:%Y-%m-%d %H:%M:%S %z} to {last:%Y-%m-%d %H:%M:%S %z}.")
        if backfill.registers:
            would = (
                "would be registered" if backfill.dry_run else "was unknown and is registered now"
            )
            self.stdout.write(f"Panel {backfill.panel} {would}.")
        if backfill.dry_run:
            self.stdout.write("A dry run: nothing was written.")
        elif not summary.written:
            self.stdout.write("Nothing was changed.")

    def _tell_of_pruned(self, panel: str, summary: Summary) -> None:
        if summary.first is None:
            return
        state = RollupState.objects.filter(panel__name=panel, raw_from__gt=summary.first).first()
        if state is not None and state.raw_from is not None:
            self.stdout.write(
                f"Readings before {timezone.localtime(state.raw_from):%Y-%m-%d %H:%M} were pruned: "
                "minutes that were computed there stay as they are."
            )


def _rejects(options: dict[str, Any], recording: Recording) -> Rejects:
    try:
        return open_rejects(options["rejects"], recording, go_on=options["start_row"] > 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CommandError(f"{options['rejects']}: {reason}") from None


def _resume(options: dict[str, Any], recording: Recording, panel: str, summary: Summary) -> str:
    """The command line that imports the rest."""
    words = ["manage.py", "import_trends", *recording_words(options, recording, panel)]
    words += ["--dry-run"] if options["dry_run"] else []
    words += ["--rejects", str(options["rejects"])] if options["rejects"] else []
    words += [] if options["rollup"] else ["--no-rollup"]
    return shlex.join([*words, "--start-row", str(summary.next_row)])
