"""Doing a repair: one transaction, with the audit entry in it."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils.translation import gettext as _

from meters.ingest import statements
from meters.ingest.refusals import while_busy
from meters.ingest.sample import Sample
from meters.metrics import MEASURED, REGISTER
from meters.models import DirtyRange, Panel, ReadingRepair, Trend
from meters.models.repair import Action, packed
from meters.mqtt.timestamps import to_microseconds
from meters.repair.correction import MOST_ROWS, Correction, RepairRefusedError

_SAMPLES_AT_ONCE = 5_000
_Standing = tuple[datetime, Sequence[float | None]]


def carry_out(correction: Correction, *, expected: int, user: User, reason: str) -> ReadingRepair:
    """Change the readings; the rollups follow from the mark that is set.

    1. Lock the samples. There must be as many as the person was shown.
    2. Change them, and keep what stood in the audit entry.
    3. Put the panel's current values right, and mark the stretch for the rollups: last, because
       the ingest needs these rows, and in the order in which it takes them.

    Raises RepairRefusedError; then nothing was changed.
    """

    def once() -> ReadingRepair:
        with transaction.atomic():
            return _carry_out(correction, expected, user, reason)

    return while_busy(once)


def _carry_out(correction: Correction, expected: int, user: User, reason: str) -> ReadingRepair:
    columns = ("timestamp", *correction.metrics)
    rows = correction.samples().select_for_update().values_list(*columns)[: MOST_ROWS + 1]
    standing: list[_Standing] = [(moment, values) for moment, *values in rows]
    correction.refuse_number(len(standing))
    if len(standing) != expected:
        raise RepairRefusedError(
            _("Meanwhile there are other readings in this range: please look at it once more.")
        )
    _change(correction, standing)
    repair = _audit_entry(correction, standing, user, reason)
    first, last = standing[0][0], standing[-1][0]
    for metric in correction.metrics:
        _put_current_value_right(correction.panel, metric, first, last)
    DirtyRange.objects.mark(correction.panel, _reached(correction, first), last)
    return repair


def _reached(correction: Correction, first: datetime) -> datetime:
    """From where on the rollups change: with the register from its reading before the first one, for
    it is joined with that, and a roller does not look behind the register's last reading."""
    if REGISTER.name not in correction.metrics:
        return first
    before = Trend.objects.filter(
        panel=correction.panel, timestamp__lt=first, energy_register__isnull=False
    )
    return before.order_by("-timestamp").values_list("timestamp", flat=True).first() or first


def _audit_entry(
    correction: Correction, standing: Sequence[_Standing], user: User, reason: str
) -> ReadingRepair:
    scaled = correction.action is Action.SCALE
    return ReadingRepair.objects.create(
        made_by=user,
        made_by_name=user.get_username(),
        panel=correction.panel,
        panel_name=correction.panel.name,
        start=correction.start,
        end=correction.end,
        action=correction.action,
        metric=correction.metric,
        factor=correction.factor if scaled else None,
        offset=correction.offset if scaled else None,
        rows=len(standing),
        reason=reason,
        replaced=packed(correction.metrics, standing),
    )


def _change(correction: Correction, standing: Sequence[_Standing]) -> None:
    if correction.action is Action.SCALE:
        _scale(correction, standing)
        return
    samples = correction.samples()
    if correction.action is Action.DELETE_METRIC:
        changed = samples.update(**{correction.metric: None})
        _delete_empty(correction)
    else:
        changed = samples.delete()[0]
    if changed != len(standing):
        raise RepairRefusedError(
            _("Meanwhile there are other readings in this range: please look at it once more.")
        )


def _delete_empty(correction: Correction) -> None:
    """A sample without any value says nothing."""
    nothing = {f"{metric}__isnull": True for metric in MEASURED}
    Trend.objects.filter(
        panel=correction.panel,
        timestamp__gte=correction.start,
        timestamp__lt=correction.end,
        **nothing,
    ).delete()


def _scale(correction: Correction, standing: Sequence[_Standing]) -> None:
    """By the statement that writes all readings."""
    panel = correction.panel
    with connection.cursor() as cursor:
        for start in range(0, len(standing), _SAMPLES_AT_ONCE):
            samples = []
            for moment, (value,) in standing[start : start + _SAMPLES_AT_ONCE]:
                corrected = None if value is None else correction.corrected(value)
                if corrected is not None:
                    values = {correction.metric: corrected}
                    moment_us = to_microseconds(moment)
                    samples.append(Sample(panel.name, moment_us, fresh=False, values=values))
            statements.write_trends(cursor, {panel.name: panel.pk}, samples)


def _put_current_value_right(panel: Panel, metric: str, first: datetime, last: datetime) -> None:
    """Where the current value is one of those that were changed, it is now the newest that stands."""
    at = getattr(Panel.objects.get(pk=panel.pk), f"{metric}_at")
    if at is None or not first <= at <= last:
        return
    newest = (
        Trend.objects.filter(panel=panel, **{f"{metric}__isnull": False})
        .order_by("-timestamp")
        .values_list(metric, "timestamp")
        .first()
    )
    value, moment = newest or (None, None)
    # Not where a newer reading has come in since: the condition is looked at with the row locked.
    Panel.objects.filter(pk=panel.pk, **{f"{metric}_at": at}).update(
        **{metric: value, f"{metric}_at": moment}
    )
