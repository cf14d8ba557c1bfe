"""Maximum demand, the running quarter of an hour, and the load-duration curve."""

import math
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from meters.energy import peaks
from meters.energy.bucket import Bucket
from meters.energy.calendar import Calendar
from meters.energy.demand import pack, unpack, with_demand
from meters.energy.history import Period
from meters.energy.readings import Subject
from meters.models import Panel
from tests.energy.filling import fill_and_roll

S = 1_000_000
MINUTE, QUARTER, HOUR, DAY = 60 * S, 900 * S, 3600 * S, 86_400 * S
JAKARTA = Calendar(ZoneInfo("Asia/Jakarta"))
START = JAKARTA.midnight(date(2026, 1, 12))
pytestmark = pytest.mark.django_db


@pytest.fixture
def panel() -> Panel:
    return Panel.objects.create(name="trafo1", max_gap_s=300)


def staircase(watts: list[float], start: int = START) -> list[tuple[int, dict[str, float]]]:
    """A reading every minute; each quarter of an hour at one power."""
    last = start + len(watts) * QUARTER
    samples = [(at, {"power": watts[(at - start) // QUARTER]}) for at in range(start, last, MINUTE)]
    # The step up or down happens within the quarter's last microsecond.
    ends = [(start + (n + 1) * QUARTER - 1, {"power": watt}) for n, watt in enumerate(watts)]
    return sorted([*samples, *ends], key=lambda sample: sample[0])


def quarter(wh: float | None, covered_s: float, recovered_s: float = 0.0) -> float | None:
    bucket = Bucket(START, energy_wh=wh)
    bucket.energy_covered_s, bucket.energy_recovered_s = covered_s, recovered_s
    (done,) = with_demand([bucket])
    assert done.load is not None
    known = done.load.demand_w
    assert (done.load.demand_blocks, done.load.demand_at) == (
        (0, None) if known is None else (1, START)
    )
    return known


def test_demand_is_the_mean_power_over_what_was_measured() -> None:
    assert quarter(250.0, 900) == 1000
    assert quarter(200.0, 720) == 1000  # four fifths of it: enough
    assert quarter(199.0, 719) is None
    assert quarter(None, 0) is None


def test_what_was_recovered_is_no_measurement_of_this_quarter_of_an_hour() -> None:
    assert quarter(250.0, 800, 100) is None
    assert quarter(250.0, 0, 900) is None


def test_demand_is_that_of_the_power_and_not_of_the_ticks_of_a_coarse_register(
    panel: Panel,
) -> None:
    """An even 4.3 kW; the register goes on by whole kWh, in some quarters once, in some twice."""
    samples = [
        (
            START + n * MINUTE,
            {"power": 4300.0, "energy_register": float(100 + int(4.3 * n / 60))},
        )
        for n in range(241)
    ]
    fill_and_roll(panel, samples)
    found = peaks.demands([panel.pk], JAKARTA, Period(START, START + 4 * HOUR))[panel.pk]
    assert list(found.values()) == pytest.approx([4300] * 16)
    now = peaks.running(Subject.of(panel), START + 4 * HOUR - MINUTE // 2)
    assert now is not None
    assert [now.mean_w, now.forecast_w] == pytest.approx([4300, 4300])


def test_where_no_power_is_measured_demand_is_that_of_the_register(panel: Panel) -> None:
    samples = [(START + n * MINUTE, {"energy_register": 100 + n / 60}) for n in range(31)]
    fill_and_roll(panel, samples)
    found = peaks.demands([panel.pk], JAKARTA, Period(START, START + HOUR))[panel.pk]
    assert found == {START: pytest.approx(1000), START + QUARTER: pytest.approx(1000)}


@pytest.mark.parametrize("blocks", [92, 94, 96, 98, 100])
def test_a_days_demands_are_packed_with_what_is_not_known(blocks: int) -> None:
    """92 and 100: days on which clocks are changed by an hour."""
    known = {START: 5.0, START + 3 * QUARTER: -2.5}
    got = unpack(pack(START, START + blocks * QUARTER, known))
    assert len(got) == blocks
    assert (got[0], got[3]) == (5.0, -2.5)
    assert all(each != each for place, each in enumerate(got) if place not in (0, 3))


def test_demands_of_a_range_are_its_whole_quarter_hours(panel: Panel) -> None:
    watts = [float(100 + n * 7 % 31) for n in range(3 * 96)]
    fill_and_roll(panel, staircase(watts))
    calendar = JAKARTA
    for first, last in ((0, 288), (1, 287), (50, 60), (95, 97), (96, 192), (3, 200)):
        period = Period(START + first * QUARTER - MINUTE, START + last * QUARTER + MINUTE)
        found = peaks.demands([panel.pk], calendar, period)[panel.pk]
        assert sorted(found) == [START + n * QUARTER for n in range(first, last)]
        got = [found[at] for at in sorted(found)]
        assert got == pytest.approx(watts[first:last], rel=1e-6)


def test_each_peak_is_the_highest_of_its_stretch_and_says_when(panel: Panel) -> None:
    watts = [float(100 + n * 7 % 31) for n in range(4 * 96)]
    watts[200] = 900.0
    fill_and_roll(panel, staircase(watts))
    for points in (500, 100, 50, 10, 3, 2):
        found = peaks.peaks(panel.pk, JAKARTA, Period(START, START + 4 * DAY), points)
        assert len(found) <= points
        assert (found[0].start, found[-1].end) == (START, START + 4 * DAY)
        for peak in found:
            inside = watts[(peak.start - START) // QUARTER : (peak.end - START) // QUARTER]
            assert peak.demand_w == pytest.approx(max(inside), rel=1e-6)
            assert peak.at == peak.start + inside.index(max(inside)) * QUARTER
        assert max(peak.demand_w or 0 for peak in found) == pytest.approx(900, rel=1e-6)


@pytest.mark.parametrize("points", [500, 50, 20, 5, 3])
def test_peaks_are_those_of_the_whole_quarter_hours_inside(panel: Panel, points: int) -> None:
    """The highest demands stand just outside, and in the quarter-hours that are cut through."""
    watts = [float(100 + n * 7 % 31) for n in range(4 * 96)]
    watts[8] = watts[9] = watts[309] = watts[310] = 900.0
    fill_and_roll(panel, staircase(watts))
    period = Period(START + 9 * QUARTER + MINUTE, START + 310 * QUARTER - MINUTE)
    found = peaks.peaks(panel.pk, JAKARTA, period, points)
    assert (found[0].start, found[-1].end) == (START + 10 * QUARTER, START + 309 * QUARTER)
    assert max(peak.demand_w or 0 for peak in found) < 140
    for peak in found:
        inside = watts[(peak.start - START) // QUARTER : (peak.end - START) // QUARTER]
        assert peak.demand_w == pytest.approx(max(inside), rel=1e-6)


def test_where_no_quarter_of_an_hour_lies_inside_as_a_whole_there_is_no_peak(panel: Panel) -> None:
    fill_and_roll(panel, staircase([100.0] * 4))
    for first, last in ((1, 29), (14, 29), (3, 9)):
        period = Period(START + first * MINUTE, START + last * MINUTE)
        assert peaks.peaks(panel.pk, JAKARTA, period, 100) == []


def test_a_stretch_of_which_nothing_is_known_has_no_peak(panel: Panel) -> None:
    fill_and_roll(panel, staircase([100.0] * 4))
    found = peaks.peaks(panel.pk, JAKARTA, Period(START, START + 3 * HOUR), 100)
    assert [peak.demand_w is None for peak in found] == [False] * 4 + [True] * 8
    assert all(peak.at is None for peak in found[4:])


def running(panel: Panel, now: int) -> peaks.Running | None:
    panel.refresh_from_db()
    return peaks.running(Subject.of(panel), now)


def test_the_running_quarter_of_an_hour_is_forecast_from_its_mean_and_the_power_now(
    panel: Panel,
) -> None:
    """Five minutes at 1 kW, then 4 kW: 1/3 and 2/3."""
    readings = [(START + n * MINUTE, {"power": 1000.0}) for n in range(6)]
    readings.append((START + 5 * MINUTE + 1, {"power": 4000.0}))
    fill_and_roll(panel, readings)
    found = running(panel, START + 5 * MINUTE + 2)
    assert found is not None
    assert found.start == START
    assert found.elapsed_s == pytest.approx(300, abs=1e-5)
    assert found.mean_w == pytest.approx(1000, abs=1e-3)
    assert found.forecast_w == pytest.approx(3000, abs=1e-2)


def test_just_after_a_quarter_of_an_hour_began_the_power_before_it_is_the_forecast(
    panel: Panel,
) -> None:
    fill_and_roll(panel, [(START - 30 * S, {"power": 1500.0})])
    found = running(panel, START + 10 * S)
    assert found is not None
    assert (found.mean_w, found.forecast_w) == (1500, 1500)


def test_nothing_is_forecast_for_a_panel_that_fell_silent(panel: Panel) -> None:
    assert running(panel, START) is None
    fill_and_roll(panel, [(START, {"power": 1500.0}), (START + S, {"voltage": 230.0})])
    assert running(panel, START + 300 * S) is not None
    assert running(panel, START + 300 * S + 1) is None


@pytest.mark.parametrize(
    ("demands_w", "factor"),
    [
        ([1000.0, 500.0, 0.0], 0.5),
        ([0.1] * 3, 1.0),  # whose sum is a little more than three times as much
        ([], None),
        ([0.0, 0.0], None),
        ([-500.0, -100.0], None),
        ([500.0, -500.0], 0.0),
    ],
)
def test_the_load_factor_is_mean_over_maximum(demands_w: list[float], factor: float | None) -> None:
    demands = peaks.Demands()
    for place, demand_w in enumerate(demands_w):
        demands.see(START + place * QUARTER, (demand_w, math.nan))
    assert demands.load_factor == factor


def test_the_summary_of_a_range_is_that_of_its_known_quarter_hours(panel: Panel) -> None:
    watts = [float(100 + n * 7 % 31) for n in range(3 * 96)]
    watts[150] = watts[151] = 900.0
    missing = range(START + 100 * QUARTER + MINUTE, START + 120 * QUARTER - MINUTE)
    fill_and_roll(panel, [each for each in staircase(watts) if each[0] not in missing])
    for first, last in ((0, 288), (3, 200), (101, 119), (150, 152)):
        period = Period(START + first * QUARTER - MINUTE, START + last * QUARTER + MINUTE)
        wanted = peaks.demands([panel.pk], JAKARTA, period)[panel.pk]
        found = peaks.summary(panel.pk, JAKARTA, period)
        assert found.count == len(wanted)
        assert found.sum_w == pytest.approx(sum(wanted.values()))
        assert found.maximum_w == max(wanted.values(), default=None)
        assert found.maximum_at == max(wanted, key=wanted.__getitem__, default=None)


def test_the_load_duration_curve_goes_down_from_the_maximum_to_the_minimum() -> None:
    assert peaks.load_duration([], 10) == []
    assert peaks.load_duration([5.0], 10) == [(0.0, 5.0), (100.0, 5.0)]
    assert peaks.load_duration([1.0, 4.0, 2.0, 3.0], 10) == [
        (0.0, 4.0),
        (25.0, 4.0),
        (50.0, 3.0),
        (75.0, 2.0),
        (100.0, 1.0),
    ]


@pytest.mark.parametrize("points", [2, 3, 50, 999])
def test_a_thinned_out_curve_keeps_both_ends_and_lies_on_the_whole_one(points: int) -> None:
    demands = [float(n * 7919 % 1000) for n in range(1000)]
    curve = peaks.load_duration(demands, points)
    assert len(curve) <= points + 1
    assert (curve[0], curve[-1]) == ((0.0, 999.0), (100.0, 0.0))
    for percent, watt in curve[1:]:
        reached = sum(1 for each in demands if each >= watt)
        assert percent == pytest.approx(reached / 10)
