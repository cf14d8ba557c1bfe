"""Rows whose change moves prices: months already billed keep theirs, the rest is computed anew.

A month that is over (at the site) is billed. Whoever changes what was in force in one is refused by
`clean` and `delete`, unless `rewrite_billed` says that this is what they want.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from meters.energy.prices import day_start
from meters.models.panel import Panel
from meters.models.rollup import TrendMinute, mark_dirty
from meters.models.trend import Trend
from meters.mqtt.timestamps import to_microseconds


@dataclass(frozen=True, slots=True)
class PriceChange:
    """From `first` until `until` (excluded) a panel's prices change; `rewrites`: it had some."""

    panel_id: int
    first: date
    until: date
    rewrites: bool


class BilledModel(models.Model):
    """A row that prices depend on."""

    rewrite_billed = False

    class Meta:
        abstract = True

    @transaction.atomic
    def save(self, *args: Any, **kwargs: Any) -> None:
        changes = self.price_changes()
        super().save(*args, **kwargs)
        mark(changes)

    def price_changes(self, *, deleted: bool = False) -> list[PriceChange]:
        """What storing (or deleting) this row now would change."""
        raise NotImplementedError

    def refuse_rewriting(self, *, deleted: bool = False) -> None:
        """Raises ValidationError where a billed month would get other prices."""
        if not self.rewrite_billed:
            refuse_rewriting(self.price_changes(deleted=deleted))

    def filled(self) -> bool:
        """Whether every field that must have a value has one: Django calls `clean` all the same."""
        fields = (field for field in self._meta.concrete_fields if not field.primary_key)
        return all(
            field.null or field.is_relation or getattr(self, field.attname) is not None
            for field in fields
        )

    def clean(self) -> None:
        super().clean()
        if self.filled():
            self.refuse_rewriting()

    @transaction.atomic
    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self.refuse_rewriting(deleted=True)
        changes = self.price_changes(deleted=True)
        deleted = super().delete(*args, **kwargs)
        mark(changes)
        return deleted


def first_open_day() -> date:
    """The first day of the running month: everything before it is billed."""
    return timezone.localdate().replace(day=1)


def refuse_rewriting(changes: Iterable[PriceChange]) -> None:
    open_from = first_open_day()
    billed = [change for change in changes if change.rewrites and change.first < open_from]
    if not billed:
        return
    first = min(change.first for change in billed)
    last = min(max(change.until for change in billed), open_from) - timedelta(days=1)
    raise ValidationError(
        _(
            "This changes the cost of months already billed: %(first)s to %(last)s, panels: "
            "%(panels)s. Leave what was in force as it is, and add what holds from %(open)s on (or "
            "later) with that date. If the past was wrong, tick “Recompute the cost of months "
            "already billed”."
        ),
        code="billed",
        params={
            "first": first.isoformat(),
            "last": last.isoformat(),
            "panels": _names({change.panel_id for change in billed}),
            "open": open_from.isoformat(),
        },
    )


def mark(changes: Iterable[PriceChange]) -> None:
    """Have the cost of what has changed up to now computed anew, as far back as the panel has any
    history: a price that holds since 1980 is no reason to go through forty empty years."""
    zone, now = timezone.get_default_timezone(), timezone.now()
    changes, ranges = list(changes), []
    begins = _history_begins({change.panel_id for change in changes})
    for change in changes:
        if change.panel_id not in begins:
            continue
        first = max(day_start(change.first, zone), begins[change.panel_id])
        last = now if change.until == date.max else min(day_start(change.until, zone), now)
        if first <= last:
            ranges.append((change.panel_id, to_microseconds(first), to_microseconds(last)))
    with connection.cursor() as cursor:
        mark_dirty(cursor, ranges)


def _history_begins(panel_ids: set[int]) -> dict[int, datetime]:
    """The first moment of which a cost can be computed, by panel; those without any are left out.
    A look into the key each, for a panel has millions of readings."""

    def first(model: type[models.Model], column: str) -> Subquery:
        rows = model._default_manager.filter(panel=OuterRef("pk")).order_by(column)
        return Subquery(rows.values(column)[:1])

    panels = Panel.objects.filter(pk__in=panel_ids).values_list(
        "pk", first(Trend, "timestamp"), first(TrendMinute, "start")
    )
    return {
        panel: min(moment for moment in moments if moment)
        for panel, *moments in panels
        if any(moments)
    }


def _names(panel_ids: set[int]) -> str:
    names = list(Panel.objects.filter(pk__in=list(panel_ids)[:200]).values_list("name", flat=True))
    shown = ", ".join(names[:5])
    return shown if len(panel_ids) <= 5 else f"{shown}, … ({len(panel_ids)})"
