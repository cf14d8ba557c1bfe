"""A panel's quarter-hours for tests, as a rollup leaves them."""

from datetime import UTC, datetime, timedelta

from meters.models import Panel, TrendQuarter

JANUARY = datetime(2025, 12, 31, 17, tzinfo=UTC)  # at the site, in Jakarta
FEBRUARY = datetime(2026, 1, 31, 17, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def use(
    panel: Panel, start: datetime = JANUARY, end: datetime = FEBRUARY, wh: float = 1000.0
) -> None:
    """The same energy in each quarter-hour, with half as much reactive energy."""
    count = int((end - start) / QUARTER)
    TrendQuarter.objects.bulk_create(
        TrendQuarter(
            panel=panel,
            start=start + number * QUARTER,
            energy_wh=wh,
            energy_covered_s=900,
            reactive_varh=wh / 2,
            apparent_covered_s=900,
        )
        for number in range(count)
    )
