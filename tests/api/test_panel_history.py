"""`/api/panels/…` and `/api/comparison`: what is asked, how it is answered, and what it costs."""

import gzip
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from meters.models import (
    DirtyRange,
    Panel,
    RollupState,
    Tariff,
    TariffAssignment,
    TrendHour,
    TrendQuarter,
    VoltageTenMinutes,
)
from meters.mqtt.timestamps import to_microseconds
from tests.energy.filling import fill_and_roll, roll
from tests.tariffs import assign, make_version

pytestmark = pytest.mark.django_db
HOUR_US = 3_600_000_000
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
Query = dict[str, str | int]
HOUR: Query = {"from": "2026-01-15T11:00:00Z", "to": "2026-01-15T19:00:00+07:00"}
CALLS = [
    *("trends", "energy", "statistics", "demand", "load-duration", "voltage-compliance"),
    "episodes",
]
HEAD = {"panel", "from", "to", "timezone", "pending"}
SPAN = {"mean", "min", "max"}
STATISTICS = {"unit", "count", "mean", "min", "min_at", "max", "max_at", "coverage"}
KEYS = {
    "trends": {"level", "step_s", "metrics", "points"},
    "energy": {
        "by",
        "energy_wh",
        "cost",
        "unpriced_wh",
        "currency",
        "coverage",
        "recovered",
        "buckets",
    },
    "statistics": {
        *("coverage", "recovered", "energy_wh", "cost", "unpriced_wh", "currency"),
        *("metrics", "load"),
    },
    "demand": {
        *("block_minutes", "coverage", "maximum", "mean_w", "demand_mean_w"),
        *("load_factor",),
        *("blocks_complete", "blocks_incomplete", "running", "blocks"),
    },
    "load-duration": {"coverage", "blocks", "hours", "maximum_w", "mean_w", "minimum_w", "points"},
    "episodes": {"limits", "episodes"},
    "voltage-compliance": {
        *("band", "title", "source", "nominal_v", "low_v", "high_v", "share_percent", "weeks"),
    },
}


def make(name: str = "trafo1", hours: float = 3, step_s: float = 30) -> Panel:
    """A steady load of 230 V, 10 A and 2 kW for so many hours until noon."""
    panel = Panel.objects.create(name=name, rated_power_kva=2, max_gap_s=300)
    end, step = to_microseconds(NOON), round(step_s * 1e6)
    start = end - round(hours * 3.6e9)
    values = {"voltage": 230.0, "ampere": 10.0, "power": 2000.0}
    fill_and_roll(panel, [(at, values) for at in range(start, end + 1, step)])
    return panel


@pytest.fixture
def panel() -> Panel:
    return make()


def path(call: str, panel: str = "trafo1") -> str:
    return "/api/comparison" if call == "comparison" else f"/api/panels/{panel}/{call}"


def ask(api: Client, call: str, **query: str | int) -> Any:
    answer = api.get(path(call), HOUR | query)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_has_just_the_keys_that_are_agreed(api: Client, panel: Panel, call: str) -> None:
    answer = ask(api, call)
    assert set(answer) == HEAD | KEYS[call]
    assert answer["panel"] == "trafo1"
    assert (answer["from"], answer["to"]) == ("2026-01-15T11:00:00Z", "2026-01-15T12:00:00Z")
    assert answer["timezone"] == "Asia/Jakarta"
    assert answer["pending"] is False


def test_trends(api: Client, panel: Panel) -> None:
    answer = ask(api, "trends", points=60, metrics="power,voltage")
    assert (answer["level"], answer["step_s"], answer["metrics"]) == (
        "minute",
        60,
        ["power", "voltage"],
    )
    assert len(answer["points"]) == 60
    assert answer["points"][0] == {
        "start": "2026-01-15T11:00:00Z",
        "end": "2026-01-15T11:01:00Z",
        "coverage": 1,
        "power": {"mean": 2000, "min": 2000, "max": 2000},
        "voltage": {"mean": 230, "min": 230, "max": 230},
    }
    few = ask(api, "trends", metrics="ampere")
    assert (few["level"], few["step_s"]) == ("raw", None)
    assert few["points"][0] == {
        "start": "2026-01-15T11:00:00Z",
        "end": "2026-01-15T11:00:00Z",
        "coverage": 1,
        "ampere": {"mean": 10, "min": 10, "max": 10},
    }


def test_trends_have_every_bucket_of_the_range_also_where_nothing_was_measured(
    api: Client, panel: Panel
) -> None:
    answer = ask(api, "trends", points=20, **{"from": "2026-01-15T00:00:00Z"})
    starts = [point["start"] for point in answer["points"]]
    assert answer["level"] == "hour"
    assert starts == [f"2026-01-15T{hour:02}:00:00Z" for hour in range(12)]
    assert {key: answer["points"][0][key] for key in ("coverage", "power", "energy_cost")} == {
        "coverage": 0,
        "power": dict.fromkeys(SPAN),
        "energy_cost": dict.fromkeys(SPAN),
    }


def test_energy(api: Client, panel: Panel) -> None:
    answer = ask(api, "energy", by="hour", **{"from": "2026-01-15T10:30:00Z"})
    assert answer["energy_wh"] == pytest.approx(3000)
    assert (answer["cost"], answer["currency"], answer["coverage"]) == (None, "IDR", 1)
    assert answer["buckets"] == [
        {
            "start": start,
            "end": end,
            "energy_wh": pytest.approx(wh),
            "cost": None,
            "unpriced_wh": pytest.approx(wh),
            "coverage": 1,
            "recovered": 0,
            "quality": "measured",
        }
        for start, end, wh in (
            ("2026-01-15T10:30:00Z", "2026-01-15T11:00:00Z", 1000),
            ("2026-01-15T11:00:00Z", "2026-01-15T12:00:00Z", 2000),
        )
    ]


def test_hours_that_are_no_longer_kept_are_not_told_as_empty(api: Client) -> None:
    make(hours=60, step_s=60)  # from 7:00 of the 13th at the site
    cut = datetime(2026, 1, 14, 17, tzinfo=UTC)
    TrendHour.objects.filter(start__lt=cut).delete()
    TrendQuarter.objects.filter(start__lt=cut).delete()
    RollupState.objects.update(minutes_from=cut, hours_from=cut)
    query: Query = {"from": "2026-01-13T05:00:00Z", "to": "2026-01-14T18:00:00Z"}
    answer = ask(api, "energy", by="hour", **query)
    assert [(each["start"], each["energy_wh"], each["quality"]) for each in answer["buckets"]] == [
        ("2026-01-13T05:00:00Z", None, "pruned"),
        ("2026-01-13T17:00:00Z", pytest.approx(48_000), "measured"),
        ("2026-01-14T17:00:00Z", pytest.approx(2000), "measured"),
    ]
    assert answer["energy_wh"] == pytest.approx(50_000)
    (day, _) = ask(api, "energy", by="day", **query | {"to": "2026-01-14T17:00:00Z"})["buckets"]
    assert (day["energy_wh"], day["quality"]) == (None, "pruned")
    before: Query = {"from": "2026-01-01T17:00:00Z", "to": "2026-01-02T17:00:00Z"}
    (day,) = ask(api, "energy", by="hour", **before)["buckets"]
    assert day["quality"] == "empty", "of a whole day it would be known"


def test_a_cost_tells_the_energy_that_it_leaves_out(api: Client, panel: Panel) -> None:
    """A tariff from the site's midnight on, which is 17:00 UTC."""
    assign(panel, make_version(peak=False).tariff, date(2026, 1, 16))
    at = to_microseconds(NOON)
    fill_and_roll(panel, [(at + n * 60_000_000, {"power": 2000.0}) for n in range(1, 7 * 60 + 1)])
    roll(panel)
    query: Query = {"from": "2026-01-15T16:30:00Z", "to": "2026-01-15T19:00:00Z"}
    energy = ask(api, "energy", by="hour", **query)
    assert [energy[key] for key in ("energy_wh", "cost", "unpriced_wh")] == [
        pytest.approx(5000),
        pytest.approx(4000),
        pytest.approx(1000),
    ]
    assert [each["unpriced_wh"] for each in energy["buckets"]] == [pytest.approx(1000), 0, 0]
    assert [each["cost"] is None for each in energy["buckets"]] == [True, False, False]
    compared = ask(api, "comparison", **query)
    for whole in (ask(api, "statistics", **query), compared["total"], compared["panels"][0]):
        assert whole["unpriced_wh"] == pytest.approx(1000)
        assert whole["cost"] == pytest.approx(4000)


def test_statistics(api: Client, panel: Panel) -> None:
    answer = ask(api, "statistics")
    assert set(answer["metrics"]) == {"voltage", "ampere", "power", "energy_cost"}
    assert all(set(each) == STATISTICS for each in answer["metrics"].values())
    assert answer["metrics"]["voltage"]["unit"] == "V"
    assert answer["metrics"]["voltage"]["count"] == 120
    assert answer["metrics"]["energy_cost"]["mean"] is None
    load = answer["load"]
    assert load["apparent_max_va"] == pytest.approx(2300)
    assert load["loading_max_percent"] == pytest.approx(115)
    assert (load["rated_kva"], load["minutes_over_80"], load["minutes_over_100"]) == (2, 60, 60)
    assert load["minutes_over_120"] == 0
    assert load["power_factor"] == pytest.approx(2000 / 2300)
    assert load["reactive_varh"] == pytest.approx((2300**2 - 2000**2) ** 0.5)


def test_demand(api: Client, panel: Panel) -> None:
    answer = ask(api, "demand")
    assert answer["maximum"] == {
        "start": "2026-01-15T11:00:00Z",
        "end": "2026-01-15T11:15:00Z",
        "demand_w": pytest.approx(2000),
    }
    assert (answer["block_minutes"], answer["blocks_complete"]) == (15, 4)
    assert answer["load_factor"] == pytest.approx(1)
    assert answer["running"] is None
    assert len(answer["blocks"]) == 4
    assert answer["blocks"][1] == {
        "start": "2026-01-15T11:15:00Z",
        "end": "2026-01-15T11:30:00Z",
        "demand_w": pytest.approx(2000),
        "at": "2026-01-15T11:15:00Z",
    }


@pytest.mark.parametrize("by", ["hour", "day", "month"])
@pytest.mark.parametrize("points", [2, 5, 20, 500])
def test_no_answer_reaches_outside_of_what_was_asked_for(
    api: Client, panel: Panel, points: int, by: str
) -> None:
    query: Query = {"from": "2026-01-15T09:52:00Z", "to": "2026-01-15T11:38:00Z"}
    first, last = str(query["from"]), str(query["to"])
    trends = ask(api, "trends", points=points, **query)["points"]
    energy = ask(api, "energy", by=by, **query)["buckets"]
    for parts in (trends, energy):
        assert all(first <= part["start"] <= part["end"] <= last for part in parts)
    assert sum(each["energy_wh"] for each in energy) == pytest.approx(2000 * 106 / 60)
    demand = ask(api, "demand", points=points, **query)
    blocks = demand["blocks"]
    assert (blocks[0]["start"], blocks[-1]["end"]) == (
        "2026-01-15T10:00:00Z",
        "2026-01-15T11:30:00Z",
    )
    assert demand["blocks_complete"] == 6


def test_a_quarter_of_an_hour_that_is_only_touched_is_not_missing(
    api: Client, panel: Panel
) -> None:
    query = {"from": "2026-01-15T10:07:00Z", "to": "2026-01-15T11:40:00Z"}
    answer = ask(api, "demand", **query)
    assert (answer["blocks_complete"], answer["blocks_incomplete"]) == (5, 0)


def test_energy_recovered_over_a_gap_makes_no_load_factor_above_one(api: Client) -> None:
    """An hour at 1 kW, then two of which only the register tells: 10 kWh went through."""
    panel = Panel.objects.create(name="trafo1", rated_power_kva=20, max_gap_s=300)
    start = to_microseconds(NOON) - 3 * HOUR_US
    samples: list[tuple[int, dict[str, float]]] = [
        (start + n * 60_000_000, {"power": 1000.0, "energy_register": 100 + n / 60})
        for n in range(61)
    ]
    samples.append((start + 3 * HOUR_US, {"power": 1000.0, "energy_register": 111.0}))
    fill_and_roll(panel, samples)
    query: Query = {"from": "2026-01-15T09:00:00Z", "to": "2026-01-15T12:00:00Z"}
    answer = ask(api, "demand", **query)
    assert answer["mean_w"] == pytest.approx(11_000 / 3)
    assert answer["maximum"]["demand_w"] == pytest.approx(1000)
    assert answer["demand_mean_w"] == pytest.approx(1000)
    assert answer["load_factor"] == pytest.approx(1)
    (compared,) = ask(api, "comparison", **query)["panels"]
    assert compared["load_factor"] == pytest.approx(1)


def test_the_mean_and_the_maximum_of_the_demand_are_of_the_same_quarter_hours(
    api: Client,
) -> None:
    """At 9 kW only half of a quarter-hour was measured."""
    panel = Panel.objects.create(name="trafo1", max_gap_s=300)
    start = to_microseconds(NOON) - HOUR_US
    minutes = [(n, 1000.0 + n) for n in range(46)] + [(n, 9000.0) for n in range(52, 60)]
    fill_and_roll(panel, [(start + n * 60_000_000, {"power": watt}) for n, watt in minutes])
    answer = ask(api, "demand")
    assert (answer["blocks_complete"], answer["blocks_incomplete"]) == (3, 1)
    assert answer["mean_w"] > answer["maximum"]["demand_w"]
    assert answer["demand_mean_w"] == pytest.approx(1022.5)
    assert answer["load_factor"] == pytest.approx(1022.5 / 1037.5)


def test_demand_of_the_running_quarter_of_an_hour(api: Client) -> None:
    now = datetime.now(UTC)
    panel = Panel.objects.create(name="trafo1")
    at = to_microseconds(now) - 1000
    fill_and_roll(panel, [(at - 1_000_000, {"power": 500.0}), (at, {"power": 500.0})])
    start = now - timedelta(hours=1)
    query = {"from": start.isoformat(), "to": (now + timedelta(hours=1)).isoformat()}
    running = api.get(path("demand"), query).json()["running"]
    assert set(running) == {"start", "end", "elapsed_s", "mean_w", "forecast_w"}
    assert running["forecast_w"] == pytest.approx(500)


def test_load_duration(api: Client, panel: Panel) -> None:
    answer = ask(api, "load-duration", points=3)
    assert (answer["blocks"], answer["hours"], answer["coverage"]) == (4, 1, 1)
    for figure in ("maximum_w", "mean_w", "minimum_w"):
        assert answer[figure] == pytest.approx(2000)
    assert all(set(point) == {"percent", "power_w"} for point in answer["points"])
    assert answer["points"][-1]["percent"] == 100


def test_voltage_compliance(api: Client, panel: Panel) -> None:
    VoltageTenMinutes.objects.update(mean=225.0)
    answer = ask(api, "voltage-compliance", band="spln")
    assert (answer["band"], answer["nominal_v"]) == ("spln", 230)
    assert (answer["low_v"], answer["high_v"]) == (pytest.approx(207), pytest.approx(241.5))
    assert answer["weeks"] == [
        {
            "start": "2026-01-11T17:00:00Z",
            "end": "2026-01-18T17:00:00Z",
            "expected": 1008,
            "measured": 18,
            "coverage": pytest.approx(18 / 1008, abs=1e-6),
            "outside": 0,
            "outside_percent": 0,
            "beyond": 0,
            "lowest_v": 225,
            "lowest_at": "2026-01-15T09:00:00Z",
            "highest_v": 225,
            "highest_at": "2026-01-15T09:00:00Z",
            "verdict": "inconclusive",
        }
    ]


def test_episodes(api: Client, panel: Panel) -> None:
    Panel.objects.update(nominal_voltage_v=215, rated_current_a=9)
    answer = ask(api, "episodes", to="2026-01-15T11:30:00Z")
    assert answer["limits"] == {
        "voltage_warning": [pytest.approx(193.5), pytest.approx(225.75)],
        "voltage_alarm": [pytest.approx(182.75), pytest.approx(236.5)],
        "ampere_alarm": 9,
        "loading_warning": 80,
        "loading_alarm": 100,
    }
    (voltage,) = (each for each in answer["episodes"] if each["quantity"] == "voltage")
    assert voltage == {
        "quantity": "voltage",
        "unit": "V",
        "side": "above",
        "severity": "warning",
        "start": "2026-01-15T11:00:00Z",
        "end": "2026-01-15T11:30:00Z",
        "ongoing": False,
        "minutes": 30,
        "worst": 230,
        "worst_at": "2026-01-15T11:00:00Z",
        "limit": pytest.approx(225.75),
    }
    assert {each["quantity"] for each in answer["episodes"]} >= {"voltage", "ampere"}


def test_the_comparison_ranks_by_energy(api: Client, panel: Panel) -> None:
    make("trafo2", hours=2)
    Panel.objects.create(name="trafo3")
    answer = ask(api, "comparison", **{"from": "2026-01-15T09:00:00Z"})
    assert set(answer) == {"from", "to", "timezone", "currency", "pending", "total", "panels"}
    assert set(answer["total"]) == {
        *("energy_wh", "cost", "unpriced_wh", "coverage", "maximum_w", "maximum_at"),
        *("diversity_factor", "balance_percent"),
    }
    assert answer["total"]["energy_wh"] == pytest.approx(10_000)
    assert answer["total"]["coverage"] == pytest.approx(5 / 9, abs=1e-6)
    assert [(each["rank"], each["name"]) for each in answer["panels"]] == [
        (1, "trafo1"),
        (2, "trafo2"),
        (3, "trafo3"),
    ]
    assert [each["share"] for each in answer["panels"]] == [
        pytest.approx(0.6),
        pytest.approx(0.4),
        None,
    ]
    assert set(answer["panels"][0]) == {
        *("name", "title", "rank", "energy_wh", "cost", "unpriced_wh", "share", "coverage"),
        *("mean_w", "maximum_w", "maximum_at", "load_factor", "loading_max_percent"),
    }
    chosen = ask(api, "comparison", panels="trafo2, trafo1,trafo2")
    assert {each["name"] for each in chosen["panels"]} == {"trafo1", "trafo2"}
    assert chosen["total"]["diversity_factor"] == pytest.approx(1)


def test_the_comparison_of_some_panels_never_passes_for_that_of_all(api: Client, db: None) -> None:
    Panel.objects.bulk_create([Panel(name=f"trafo{number}") for number in range(51)])
    answer = api.get(path("comparison"), HOUR)
    assert answer.status_code == 400
    assert "name those to compare" in answer.json()["panels"][0]


def test_readings_that_wait_to_be_added_up_are_told_once_they_are_late(
    api: Client, panel: Panel
) -> None:
    DirtyRange.objects.mark(panel, NOON - timedelta(minutes=20), NOON - timedelta(minutes=10))
    for call in CALLS:
        assert ask(api, call)["pending"] is True
        assert ask(api, call, to="2026-01-15T11:30:00Z")["pending"] is False


# Refusals


NO_OFFSET: Query = {"from": "2026-01-15T11:00:00"}
WRONG: list[tuple[str, Query, str]] = [
    *((call, NO_OFFSET, "from") for call in CALLS),
    ("trends", {"to": "2026-01-15T12:00:00"}, "to"),
    ("trends", {"to": "2026-01-15T10:00:00Z"}, "to"),
    ("trends", {"to": "2026-01-15T11:00:59Z"}, "to"),
    ("trends", {"from": "yesterday"}, "from"),
    ("trends", {"from": ""}, "from"),
    ("trends", {"from": "1999-12-31T00:00:00Z"}, "from"),
    ("trends", {"from": "0001-01-01T00:00:00+14:00"}, "from"),
    ("trends", {"to": "2100-01-02T00:00:00Z"}, "to"),
    ("trends", {"to": "9999-12-31T23:59:59-12:00"}, "to"),
    ("trends", {"to": "99999-01-01T00:00:00Z"}, "to"),
    ("trends", {"points": 1}, "points"),
    ("trends", {"points": 5001}, "points"),
    ("trends", {"points": "many"}, "points"),
    ("trends", {"metrics": "pressure"}, "metrics"),
    ("trends", {"metrics": "voltage,pressure"}, "metrics"),
    ("trends", {"metrics": ","}, "metrics"),
    ("energy", {"by": "week"}, "by"),
    ("energy", {"by": "hour", "from": "2024-01-01T00:00:00Z"}, "by"),
    ("demand", {"points": 0}, "points"),
    ("load-duration", {"points": 1}, "points"),
    ("voltage-compliance", {"band": "iec"}, "band"),
    ("voltage-compliance", {"from": "2022-01-01T00:00:00Z"}, "to"),
    ("episodes", {"to": "2026-01-23T11:01:00Z"}, "to"),
    ("comparison", {"panels": "trafo1,nobody"}, "panels"),
    ("comparison", {"panels": ","}, "panels"),
    ("comparison", {"from": "2026-01-15T11:00:00"}, "from"),
]


@pytest.mark.parametrize(("call", "query", "parameter"), WRONG)
def test_a_wrong_parameter_is_refused_by_name(
    api: Client, panel: Panel, call: str, query: Query, parameter: str
) -> None:
    answer = api.get(path(call), HOUR | query)
    assert answer.status_code == 400
    assert set(answer.json()) == {parameter}
    (sentence,) = answer.json()[parameter]
    assert sentence


@pytest.mark.parametrize("call", [*CALLS, "comparison"])
def test_a_range_must_be_given(api: Client, panel: Panel, call: str) -> None:
    answer = api.get(path(call))
    assert answer.status_code == 400
    assert set(answer.json()) == {"from", "to"}


@pytest.mark.parametrize("call", CALLS)
def test_an_unknown_panel_is_not_found(api: Client, call: str) -> None:
    answer = api.get(path(call, "nobody"), HOUR)
    assert answer.status_code == 404
    assert set(answer.json()) == {"detail"}
    assert "nobody" in answer.json()["detail"]


@pytest.mark.parametrize("address", [*map(path, CALLS), "/api/comparison", "/api/panels"])
def test_a_stranger_is_refused(client: Client, panel: Panel, address: str) -> None:
    assert client.get(address, HOUR).status_code in (401, 403)


@pytest.mark.parametrize("call", [*CALLS, "comparison"])
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2005-01-01T00:00:00Z", "2007-12-31T00:00:00Z"),
        ("2097-01-01T00:00:00Z", "2099-12-31T00:00:00Z"),
    ],
)
def test_the_far_past_and_the_far_future_hold_nothing(
    api: Client, panel: Panel, call: str, start: str, end: str
) -> None:
    if call == "episodes":  # of some days at a time
        end = f"{start[:8]}08T00:00:00Z"
    answer = ask(api, call, **{"from": start, "to": end})
    assert answer.get("coverage", answer.get("total", {}).get("coverage", 0)) == 0


@pytest.mark.parametrize("call", ["trends", "energy", "statistics", "demand", "load-duration"])
def test_the_longest_range_is_answered(api: Client, panel: Panel, call: str) -> None:
    ask(api, call, **{"from": "2005-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"})


# HTTP


@pytest.mark.parametrize("address", [*map(path, CALLS), "/api/comparison", "/api/panels"])
def test_it_answers_with_and_without_a_trailing_slash(
    api: Client, panel: Panel, address: str
) -> None:
    one, other = api.get(address, HOUR), api.get(f"{address}/", HOUR)
    assert one.status_code == other.status_code == 200
    assert one.content == other.content


@pytest.mark.parametrize("call", [*CALLS, "comparison"])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_answer_that_is_known_travels_once(
    api: Client, panel: Panel, call: str, encoding: str
) -> None:
    headers = {"Accept-Encoding": encoding}
    first = api.get(path(call), HOUR, headers=headers)
    assert "no-cache" in first["Cache-Control"]
    assert "private" in first["Cache-Control"]
    again = api.get(path(call), HOUR, headers=headers | {"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = api.get(path(call), HOUR, headers=headers | {"If-None-Match": '"another"'})
    assert other.status_code == 200


@pytest.mark.parametrize("call", ["trends", "energy"])
def test_an_answer_that_has_changed_is_sent_anew(api: Client, panel: Panel, call: str) -> None:
    tag = api.get(path(call), HOUR)["ETag"]
    fill_and_roll(panel, [(to_microseconds(NOON) - 1_000, {"power": 9000.0})])
    answer = api.get(path(call), HOUR, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer["ETag"] != tag


def test_an_answer_is_compressed_for_those_who_take_it(api: Client, panel: Panel) -> None:
    plain = api.get(path("trends"), HOUR)
    packed = api.get(path("trends"), HOUR, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 4
    assert "Accept-Encoding" in packed["Vary"]


# What it costs


@pytest.mark.parametrize("call", [*CALLS, "comparison"])
def test_the_number_of_statements_does_not_follow_what_is_stored(
    api: Client,
    call: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    period: Query = {"from": "2026-01-12T03:07:00Z", "to": "2026-01-15T11:52:00Z"}
    make(hours=0.5)
    with django_assert_max_num_queries(14) as few:
        ask(api, call, **period)
    make("trafo0", hours=72, step_s=60)
    Panel.objects.filter(name="trafo1").delete()
    Panel.objects.filter(name="trafo0").update(name="trafo1")
    with django_assert_max_num_queries(len(few)):
        ask(api, call, **period)


def test_costs_of_several_currencies_are_not_added_up(api: Client) -> None:
    panels = [Panel.objects.create(name=name) for name in ("rupiah", "euro")]
    for panel, code, money in zip(panels, ("A", "B"), ("IDR", "EUR"), strict=True):
        tariff = Tariff.objects.create(code=code, name=code, currency=money)
        TariffAssignment.objects.create(panel=panel, tariff=tariff, valid_from=date(2026, 1, 1))
        start = datetime(2026, 1, 15, 5, tzinfo=UTC)
        TrendHour.objects.create(panel=panel, start=start, energy_wh=1000, cost=Decimal(7))
    query = {"from": "2026-01-15T05:00:00Z", "to": "2026-01-15T06:00:00Z"}
    answer = api.get("/api/comparison", query | {"panels": "rupiah,euro"}).json()
    assert answer["currency"] == "IDR"
    assert answer["total"]["cost"] is None
    assert {each["name"]: each["cost"] for each in answer["panels"]} == {"rupiah": 7, "euro": None}
