"""What the ingest leaves behind besides readings: the messages it refused, and its heartbeat."""

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from meters.models.fields import WireNameField, WireTextField

FRESH_S = 15
TRIMMED_AT_ONCE = 500


class RejectedMessageQuerySet(models.QuerySet["RejectedMessage"]):
    def trim(self, keep: int) -> int:
        """Delete all but the `keep` newest, in pieces that hold nobody up; returns how many went."""
        kept = self.order_by("-pk").values_list("pk", flat=True)[keep - 1 : keep]
        oldest_kept = next(iter(kept), None)
        removed = 0
        while oldest_kept is not None:
            some = self.filter(pk__lt=oldest_kept).order_by("pk").values_list("pk", flat=True)
            piece = list(some[:TRIMMED_AT_ONCE])
            if not piece:
                break
            removed += self.filter(pk__in=piece).delete()[0]
        return removed


class RejectedMessage(models.Model):
    """A message that was not stored, and why. The payload is shortened; the table is bounded."""

    PAYLOAD_KEPT = 512
    TOPIC_KEPT = 255

    topic = WireNameField(_("topic"), max_length=TOPIC_KEPT)
    payload = WireTextField(_("payload"), help_text=_("Its start; other bytes than text as \\x.."))
    payload_bytes = models.PositiveIntegerField(_("size (bytes)"))
    reason = models.TextField(_("reason"))
    received_at = models.DateTimeField(_("received at"), db_index=True)

    objects = RejectedMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("rejected message")
        verbose_name_plural = _("rejected messages")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.topic}: {self.reason}"


class IngestWorkerQuerySet(models.QuerySet["IngestWorker"]):
    def fresh(self) -> "IngestWorkerQuerySet":
        """The workers that have given a sign of life within the last 15 s."""
        return self.filter(heartbeat_at__gte=timezone.now() - timedelta(seconds=FRESH_S))


class IngestWorker(models.Model):
    """The heartbeat of one ingest process: what `/api/mqtt/status` reads.

    The counters start at 0 with the process; at every moment
    received = stored + duplicate + rejected + spooled + in_memory.
    """

    client_id = WireNameField(_("client id"), max_length=128, primary_key=True)
    host = models.CharField(_("host"), max_length=255)
    pid = models.PositiveIntegerField(_("process id"))
    broker = models.CharField(_("broker"), max_length=255)
    protocol = models.CharField(_("MQTT version"), max_length=8, blank=True)
    subscriptions = models.JSONField(_("subscriptions"), default=list)
    connected = models.BooleanField(_("connected"), default=False)
    connected_since = models.DateTimeField(_("connected since"), null=True)
    started_at = models.DateTimeField(_("started at"))
    heartbeat_at = models.DateTimeField(_("last heartbeat"))
    received = models.PositiveBigIntegerField(_("received"), default=0)
    stored = models.PositiveBigIntegerField(_("stored"), default=0)
    duplicate = models.PositiveBigIntegerField(_("duplicates"), default=0)
    rejected = models.PositiveBigIntegerField(_("rejected"), default=0)
    spooled = models.PositiveBigIntegerField(_("spooled"), default=0)
    in_memory = models.PositiveBigIntegerField(_("in memory"), default=0)
    message_rate = models.FloatField(_("messages per second"), default=0)
    error_count = models.PositiveBigIntegerField(_("errors"), default=0)
    last_error = models.TextField(_("last error"), blank=True)
    last_message = models.JSONField(_("last message"), null=True)

    objects = IngestWorkerQuerySet.as_manager()

    class Meta:
        verbose_name = _("ingest worker")
        verbose_name_plural = _("ingest workers")
        ordering = ["client_id"]

    def __str__(self) -> str:
        return str(self.client_id)

    @property
    def is_fresh(self) -> bool:
        return self.heartbeat_at >= timezone.now() - timedelta(seconds=FRESH_S)


class IngestCheckpoint(models.Model):
    """What an ingest has processed of its client id's messages (see `meters.ingest.checkpoint`):
    here the list's head, and the `token` of the last batch, by which a commit that was never
    answered is found again."""

    client_id = WireNameField(max_length=128, primary_key=True)
    generation = models.PositiveBigIntegerField()
    end = models.PositiveBigIntegerField()
    settled = models.PositiveBigIntegerField()
    flags = models.BooleanField()
    token = models.CharField(max_length=32)

    def __str__(self) -> str:
        return str(self.client_id)


class IngestCheckpointPage(models.Model):
    """A page of that list; a client's pages are written over in turn."""

    pk = models.CompositePrimaryKey("client_id", "slot")
    client_id = WireNameField(max_length=128)
    slot = models.PositiveSmallIntegerField()
    number = models.PositiveBigIntegerField()
    generation = models.PositiveBigIntegerField()
    entries = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.client_id} {self.number}"
