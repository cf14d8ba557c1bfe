from datetime import UTC, datetime

import pytest

from meters.models import TrendDay, TrendMinute

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("energy_wh", "covered_s", "recovered_s", "quality"),
    [
        (10.0, 60.0, 0.0, "measured"),
        (10.0, 59.0, 0.0, "partial"),
        (10.0, 20.0, 40.0, "recovered"),
        (None, 0.0, 0.0, "empty"),
    ],
)
def test_a_rollup_says_what_its_energy_rests_on(
    energy_wh: float | None, covered_s: float, recovered_s: float, quality: str
) -> None:
    minute = TrendMinute(
        start=NOON,
        energy_wh=energy_wh,
        energy_covered_s=covered_s,
        energy_recovered_s=recovered_s,
    )
    assert minute.quality == quality


def test_a_day_on_which_clocks_go_forward_is_measured_after_23_hours(settings: object) -> None:
    settings.TIME_ZONE = "Europe/Berlin"  # type: ignore[attr-defined]
    start = datetime(2026, 3, 28, 23, tzinfo=UTC)
    day = TrendDay(start=start, energy_wh=1.0, energy_covered_s=23 * 3600)
    assert day.quality == "measured"
    day.start = datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert day.quality == "partial"
