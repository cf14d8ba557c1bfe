"""`manage.py rollup`: bring minutes, quarter-hours, hours and days up to date with the readings."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from meters.energy.pending import left_s, mark_all, roll_pending
from meters.management.arguments import moment
from meters.management.progress import progress
from meters.management.stopping import StopFlag
from meters.models import Panel


class Command(BaseCommand):
    help = (
        "Compute the rollups of what has changed since they were computed last, as the worker does "
        "every few seconds. --all, --from or --to compute them anew whether anything has changed or "
        "not. Safe beside the running system, and several at a time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--panel", help="only this panel")
        parser.add_argument(
            "--from", dest="start", type=moment, metavar="TIME", help="anew from there (included)"
        )
        parser.add_argument(
            "--to", dest="end", type=moment, metavar="TIME", help="anew until there (excluded)"
        )
        parser.add_argument("--all", action="store_true", help="anew, all there is")

    def handle(self, *args: Any, **options: Any) -> None:
        panels = list(self._panels(options["panel"]))
        start, end = options["start"], options["end"]
        if options["all"] and (start or end):
            raise CommandError("--all takes neither --from nor --to")
        if start and end and start >= end:
            raise CommandError("--to must be later than --from")
        if options["all"] or start or end:
            for panel in panels:
                mark_all(panel, start, end)
        self._roll([panel.pk for panel in panels])

    def _panels(self, name: str | None) -> Iterable[Panel]:
        if name is None:
            return Panel.objects.all()
        panel = Panel.objects.filter(name=name).first()
        if panel is None:
            names = ", ".join(Panel.objects.values_list("name", flat=True)[:20]) or "none yet"
            raise CommandError(f"there is no panel {name!r}; there are: {names}")
        return [panel]

    def _roll(self, panels: list[int]) -> None:
        total = round(left_s(panels))
        done = 0
        with StopFlag.on_signals() as stop, progress(self.stdout, total, "seconds") as advance:

            def on_round() -> None:
                nonlocal done
                now_done = max(done, total - round(left_s(panels)))
                advance(now_done - done)
                done = now_done

            roll_pending(panels, stop, on_round)
            if stop.is_set():
                raise CommandError(
                    "stopped; what is left stays noted, and the worker goes on with it"
                )
        self.stdout.write("The rollups are up to date.")
