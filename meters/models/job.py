"""JobRun: how the worker's periodic jobs went last time, for people who look after the system."""

import os
import socket
from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# The most frequent job runs every 10 s, for some seconds, in turn with the others.
FRESH_S = 60
ERROR_KEPT = 500


class JobRunQuerySet(models.QuerySet["JobRun"]):
    def record(self, name: str, *, every_s: float, took_s: float, error: str) -> None:
        """That a job has ended just now; `error` is empty where it went well."""
        now = timezone.now()
        row = {
            "every_s": every_s,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "ended_at": now,
            "took_s": took_s,
            "error": error[:ERROR_KEPT],
        }
        if not error:
            row["succeeded_at"] = now
        self.update_or_create(name=name, defaults=row)


class JobRun(models.Model):
    """The last run of one periodic job. A process that dies leaves its row behind."""

    name = models.CharField(_("job"), max_length=64, primary_key=True)
    every_s = models.FloatField(_("every (s)"))
    host = models.CharField(_("host"), max_length=255)
    pid = models.PositiveIntegerField(_("process id"))
    ended_at = models.DateTimeField(_("last run"))
    took_s = models.FloatField(_("took (s)"))
    succeeded_at = models.DateTimeField(_("last success"), null=True)
    error = models.TextField(_("error"), blank=True)

    objects = JobRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run of a job")
        verbose_name_plural = _("runs of jobs")
        ordering = ["every_s", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_fresh(self) -> bool:
        return self.ended_at >= timezone.now() - timedelta(seconds=FRESH_S)
