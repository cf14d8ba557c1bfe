"""The condition of a panel, decided in the browser as on the server."""

import itertools
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from dashboard.formatting import epoch_ms
from meters.condition import OFFLINE_AFTER_S, STALE_AFTER_S, findings, limits_of, state
from meters.models import Panel
from tests.browser.conftest import modules_page

NOW = datetime(2026, 11, 26, 3, 30, tzinfo=UTC)
VOLTAGES = [None, 0.0, 195.4, 206.9, 207.0, 230.0, 241.5, 241.6, 253.0, 253.1]
AMPERES = [None, 10.0, 22.9, 23.1, 28.8]
AGES_S = [0.0, 30.0, 30.5, 600.0, 601.0]
RATINGS: list[dict[str, Any]] = [
    {},
    {"rated_power_kva": 6.6},
    {"rated_power_kva": 12.0, "phases": 3, "rated_current_a": 23.0, "nominal_voltage_v": 400.0},
]


@pytest.fixture(scope="module")
def scripts(chromium: Browser) -> Iterator[Page]:
    body = (
        f'<main id="live" data-now="{epoch_ms(NOW)}" data-time-zone="Asia/Jakarta" '
        f'data-stale-after-s="{STALE_AFTER_S}" data-offline-after-s="{OFFLINE_AFTER_S}">'
    )
    with modules_page(chromium, body, NOW) as page:
        yield page


def panels() -> Iterator[Panel]:
    for voltage, ampere, age_s, rating in itertools.product(VOLTAGES, AMPERES, AGES_S, RATINGS):
        at = NOW - timedelta(seconds=age_s)
        yield Panel(
            name="trafo1",
            voltage=voltage,
            voltage_at=None if voltage is None else at,
            ampere=ampere,
            ampere_at=None if ampere is None else at,
            **rating,
        )


def test_the_browser_judges_every_panel_as_the_server_does(scripts: Page) -> None:
    cases = list(panels())
    judged = scripts.evaluate(
        """async (cases) => {
          const { findings, stateOf } = await import("/static/js/condition.js");
          return cases.map(({ metrics, at, limits }) => {
            const found = findings(metrics, limits);
            return { found, state: stateOf(at, found) };
          });
        }""",
        [
            {
                "metrics": {
                    name: {"value": value, "at": epoch_ms(at)}
                    for name, value, at in panel.current()
                    if at
                },
                "at": epoch_ms(panel.last_reading_at) if panel.last_reading_at else 0,
                "limits": asdict(limits_of(panel)),
            }
            for panel in cases
        ],
    )
    for panel, answer in zip(cases, judged, strict=True):
        assert answer["state"] == state(panel, NOW)
        expected = [asdict(finding) for finding in findings(panel, NOW)]
        assert [{**one, "value": None} for one in answer["found"]] == [
            {**one, "value": None} for one in expected
        ]
        assert [one["value"] for one in answer["found"]] == pytest.approx(
            [one["value"] for one in expected]
        )
