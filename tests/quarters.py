"""A panel's quarter-hours for tests, as a rollup leaves them."""

from datetime import UTC, datetime, timedelta

from django.db import connection

from meters.models import Panel, TrendQuarter
from meters.models.bulk import insert, written_time
from meters.mqtt.timestamps import to_microseconds

JANUARY = datetime(2025, 12, 31, 17, tzinfo=UTC)  # at the site, in Jakarta
FEBRUARY = datetime(2026, 1, 31, 17, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def use(
    panel: Panel, start: datetime = JANUARY, end: datetime = FEBRUARY, wh: float = 1000.0
) -> None:
    """The same energy in each quarter-hour, with half as much reactive energy."""
    quarter = TrendQuarter(
        panel=panel,
        start=start,
        energy_wh=wh,
        energy_covered_s=900,
        reactive_varh=wh / 2,
        apparent_covered_s=900,
        demand_max_w=wh * 4,
    )
    # By one statement: a month of them one by one takes the ORM a second.
    fields = [field for field in TrendQuarter._meta.concrete_fields if field.column]
    said = {
        field.column or "": field.get_db_prep_save(getattr(quarter, field.attname), connection)
        for field in fields
    }
    first, last, step = (to_microseconds(each) for each in (start, end, start + QUARTER))
    rows = [
        list((said | {"start": written_time(moment)}).values())
        for moment in range(first, last, step - first)
    ]
    with connection.cursor() as cursor:
        insert(cursor, TrendQuarter._meta.db_table, tuple(said), rows, "")
