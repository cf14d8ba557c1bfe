"""What a page asks the database doesn't grow with the number of panels."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from meters.models import Panel, Trend

pytestmark = pytest.mark.django_db
MOST_QUERIES = 30
PAGES = (
    "/",
    "/?view=rows&sort=name",
    "/overview",
    "/panels/trafo1/",
    "/panels/trafo1/points",
    "/panels/trafo1/history",
    "/panels/trafo1/bill",
    "/compare",
    "/system",
    "/system/rejected",
)


def add_panels(first: int, last: int) -> None:
    now = timezone.now()
    Panel.objects.bulk_create(
        Panel(
            name=f"trafo{number}",
            location=f"Building {number % 7}",
            rated_power_kva=6.6,
            **dict.fromkeys(("voltage", "ampere", "power", "energy_cost"), 5.0),
            **{f"{name}_at": now for name in ("voltage", "ampere", "power", "energy_cost")},
        )
        for number in range(first, last + 1)
    )
    Trend.objects.bulk_create(
        Trend(panel=panel, timestamp=now, voltage=230, ampere=5, power=1150)
        for panel in Panel.objects.filter(trends=None)
    )


def queries(client: Client, path: str) -> int:
    client.get(path)  # what is asked once a process doesn't count
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200, path
    return len(asked)


@pytest.mark.parametrize("path", PAGES)
def test_many_panels_are_not_many_queries(client: Client, administrator: User, path: str) -> None:
    client.force_login(administrator)
    add_panels(1, 30)
    of_some = queries(client, path)
    add_panels(31, 150)
    assert queries(client, path) <= of_some <= MOST_QUERIES
