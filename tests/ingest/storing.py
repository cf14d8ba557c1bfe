"""Saving messages in a test, and what then stands in the database."""

from collections.abc import Iterable
from itertools import count
from typing import Any

from meters.ingest.sample import Batch
from meters.ingest.store import Outcome, Store
from meters.models import Trend
from meters.mqtt.link import Received
from tests.ingest.messages import new_sampler, new_store

_tokens = count(1)


def save(messages: Iterable[Received], store: Store | None = None) -> Outcome:
    return save_batch(new_sampler().sample(messages), store)


def save_batch(batch: Batch, store: Store | None = None, token: str = "") -> Outcome:
    return (store or new_store()).save(batch, None, token or f"batch {next(_tokens)}")


def readings(panel: str = "trafo1") -> list[dict[str, Any]]:
    """The panel's rows, oldest first, without what was not measured."""
    rows = Trend.objects.filter(panel__name=panel).order_by("timestamp")
    metrics = ("voltage", "ampere", "power", "energy_cost", "energy_register")
    return [
        {name: value for name in metrics if (value := getattr(row, name)) is not None}
        for row in rows
    ]
