"""EN 50160: a week's ten-minute means of the voltage against a band."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from meters.energy.calendar import Calendar
from meters.energy.compliance import BANDS, Week, compliance, weeks
from meters.energy.history import Period
from meters.models import Panel, VoltageTenMinutes
from meters.mqtt.timestamps import to_datetime
from tests.energy.filling import fill_and_roll

pytestmark = pytest.mark.django_db
S = 1_000_000
TEN_MINUTES = 600 * S
JAKARTA = Calendar(ZoneInfo("Asia/Jakarta"))
EN, SPLN = BANDS["en50160"], BANDS["spln"]
MONDAY = JAKARTA.midnight(date(2026, 1, 12))
WEEK = Period(MONDAY, JAKARTA.midnight(date(2026, 1, 19)))


@pytest.fixture
def panel() -> Panel:
    return Panel.objects.create(name="trafo1", nominal_voltage_v=230)


def week_of(
    panel: Panel, means: list[float], band_name: str = "en50160", covered_s: float = 600
) -> Week:
    """The week with these ten-minute means at its beginning."""
    VoltageTenMinutes.objects.bulk_create(
        VoltageTenMinutes(
            panel=panel,
            start=to_datetime(MONDAY + number * TEN_MINUTES),
            mean=mean,
            covered_s=covered_s,
        )
        for number, mean in enumerate(means)
    )
    (week,) = compliance(panel.pk, 230, BANDS[band_name], [WEEK])
    return week


@pytest.mark.parametrize(
    ("outside", "verdict"), [(0, "pass"), (50, "pass"), (51, "fail"), (1008, "fail")]
)
def test_of_1008_means_50_may_lie_outside_and_51_may_not(
    panel: Panel, outside: int, verdict: str
) -> None:
    week = week_of(panel, [206.0] * outside + [230.0] * (1008 - outside))
    assert (week.expected, week.measured, week.outside) == (1008, 1008, outside)
    assert week.coverage == 1
    assert week.verdict(EN) == verdict


@pytest.mark.parametrize(
    ("volt", "outside", "beyond"),
    [
        (207.0, 0, 0),  # -10 % itself lies within
        (206.9, 1, 0),
        (195.5, 1, 0),  # -15 %
        (195.4, 1, 1),
        (252.9, 0, 0),
        (253.1, 1, 1),  # above +10 % no mean may be
    ],
)
def test_one_mean_beyond_the_outer_limits_fails_the_week(
    panel: Panel, volt: float, outside: int, beyond: int
) -> None:
    week = week_of(panel, [volt] + [230.0] * 1007)
    assert (week.outside, week.beyond) == (outside, beyond)
    assert week.verdict(EN) == ("fail" if beyond else "pass")


@pytest.mark.parametrize(
    ("volt", "outside"), [(206.9, 1), (207.0, 0), (241.5, 0), (241.6, 1), (190.0, 1)]
)
def test_spln_has_five_percent_above_and_no_outer_limits(
    panel: Panel, volt: float, outside: int
) -> None:
    week = week_of(panel, [volt] * 10 + [230.0] * 998, "spln")
    assert (week.outside, week.beyond) == (outside * 10, 0)
    assert week.verdict(SPLN) == "pass"


@pytest.mark.parametrize(
    ("measured", "outside", "verdict"),
    [
        (908, 0, "pass"),  # 90.08 %
        (907, 0, "inconclusive"),
        (0, 0, "inconclusive"),
        (500, 50, "inconclusive"),  # the other means could be within
        (500, 51, "fail"),  # whatever the others were
        (908, 46, "fail"),  # of those that are known more than 5 %
        (908, 45, "pass"),
    ],
)
def test_a_week_of_which_little_is_known_has_no_verdict_unless_it_can_not_pass(
    panel: Panel, measured: int, outside: int, verdict: str
) -> None:
    week = week_of(panel, [206.0] * outside + [230.0] * (measured - outside))
    assert week.measured == measured
    assert week.verdict(EN) == verdict


def test_a_mean_of_too_little_measured_time_does_not_count(panel: Panel) -> None:
    assert week_of(panel, [100.0] * 1008, covered_s=479).measured == 0
    VoltageTenMinutes.objects.all().delete()
    assert week_of(panel, [230.0] * 1008, covered_s=480).measured == 1008


def test_the_lowest_and_the_highest_mean_with_their_times(panel: Panel) -> None:
    week = week_of(panel, [230.0, 221.0, 240.0, 221.0, 240.0])
    assert (week.lowest_v, week.lowest_at) == (221.0, MONDAY + TEN_MINUTES)
    assert (week.highest_v, week.highest_at) == (240.0, MONDAY + 2 * TEN_MINUTES)


def test_of_several_weeks_each_is_told_what_lay_outside_in_it(panel: Panel) -> None:
    means = [[230.0], [206.0, 230.0, 190.0], [254.0], [253.0, 207.0], []]
    some_weeks = weeks(JAKARTA, Period(MONDAY, MONDAY + 5 * 7 * 86_400 * S))
    VoltageTenMinutes.objects.bulk_create(
        VoltageTenMinutes(
            panel=panel,
            start=to_datetime(week.start + place * TEN_MINUTES),
            mean=mean,
            covered_s=600,
        )
        for week, some in zip(some_weeks, means, strict=True)
        for place, mean in enumerate(some)
    )
    found = compliance(panel.pk, 230, EN, some_weeks)
    assert [(week.measured, week.outside, week.beyond) for week in found] == [
        (1, 0, 0),
        (3, 2, 1),
        (1, 1, 1),
        (2, 0, 0),
        (0, 0, 0),
    ]
    assert [week.lowest_v for week in found] == [230, 190, 254, 207, None]


def test_a_single_reading_beyond_the_limit_is_no_breach(panel: Panel) -> None:
    """A reading of 150 V among one of 230 V every five seconds: the mean stays within."""
    readings = [(MONDAY + n * 5 * S, {"voltage": 230.0}) for n in range(360)]
    readings[100] = (readings[100][0], {"voltage": 150.0})
    fill_and_roll(panel, readings)
    (week,) = compliance(panel.pk, 230, EN, [WEEK])
    assert (week.measured, week.outside, week.beyond) == (3, 0, 0)
    # 120 lines of 5 s each from 230 V; two of them go down to 150 V and up again.
    assert week.lowest_v == pytest.approx(230 - 2 * 5 * 40 / 600)


def test_a_long_dip_is_a_breach_of_its_mean(panel: Panel) -> None:
    readings = [
        (MONDAY + n * 5 * S, {"voltage": 190.0 if 120 <= n < 240 else 230.0}) for n in range(361)
    ]
    fill_and_roll(panel, readings)
    (week,) = compliance(panel.pk, 230, EN, [WEEK])
    assert (week.measured, week.outside, week.beyond) == (3, 1, 1)
    assert week.lowest_at == MONDAY + TEN_MINUTES
    assert week.verdict(EN) == "fail"


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("Europe/Berlin", date(2026, 3, 25), 1002),
        ("Europe/Berlin", date(2026, 10, 21), 1014),
        ("Australia/Lord_Howe", date(2026, 4, 1), 1011),
        ("Asia/Kathmandu", date(2026, 4, 1), 1008),
    ],
)
def test_a_week_in_which_the_clock_is_changed_has_as_many_means_as_it_has(
    panel: Panel, zone: str, day: date, expected: int
) -> None:
    calendar = Calendar(ZoneInfo(zone))
    noon = round(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) * S
    (week,) = weeks(calendar, Period(noon, noon + TEN_MINUTES))
    monday = day - timedelta(days=day.weekday())
    assert week.start == calendar.midnight(monday)
    assert week.end == calendar.midnight(monday + timedelta(days=7))
    (found,) = compliance(panel.pk, 230, EN, [week])
    assert found.expected == expected


def test_weeks_are_whole_and_each_mean_counts_to_one(panel: Panel) -> None:
    some = weeks(JAKARTA, Period(MONDAY + S, MONDAY + 15 * 86_400 * S))
    assert [week.start for week in some] == [MONDAY + n * 7 * 86_400 * S for n in range(3)]
    for start, volt in ((some[1].start - TEN_MINUTES, 220.0), (some[1].start, 240.0)):
        VoltageTenMinutes.objects.create(
            panel=panel, start=to_datetime(start), mean=volt, covered_s=600
        )
    found = compliance(panel.pk, 230, EN, some)
    assert [week.measured for week in found] == [1, 1, 0]
    assert [week.lowest_v for week in found] == [220.0, 240.0, None]


def test_the_limits_are_the_figures_people_know() -> None:
    assert BANDS["en50160"].limits(230) == (207, 253)
    assert BANDS["en50160"].limits(220) == (198, 242)
    assert BANDS["spln"].limits(220) == (198, 231)
