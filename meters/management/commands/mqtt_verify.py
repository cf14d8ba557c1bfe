"""`manage.py mqtt_verify`: the check-list against a running system."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from websockets.exceptions import WebSocketException

from meters.management.arguments import positive_number
from meters.verification import checks
from meters.verification.visitor import CheckFailedError, Visitor, find_user, session_for

# What a check may meet; the last two mean an answer of another shape than ours.
_FAILURES = (
    CheckFailedError,
    DatabaseError,
    WebSocketException,
    TimeoutError,
    LookupError,
    TypeError,
)


class Command(BaseCommand):
    help = (
        "Check a running installation: health, API, broker, and a test reading on its whole way "
        "to database, API and websocket. Exit code 0 if all is well, else 1."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the web process")
        parser.add_argument("--user", help="who to be (the first active superuser)")
        parser.add_argument(
            "--timeout", type=positive_number, default=10.0, help="seconds a check may take (10)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["url"].startswith(("http://", "https://")):
            raise CommandError("--url must start with http:// or https://")
        self._passed = self._failed = 0
        try:
            user = find_user(options["user"])
        except DatabaseError as error:
            raise CommandError(f"the database doesn't answer: {error}") from None
        if user is None:
            raise CommandError(
                "there is no such active user: make one with manage.py createsuperuser, "
                "or name one with --user"
            )
        with ExitStack() as stack:
            key = stack.enter_context(session_for(user))
            visitor = Visitor(options["url"], key, options["timeout"])
            self._check_all(checks.Installation.at(visitor, options["timeout"]), stack)
        self.stdout.write(f"passed: {self._passed}, failed: {self._failed}")
        if self._failed:
            raise SystemExit(1)

    def _check_all(self, here: checks.Installation, stack: ExitStack) -> None:
        for name, check in (
            ("GET /healthz", checks.health),
            ("GET /readyz", checks.readiness),
            ("GET /api/mqtt/status", checks.status),
            ("ingest workers", checks.workers),
            ("GET /api/mqtt/last-values", checks.last_values),
            ("GET /api/mqtt/topics", checks.topics),
            ("GET /api/mqtt/history", checks.history),
            ("broker connection", checks.broker),
            ("broker queues", checks.dropped_messages),
        ):
            self._check(name, lambda check=check: check(here))  # type: ignore[misc]
        if settings.MQTT_TOPICS.carries(checks.PANEL, "voltage"):
            self._check_with_a_reading(here, stack)
        else:
            self.stdout.write(
                "skipped test reading: the topic filters name their panels, none is ours to use"
            )

    def _check_with_a_reading(self, here: checks.Installation, stack: ExitStack) -> None:
        checks.make_panel()
        live = self._check("websocket opens", here.visitor.live)
        if live is not None:
            stack.enter_context(live)
            self._check("websocket snapshot", lambda: checks.snapshot(here, live))
        published = self._check("POST /api/mqtt/publish", lambda: checks.publishing(here))
        stored = self._check("test reading in the database", lambda: checks.database(here))
        self._check("test reading in the API", lambda: checks.api(here))
        if live is not None:
            self._check("test reading on the websocket", lambda: checks.websocket(here, live))
        if stored or not published:
            checks.remove_panel()
        else:
            self.stdout.write(
                f"The hidden panel {checks.PANEL} stays for the reading that may yet come; "
                "a later mqtt_verify that passes removes it."
            )

    def _check(self, name: str, check: Callable[[], Any]) -> Any:
        """Run one check and print its line; None where it failed. The later ones run all the same."""
        try:
            seen = check()
        except _FAILURES as error:
            self._failed += 1
            strange = isinstance(error, LookupError | TypeError)
            reason = f"unexpected answer ({error!r})" if strange else error
            self.stdout.write(self.style.ERROR(f"FAILED  {name}: {reason}"))
            return None
        self._passed += 1
        detail = f": {seen}" if isinstance(seen, str) else ""
        self.stdout.write(f"ok      {name}{detail}")
        return seen
