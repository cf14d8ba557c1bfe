"""`manage.py rollup`: what it computes, what it refuses, and how it ends."""

import re
import signal
import sqlite3
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from meters.models import DirtyRange, Panel, Trend, TrendDay, TrendHour, TrendMinute
from meters.mqtt.timestamps import to_microseconds
from tests.commands.running import outcome, read_until, running
from tests.energy.filling import fill, fill_and_roll

NOBODY = "mqtt://127.0.0.1:9"
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def readings(start: datetime, minutes: int, watt: float) -> list[tuple[int, dict[str, float]]]:
    """One a minute, and a last one just before the end."""
    first = to_microseconds(start)
    moments = [*range(first, first + minutes * 60_000_000, 60_000_000)]
    return [(at, {"power": watt}) for at in (*moments, first + minutes * 60_000_000 - 1)]


def rollup(*words: str) -> str:
    output = StringIO()
    call_command("rollup", *words, stdout=output)
    return output.getvalue()


def wh_of_hours(panel: Panel) -> list[float | None]:
    rows = TrendHour.objects.filter(panel=panel).order_by("start")
    return [row.energy_wh and round(row.energy_wh) for row in rows]


def spoil() -> None:
    """As if they had been computed by other rules."""
    for model in (TrendMinute, TrendHour, TrendDay):
        model.objects.update(energy_wh=-1)


@pytest.fixture
def panels(db: None) -> list[Panel]:
    """Three hours at 1 kW each, rolled up."""
    made = [Panel.objects.create(name=f"trafo{number}") for number in (1, 2)]
    for panel in made:
        fill_and_roll(panel, readings(NOON, 180, 1000))
    return made


def test_it_computes_what_has_changed_and_nothing_else(panels: list[Panel]) -> None:
    spoil()
    fill(panels[0], readings(NOON + 4 * HOUR, 60, 3000))
    assert "The rollups are up to date." in rollup()
    assert wh_of_hours(panels[0]) == [-1, -1, -1, 3000]
    assert wh_of_hours(panels[1]) == [-1, -1, -1]
    assert not DirtyRange.objects.exists()


def test_all_computes_everything_anew(panels: list[Panel]) -> None:
    spoil()
    rollup("--all")
    assert wh_of_hours(panels[0]) == wh_of_hours(panels[1]) == [1000] * 3
    day = TrendDay.objects.get(panel=panels[0])
    assert day.energy_wh == pytest.approx(3000)


def test_one_panel_only(panels: list[Panel]) -> None:
    spoil()
    rollup("--all", "--panel", "trafo2")
    assert wh_of_hours(panels[0]) == [-1] * 3
    assert wh_of_hours(panels[1]) == [1000] * 3


@pytest.mark.parametrize(
    ("words", "wh"),
    [
        # The line to the neighbour on the other side of the edge is part of the next hour, too.
        (["--from", "2026-01-15T21:00+07:00"], [-1, 1000, 1000]),
        (["--to", "2026-01-15T20:00:00+07:00"], [1000, 1000, -1]),
        (["--from", "2026-01-15T20:10", "--to", "2026-01-15 20:20"], [-1, 1000, -1]),
        (["--from", "2026-01-15", "--to", "2026-01-16"], [1000, 1000, 1000]),
        (["--from", "2027-01-15"], [-1, -1, -1]),
    ],
)
def test_a_stretch_of_the_sites_time(panels: list[Panel], words: list[str], wh: list[int]) -> None:
    TrendHour.objects.update(energy_wh=-1)
    rollup(*words)
    assert wh_of_hours(panels[0]) == wh


def test_rollups_of_readings_that_are_gone_go(panels: list[Panel]) -> None:
    Trend.objects.filter(panel=panels[0]).delete()
    rollup("--all")
    assert wh_of_hours(panels[0]) == []
    assert not TrendMinute.objects.filter(panel=panels[0]).exists()
    assert not TrendDay.objects.filter(panel=panels[0]).exists()


def test_without_any_panel_there_is_nothing_to_do(db: None) -> None:
    assert "up to date" in rollup("--all")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--panel", "trafo9"], "there is no panel 'trafo9'; there are: trafo1, trafo2"),
        (["--all", "--from", "2026-01-15"], "--all takes neither --from nor --to"),
        (["--all", "--to", "2026-01-15"], "--all takes neither --from nor --to"),
        (["--from", "2026-01-15", "--to", "2026-01-15"], "--to must be later than --from"),
        (["--from", "2026-01-16", "--to", "2026-01-15"], "--to must be later than --from"),
        (["--from", "yesterday"], "'yesterday' is no time"),
    ],
)
def test_what_makes_no_sense_is_refused(panels: list[Panel], words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        rollup(*words)


def test_it_says_how_far_it_is(panels: list[Panel]) -> None:
    output = rollup("--all")
    (total,) = set(re.findall(r"of ([\d,]+) seconds", output))
    assert f"{total} of {total} seconds" in output


# As a process of its own


def database(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "pelbiot.sqlite3", timeout=30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A database with 60,000 readings of a panel, all still to be rolled up."""
    code, output = outcome(NOBODY, "migrate", "--noinput", state_dir=tmp_path)
    assert code == 0, output
    with database(tmp_path) as connection:
        columns: dict[str, Any] = {
            "name": "trafo1",
            "display_name": "",
            "location": "",
            "nominal_voltage_v": 230,
            "active": 1,
            "created_at": "2026-01-01 00:00:00",
            "power_at": "2026-01-15 00:00:00",
        }
        places = ", ".join("?" * len(columns))
        connection.execute(
            f"INSERT INTO meters_panel ({', '.join(columns)}) VALUES ({places})",
            list(columns.values()),
        )
        connection.executemany(
            "INSERT INTO meters_trend (panel_id, timestamp, power) VALUES (1, ?, 1000)",
            [
                (str((NOON + timedelta(seconds=10 * n)).replace(tzinfo=None)),)
                for n in range(60_000)
            ],
        )
    connection.close()
    return tmp_path


def left(folder: Path) -> list[tuple[str, str]]:
    connection = database(folder)
    rows = connection.execute("SELECT first, last FROM meters_dirtyrange").fetchall()
    connection.close()
    return rows


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_leaves_the_rest_noted(folder: Path, how: signal.Signals) -> None:
    with running(NOBODY, "rollup", "--all", state_dir=folder) as process:
        read_until(process, " seconds")
        process.send_signal(how)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "what is left stays noted" in output
    assert "Traceback" not in output
    ((first, last),) = left(folder)
    assert "2026-01-15 12:00:00" < first < last == "2026-01-22 10:39:50"

    code, output = outcome(NOBODY, "rollup", state_dir=folder)
    assert code == 0, output
    assert left(folder) == []
    connection = database(folder)
    ((minutes, wh),) = connection.execute("SELECT COUNT(*), SUM(energy_wh) FROM meters_trendminute")
    connection.close()
    assert minutes == 10_000
    assert wh == pytest.approx(1000 * 599_990 / 3600)


def test_its_help_says_that_it_is_safe_beside_the_running_system() -> None:
    code, output = outcome(NOBODY, "rollup", "--help")
    assert code == 0
    assert "Safe beside the running system" in " ".join(output.split())
