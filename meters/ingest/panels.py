"""The panels that readings belong to: found, locked, registered, and what their current values are."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from meters.ingest.sample import Sample
from meters.metrics import MEASURED
from meters.models import Panel
from meters.models.fields import upsert
from meters.mqtt.timestamps import to_datetime, to_microseconds

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CurrentValue:
    """A reading that became its panel's current value."""

    panel: str
    metric: str
    value: float
    moment: datetime


@dataclass(slots=True)
class KnownPanel:
    """A panel's key, and the moments (microseconds since 1970) of its current values as we know
    them; another ingest may have moved them on since."""

    pk: int
    moments: dict[str, int]


class Panels:
    """Those that had readings since the start, by name. Another process may change them at any time:
    what is known of one counts only while it is locked."""

    def __init__(self, *, auto_register: bool, max_panels: int) -> None:
        self._auto_register = auto_register
        self._max_panels = max_panels
        self._known: dict[str, KnownPanel] = {}

    def lock(self, names: set[str]) -> dict[str, KnownPanel]:
        """The panels of these names, locked until the commit, so that none is deleted while it gets
        readings; unknown ones are registered."""
        panels = _locked(names, self._known)
        missing = sorted(names - panels.keys())
        if missing:
            panels |= _read(missing)
            missing = [name for name in missing if name not in panels]
        if missing and self._auto_register:
            room = max(0, self._max_panels - Panel.objects.count())
            new = [Panel(name=name) for name in missing[:room]]
            # Another worker may register the same panel at this moment: then it is that one.
            upsert(new, key=["name"], update=["name"], using=connection)
            registered = _read(missing[:room])
            panels |= registered
            if registered:
                names_now = ", ".join(registered)
                transaction.on_commit(lambda: logger.info("new panels: %s", names_now))
        return panels

    def remember(self, panels: dict[str, KnownPanel]) -> None:
        """What a transaction that was committed has found out."""
        self._known |= panels

    def unknown(self, name: str) -> str:
        """Why a panel could not be found."""
        if self._auto_register:
            return (
                f"panel {name} is unknown, and {self._max_panels} panels are registered already "
                "(MQTT_MAX_PANELS): raise the limit or delete panels nobody needs"
            )
        return f"panel {name} is unknown and MQTT_AUTO_REGISTER is off: add it in the admin"

    def current(self, samples: Iterable[Sample]) -> list[CurrentValue]:
        """The readings that are new current values as far as we know, the newest of each metric,
        whether they are stored yet or wait in the spool."""
        newest: dict[tuple[str, str], tuple[int, float]] = {}
        for sample in samples:
            known = self._known.get(sample.panel)
            for metric, value in sample.values.items():
                place = (sample.panel, metric)
                stands = newest[place][0] if place in newest else None
                if stands is None and known is not None:
                    stands = known.moments.get(metric)
                if stands is None or sample.moment_us >= stands:
                    newest[place] = (sample.moment_us, value)
        current = []
        for (panel, metric), (moment_us, value) in newest.items():
            if panel in self._known:
                self._known[panel].moments[metric] = moment_us
            current.append(CurrentValue(panel, metric, value, to_datetime(moment_us)))
        return current


def _locked(names: set[str], known: dict[str, KnownPanel]) -> dict[str, KnownPanel]:
    """Those of `names` we know, if they still have the name by which we know them."""
    keys = sorted(known[name].pk for name in names if name in known)
    if not keys:
        return {}
    rows = Panel.objects.select_for_update().filter(pk__in=keys).order_by("pk")
    found = dict(rows.values_list("name", "pk"))
    return {name: known[name] for name, pk in found.items() if _is(known.get(name), pk)}


def _is(panel: KnownPanel | None, pk: int) -> bool:
    return panel is not None and panel.pk == pk


def _read(names: Iterable[str]) -> dict[str, KnownPanel]:
    """Panels by name, locked, with the moments of their current values."""
    moments = [f"{metric}_at" for metric in MEASURED]
    rows = Panel.objects.select_for_update().filter(name__in=list(names)).order_by("pk")
    return {
        name: KnownPanel(
            pk,
            {
                metric: to_microseconds(moment)
                for metric, moment in zip(MEASURED, known, strict=True)
                if moment is not None
            },
        )
        for name, pk, *known in rows.values_list("name", "pk", *moments)
    }
