"""`manage.py mqtt_replay`: a recorded meter, played into the broker."""

import shlex
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from meters.management.arguments import positive_number, whole_number
from meters.management.progress import progress
from meters.management.stopping import StopFlag
from meters.mqtt.errors import BrokerUnavailableError
from meters.mqtt.publisher import Publisher
from meters.recorded.options import (
    add_recording_arguments,
    open_recording,
    panel_name,
    recording_words,
)
from meters.recorded.recording import Recording
from meters.recorded.replay import Replay, Summary

CONNECT_LIMIT_S = 30.0
FLUSH_S = 60.0


class Command(BaseCommand):
    help = (
        "Play a recorded meter (CSV) into the broker, with the times of its rows. A row played "
        "twice is stored once. Ctrl-C ends it and says how to go on."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_recording_arguments(parser)
        parser.add_argument(
            "--speed",
            type=positive_number,
            help="times real time, e.g. 60 (as fast as the broker takes it)",
        )
        parser.add_argument(
            "--start-row", type=whole_number, default=1, help="the first row to play (1)"
        )
        parser.add_argument("--rows", type=whole_number, help="how many rows to play (all)")

    def handle(self, *args: Any, **options: Any) -> None:
        recording = open_recording(options, settings.MQTT_TOPICS.metrics)
        panel = panel_name(options)
        _refuse_foreign_topics(recording, panel)
        start, total = options["start_row"], recording.count()
        wanted = max(0, min(options["rows"] or total, total - start + 1))
        self.stdout.write(
            f"Playing rows {start:,} to {start + wanted - 1:,} of {total:,} into "
            f"{settings.MQTT_BROKER} as panel {panel}: {', '.join(map(str, recording.columns))}"
        )
        try:
            with StopFlag.on_signals() as stop, self._publisher(stop) as publisher:
                replay = Replay(panel, settings.MQTT_TOPICS, publisher, stop, options["speed"])
                with progress(self.stdout, wanted) as advance:
                    rows = islice(recording.rows(), start - 1, start - 1 + wanted)
                    summary = replay.run(rows, advance)
                publisher.flush(FLUSH_S if not stop.is_set() else 5.0)
                summary.settle(publisher.confirmed)
        except BrokerUnavailableError as error:
            raise CommandError(str(error)) from None
        self._tell(summary, publisher)
        complete = summary.rows + summary.skipped == wanted
        if not complete or publisher.unconfirmed:
            raise CommandError(
                f"not complete. To go on: {_resume(options, recording, panel, summary, start, wanted)}"
            )

    def _publisher(self, stop: StopFlag) -> Publisher:
        return Publisher(
            settings.MQTT_BROKER, "pelbiot-replay", connect_limit_s=CONNECT_LIMIT_S, stop=stop
        )

    def _tell(self, summary: Summary, publisher: Publisher) -> None:
        for bad in summary.bad_rows:
            self.stderr.write(f"line {bad.line} skipped: {bad.reason}")
        if summary.skipped > len(summary.bad_rows):
            self.stderr.write(f"... and {summary.skipped - len(summary.bad_rows):,} more")
        self.stdout.write(
            f"Rows played: {summary.rows:,}, skipped: {summary.skipped:,}. Readings published: "
            f"{publisher.published:,}, confirmed by the broker: {publisher.confirmed:,}."
        )
        if summary.power:
            energy = summary.energy()
            self.stdout.write(
                f"Energy of these rows (trapezoid, gaps over 5 min left out): "
                f"{energy.energy_wh / 1000:,.3f} kWh over {energy.covered_s / 3600:,.2f} h, "
                f"gaps: {len(energy.gaps)}."
            )


def _refuse_foreign_topics(recording: Recording, panel: str) -> None:
    for column in recording.columns:
        if column.metric not in settings.MQTT_TOPICS.metrics:
            raise CommandError(
                f"{column.metric} has no topic here: set MQTT_TOPIC_{column.metric.upper()}, "
                "or read the file straight into the database with manage.py import_trends"
            )
        if not settings.MQTT_TOPICS.carries(panel, column.metric):
            raise CommandError(
                f"the topic filters {', '.join(settings.MQTT_TOPICS.filters)} carry no "
                f"{column.metric} of panel {panel}: choose another --panel"
            )


def _resume(
    options: dict[str, Any],
    recording: Recording,
    panel: str,
    summary: Summary,
    start: int,
    wanted: int,
) -> str:
    """The command line that plays the rest."""
    going_on = max(start, summary.next_row)
    words = ["manage.py", "mqtt_replay", *recording_words(options, recording, panel)]
    if options["speed"]:
        words += ["--speed", f"{options['speed']:g}"]
    words += ["--start-row", str(going_on), "--rows", str(start + wanted - going_on)]
    return shlex.join(words)
