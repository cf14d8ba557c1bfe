"""What people read is written alike by the server and by the browser's Intl, in each language."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from playwright.sync_api import Browser, Page

from dashboard import formatting, quantities
from dashboard.history_texts import all_texts
from meters.metrics import METRICS
from tests.browser.conftest import modules_page

NOW = datetime(2026, 11, 26, 3, 30, 45, tzinfo=UTC)
# Each month, either side of midnight, a clock with and without zeros, another year.
MOMENTS = [
    NOW,
    *(datetime(2026, month, 9, 17, 5, 7, tzinfo=UTC) for month in range(1, 13)),
    datetime(2025, 12, 31, 16, 59, 59, tzinfo=UTC),
    datetime(2025, 12, 31, 17, tzinfo=UTC),
]
NUMBERS = [None, 0, -0.001, 0.005, 0.5, 999.95, 1234.5, -1234.56, 1e6, 12_345_678.9]
SPANS_S = [0, 59, 60, 3600, 12_660, 86_400, 259_200, 1_234_567]
SHARES = [None, 0, 0.29, 0.9, 0.99999, 1]


@pytest.fixture(scope="module", params=["en", "id"])
def reader(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in one language."""
    language: str = request.param
    with translation.override(language):
        page_data = {
            "texts": all_texts(),
            "decimals": {metric.name: metric.decimals for metric in METRICS.values()},
            "units": quantities.units(),
        }
        body = (
            f'<html lang="{language}"><main id="live" data-now="{formatting.epoch_ms(NOW)}" '
            f'data-time-zone="Asia/Jakarta" data-zone-label="WIB"></main>'
            f'<script id="page" type="application/json">{json.dumps(page_data)}</script>'
        )
        with modules_page(chromium, body, NOW) as page:
            yield page


def in_browser(reader: Page, module: str, call: str, values: list[Any]) -> list[str]:
    written: list[str] = reader.evaluate(
        f"""async (values) => {{
          const it = await import("/static/js/{module}");
          return values.map((value) => {call});
        }}""",
        values,
    )
    return written


@pytest.mark.parametrize(
    ("call", "server"),
    [
        ("it.clock(value)", formatting.clock),
        ("it.date(value)", formatting.date),
        ("it.full(value)", formatting.full),
        ("it.toTheMinute(value)", formatting.to_the_minute),
        ("it.near(value)", lambda at: formatting.near(at, NOW)),
        ("it.brief(value)", lambda at: formatting.brief(at, NOW)),
    ],
)
def test_moments_are_written_alike(
    reader: Page, call: str, server: Callable[[datetime], str]
) -> None:
    written = in_browser(reader, "formats.js", call, [formatting.epoch_ms(at) for at in MOMENTS])
    assert written == [server(at) for at in MOMENTS]


@pytest.mark.parametrize(
    ("call", "server"),
    [
        ("it.plain(value, 0)", lambda value: formatting.number(value, 0)),
        ("it.plain(value, 2)", lambda value: formatting.number(value, 2)),
        ('it.number("voltage", value)', lambda value: formatting.number(value, 2)),
    ],
)
def test_numbers_are_written_alike(
    reader: Page, call: str, server: Callable[[float | None], str]
) -> None:
    assert in_browser(reader, "formats.js", call, NUMBERS) == [server(value) for value in NUMBERS]


@pytest.mark.parametrize(
    ("call", "server", "values"),
    [
        ("it.power(value)", quantities.power, NUMBERS),
        ("it.energy(value)", quantities.energy, NUMBERS),
        ('it.measured("voltage", value)', lambda v: quantities.measured("voltage", v), NUMBERS),
        (
            'it.measured("energy_cost", value)',
            lambda v: quantities.measured("energy_cost", v),
            NUMBERS,
        ),
        ('it.money(value, "IDR")', lambda v: formatting.money(_decimal(v), "IDR"), NUMBERS),
        ("it.percent(value)", quantities.percent, SHARES),
        ("it.lasting(value)", quantities.lasting, SPANS_S),
    ],
)
def test_quantities_are_written_alike(
    reader: Page, call: str, server: Callable[[Any], str], values: list[Any]
) -> None:
    written = in_browser(reader, "history/quantities.js", call, values)
    assert written == [server(value) for value in values]


def test_an_axis_counts_in_the_readers_words(reader: Page) -> None:
    language = reader.evaluate("document.documentElement.lang")
    written = in_browser(reader, "formats.js", "it.tick(value, 500)", [0, 1500, 250_000, 4_430_000])
    assert (
        written
        == {
            "en": ["0", "1,500", "250K", "4.43M"],
            "id": ["0", "1.500", "250\u00a0rb", "4,43\u00a0jt"],
        }[language]
    )


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(value))
