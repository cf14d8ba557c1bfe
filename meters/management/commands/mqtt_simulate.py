"""`manage.py mqtt_simulate`: panels that publish without a meter."""

import argparse
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from meters.management.arguments import positive_number, whole_number
from meters.management.stopping import StopFlag
from meters.metrics import METRICS
from meters.mqtt.errors import BrokerUnavailableError
from meters.mqtt.publisher import Publisher
from meters.mqtt.topics import PANEL_NAME, PANEL_NAME_RULE
from meters.simulation.publishing import (
    Publication,
    Simulation,
    run_rounds,
    small_transformers,
)

CONNECT_LIMIT_S = 30.0
FLUSH_S = 10.0
SUMMARY_EVERY_S = 5.0


class Command(BaseCommand):
    help = (
        "Publish believable panels to the broker (MQTT_BROKER_URL): voltage 215-245 V, current "
        "5-25 A, power = V x A, energy cost = power x 1,250. Ctrl-C ends it."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--interval", type=positive_number, default=2.0, help="seconds between rounds (2)"
        )
        parser.add_argument(
            "--panels",
            type=_panels,
            default=["trafo1"],
            help="how many (trafo1, trafo2, ...), or their names with commas between (1)",
        )
        parser.add_argument(
            "--rate",
            type=positive_number,
            help="messages a second over all panels, for load; instead of --interval",
        )
        parser.add_argument("--count", type=whole_number, help="end after so many rounds")
        parser.add_argument(
            "--json",
            action="store_true",
            help='publish {"value", "timestamp"} in place of bare numbers',
        )
        parser.add_argument("--seed", default="", help="a text: the same one repeats the same run")

    def handle(self, *args: Any, **options: Any) -> None:
        simulation = Simulation(
            small_transformers(options["panels"], options["seed"] or str(time.time())),
            settings.MQTT_TOPICS,
            time_zone=settings.TIME_ZONE,
            timestamps=options["json"],
        )
        rate = options["rate"]
        interval_s = simulation.messages_a_round / rate if rate else options["interval"]
        self.stdout.write(f"Connecting to {settings.MQTT_BROKER} ...")
        try:
            with StopFlag.on_signals() as stop, self._publisher(stop) as publisher:
                if not stop.is_set():
                    self._run(simulation, publisher, stop, interval_s, options["count"], bool(rate))
        except BrokerUnavailableError as error:
            raise CommandError(str(error)) from None

    def _publisher(self, stop: StopFlag) -> Publisher:
        return Publisher(
            settings.MQTT_BROKER,
            "pelbiot-simulator",
            connect_limit_s=CONNECT_LIMIT_S,
            stop=stop,
        )

    def _run(
        self,
        simulation: Simulation,
        publisher: Publisher,
        stop: StopFlag,
        interval_s: float,
        count: int | None,
        terse: bool,
    ) -> None:
        panels = simulation.messages_a_round // len(METRICS)
        self.stdout.write(f"Connected. Publishing {panels} panel(s); Ctrl-C ends it.")
        telling = _Telling(self, publisher, terse)
        run_rounds(
            simulation,
            publisher,
            stop,
            interval_s=interval_s,
            count=count,
            spread=terse,
            on_published=telling.published,
            on_round=telling.round,
        )
        confirmed = publisher.flush(FLUSH_S)
        telling.summary("Stopped.")
        if not confirmed:
            raise CommandError(f"{publisher.unconfirmed} messages were not confirmed by the broker")


class _Telling:
    """What the command prints while it runs: each message, or under load a line now and then."""

    def __init__(self, command: Command, publisher: Publisher, terse: bool) -> None:
        self._out = command.stdout
        self._publisher = publisher
        self._terse = terse
        self._started_s = self._told_s = time.monotonic()

    def published(self, publication: Publication) -> None:
        if not self._terse:
            unit = METRICS[publication.metric].unit
            self._out.write(f"{publication.topic} = {publication.value:.2f} {unit}")

    def round(self, number: int) -> None:
        if not self._terse or time.monotonic() - self._told_s >= SUMMARY_EVERY_S:
            self._told_s = time.monotonic()
            self.summary("")

    def summary(self, prefix: str) -> None:
        uptime_s = time.monotonic() - self._started_s
        published = self._publisher.published
        rate = f" [{published / uptime_s:,.0f} messages/s]" if self._terse and uptime_s else ""
        self._out.write(
            f"{prefix} [messages: {published:,}] [confirmed: {self._publisher.confirmed:,}]"
            f"{rate} [uptime: {uptime_s:.0f} s]".strip()
        )


def _panels(text: str) -> list[str]:
    if text.isascii() and text.isdigit():
        if not 1 <= int(text) <= 100_000:
            raise argparse.ArgumentTypeError("use 1 to 100000 panels")
        return [f"trafo{number}" for number in range(1, int(text) + 1)]
    names = text.split(",")
    for name in names:
        if not PANEL_NAME.fullmatch(name):
            raise argparse.ArgumentTypeError(
                f"{name!r} can't be a panel's name: {PANEL_NAME_RULE} are accepted"
            )
    return list(dict.fromkeys(names))
