"""`manage.py worker`: the periodic jobs."""

import logging
import time
from typing import Any

from django.core.management.base import BaseCommand

from meters.jobs import all_jobs, record_run, run_worker
from meters.management.stopping import StopFlag

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Run the periodic jobs until SIGTERM or Ctrl-C: " + "; ".join(
        f"{job.name} (every {job.every_s:g} s)" for job in all_jobs()
    )
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        with StopFlag.on_signals() as stop:
            logger.info("worker started: %s", "; ".join(job.name for job in all_jobs()))
            run_worker(stop, time.monotonic, record=record_run)
