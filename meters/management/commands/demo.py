"""`manage.py demo`: everything in one process, on embedded defaults."""

import argparse
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from meters.demo.history import fill_history
from meters.demo.login import demo_login
from meters.demo.panels import INTERVAL_S, PANELS, register_panels, simulated_panels
from meters.demo.run import HOST, port_is_free, run_demo
from meters.management.arguments import port_number
from meters.simulation.panel import SimulatedPanel

DAYS = 8  # the last seven, whole, and what they are compared with
MOST_DAYS = 60


class Command(BaseCommand):
    help = (
        "Run the whole product on embedded defaults: an MQTT broker, a simulator, the ingest, the "
        "worker and the web server in one process, on SQLite. Ctrl-C ends it; the data stays."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port", type=port_number, default=8000, help="of the web pages (8000)"
        )
        parser.add_argument(
            "--mqtt-port", type=port_number, default=1883, help="of the broker (1883)"
        )
        parser.add_argument(
            "--days",
            type=_days,
            default=DAYS,
            help=f"of history that the panels get if they have none as recent; 0: none ({DAYS})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        port, mqtt_port = options["port"], options["mqtt_port"]
        self._refuse_real_servers()
        _refuse_busy(port, "the web pages", "PORT")
        _refuse_busy(mqtt_port, "the MQTT broker", "MQTT_PORT")
        call_command("migrate", verbosity=0, interactive=False)
        register_panels()
        name, password = demo_login(settings.STATE_DIR)
        panels = simulated_panels()
        filled_to_s = self._fill(panels, options["days"])
        run_demo(
            port,
            mqtt_port,
            panels,
            lambda: self._welcome(port, mqtt_port, name, password),
            since_s=filled_to_s,
        )
        self.stdout.write("Stopped. The data stays; `make demo` goes on where this ended.")

    def _refuse_real_servers(self) -> None:
        if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3":
            raise CommandError(
                "The demo makes a log-in and simulated readings: it doesn't touch a real database. "
                "Unset DATABASE_URL (in the environment or in .env) to run it."
            )
        if settings.CHANNEL_LAYERS["default"]["BACKEND"] != "channels.layers.InMemoryChannelLayer":
            raise CommandError("The demo needs no Redis: unset REDIS_URL to run it.")

    def _fill(self, panels: Mapping[str, SimulatedPanel], days: int) -> float | None:
        """So that every chart has something to show; until when (Unix time), if anything was."""
        now = timezone.now()
        samples = fill_history(panels, now, days)
        if not samples:
            return None
        took_s = time.time() - now.timestamp()
        self.stdout.write(
            f"Wrote {samples:,} samples of the last days in {took_s:.0f} s. "
            "Their energy and costs follow while you look around, within half a minute."
        )
        return now.timestamp()

    def _welcome(self, port: int, mqtt_port: int, name: str, password: str) -> None:
        topic = settings.MQTT_TOPICS.topic("trafo1", "voltage")
        self.stdout.write(
            f"""
  PELBIOT is running: {len(PANELS)} simulated panels publish every {INTERVAL_S:g} s.

    Page       http://{HOST}:{port}/
    User       {name}
    Password   {password}

    API        http://{HOST}:{port}/api/docs/
    Admin      http://{HOST}:{port}/admin/
    Broker     mqtt://{HOST}:{mqtt_port}  (try: mosquitto_pub -p {mqtt_port} -q 1 -t {topic} -m 230.45)
    Data       {settings.DATABASES["default"]["NAME"]}

  Ctrl-C ends it; the data stays.
"""
        )
        self.stdout.flush()


def _refuse_busy(port: int, purpose: str, variable: str) -> None:
    if port_is_free(port):
        return
    other = port + 1 if port < 65535 else port - 1
    raise CommandError(
        f"Port {port} for {purpose} is in use by another program (another demo?). "
        f"Choose another: make demo {variable}={other}"
    )


def _days(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > MOST_DAYS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not accepted: use a whole number from 0 to {MOST_DAYS}"
        )
    return int(text)
