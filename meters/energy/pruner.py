"""Pruning panel after panel, at half speed, so that others have their turn."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from meters.energy.pruning import NotRolledUpError, PanelPruning, Pruned
from meters.energy.retention import Cuts
from meters.management.stopping import Stop
from meters.models import Panel, RollupState

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.5


@dataclass
class Outcome:
    """What went, and since when panels (by name) have readings that aren't rolled up yet: of these
    nothing more went."""

    pruned: Pruned = field(default_factory=Pruned)
    waiting: dict[str, datetime] = field(default_factory=dict)


class Pruner:
    """Remembers which panels are done until the next midnight, or until they are kept for another
    time: looking again each time would cost as much as the work."""

    def __init__(self) -> None:
        self._done: dict[int, Cuts] = {}

    def run(
        self,
        panels: Iterable[Panel],
        stop: Stop,
        on_step: Callable[[Pruned], None] = lambda pruned: None,
        now: datetime | None = None,
    ) -> Outcome:
        """Prune until all is done or `stop` is set; a chunk that was begun is finished."""
        outcome = Outcome()

        def count(pruned: Pruned) -> None:
            outcome.pruned += pruned
            on_step(pruned)

        for panel in panels:
            pruning = PanelPruning(panel, now or timezone.now())
            if self._done.get(panel.pk) == pruning.cuts:
                continue
            try:
                if _prune(pruning, stop, count):
                    self._done[panel.pk] = pruning.cuts
            except NotRolledUpError as error:
                outcome.waiting[panel.name] = error.first
            except RollupState.DoesNotExist:  # the panel was deleted meanwhile
                self._done.pop(panel.pk, None)
            if stop.is_set():
                break
        return outcome


def _prune(pruning: PanelPruning, stop: Stop, on_step: Callable[[Pruned], None]) -> bool:
    """Whether the panel is done."""
    started_s = time.monotonic()
    for pruned in pruning.steps():
        on_step(pruned)
        spent_s = time.monotonic() - started_s
        if stop.wait(min(max(spent_s, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)):
            return False
        started_s = time.monotonic()
    return not stop.is_set()
