"""`manage.py demo`: everything in one process, on embedded defaults."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from meters.demo.login import demo_login
from meters.demo.panels import PANELS, register_panels
from meters.demo.run import HOST, INTERVAL_S, port_is_free, run_demo
from meters.management.arguments import port_number


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

    def handle(self, *args: Any, **options: Any) -> None:
        port, mqtt_port = options["port"], options["mqtt_port"]
        self._refuse_real_servers()
        _refuse_busy(port, "the web pages", "PORT")
        _refuse_busy(mqtt_port, "the MQTT broker", "MQTT_PORT")
        call_command("migrate", verbosity=0, interactive=False)
        register_panels()
        name, password = demo_login(settings.STATE_DIR)
        run_demo(port, mqtt_port, lambda: self._welcome(port, mqtt_port, name, password))
        self.stdout.write("Stopped. The data stays; `make demo` goes on where this ended.")

    def _refuse_real_servers(self) -> None:
        if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3":
            raise CommandError(
                "The demo makes a log-in and simulated readings: it doesn't touch a real database. "
                "Unset DATABASE_URL (in the environment or in .env) to run it."
            )
        if settings.CHANNEL_LAYERS["default"]["BACKEND"] != "channels.layers.InMemoryChannelLayer":
            raise CommandError("The demo needs no Redis: unset REDIS_URL to run it.")

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
