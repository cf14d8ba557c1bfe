from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from meters.models import Panel, Trend

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def api(viewer: User) -> Client:
    """Somebody who may look."""
    client = Client()
    client.force_login(viewer)
    return client


@pytest.fixture
def make_panel(db: None) -> Callable[..., Panel]:
    """A panel with `samples` samples a minute apart, the last at noon, and its current values."""

    def make(name: str, samples: int = 0, until: datetime = NOON) -> Panel:
        panel = Panel.objects.create(name=name)
        rows = [
            Trend(
                panel=panel,
                timestamp=until - timedelta(minutes=age),
                voltage=230 + age / 100,
                power=1000.0 + age,
            )
            for age in range(samples)
        ]
        Trend.objects.bulk_create(rows)
        for row in rows[:1]:
            panel.advance("voltage", row.voltage or 0, row.timestamp)
            panel.advance("power", row.power or 0, row.timestamp)
            panel.save()
        return panel

    return make
