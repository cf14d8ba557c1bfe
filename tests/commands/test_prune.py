"""The command by itself; what pruning does to the rollups is tested in tests/energy."""

import io
import shutil
import signal
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from meters.models import DirtyRange, Panel, Trend
from tests.commands.running import outcome, read_until, running
from tests.services.installation import REPOSITORY

REAL = REPOSITORY / "tests" / "data" / "household_2007-02-01_14.csv"
NOBODY = "mqtt://127.0.0.1:9"


def run(*words: str) -> str:
    output = io.StringIO()
    call_command("prune", *words, stdout=output, stderr=output)
    return output.getvalue()


@pytest.fixture
def panel(db: None) -> Panel:
    """Two readings, one of which is older than all readings are kept."""
    panel = Panel.objects.create(name="trafo1")
    for days in (1, 500):
        moment = timezone.now() - timedelta(days=days)
        Trend.objects.create(panel=panel, timestamp=moment, power=1.0)
    return panel


def test_it_deletes_what_is_older_than_the_settings_say(panel: Panel) -> None:
    assert "Deleted: 1 readings, 0 minutes" in run()
    assert Trend.objects.count() == 1


def test_a_dry_run_counts_and_deletes_nothing(panel: Panel) -> None:
    output = run("--dry-run")
    assert "trafo1: 1 readings" in output
    assert "Would be deleted: 1 readings, 0 minutes" in output
    assert Trend.objects.count() == 2


def test_one_panel_can_be_chosen(panel: Panel) -> None:
    Panel.objects.create(name="other")
    assert "Deleted: 0 readings" in run("--panel", "other")
    assert "Deleted: 1 readings" in run("--panel", "trafo1")
    with pytest.raises(CommandError, match="there are: other, trafo1"):
        run("--panel", "nope")


def test_a_panel_that_is_not_rolled_up_is_left_with_what_to_do(panel: Panel) -> None:
    old = Trend.objects.order_by("timestamp")[0].timestamp
    DirtyRange.objects.mark(panel, old, old)
    output = run()
    assert "trafo1: left as it is" in output
    assert "manage.py rollup --panel trafo1" in output
    assert Trend.objects.count() == 2


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with the two weeks of 2007, rolled up."""
    folder = tmp_path_factory.mktemp("imported")
    for words in (["migrate"], ["import_trends", str(REAL), "--panel", "house"]):
        code, output = outcome(NOBODY, *words, state_dir=folder)
        assert code == 0, output
    return folder


@pytest.fixture
def site(imported: Path, tmp_path: Path) -> Path:
    return shutil.copytree(imported, tmp_path / "site")


def ask(site: Path, statement: str) -> Any:
    connection = sqlite3.connect(site / "pelbiot.sqlite3")
    try:
        return connection.execute(statement).fetchone()
    finally:
        connection.close()


def test_killed_in_the_middle_it_leaves_a_state_from_which_the_next_run_goes_on(
    site: Path,
) -> None:
    days = ask(site, "SELECT COUNT(*), SUM(energy_wh) FROM meters_trendday")
    words = ("prune", "--panel", "house")
    env = {"MINUTE_RETENTION_DAYS": "0"}
    with running(NOBODY, *words, state_dir=site, **env) as process:
        read_until(process, "of 20,1")  # a tenth is done
        process.kill()
    left, first = ask(site, "SELECT COUNT(*), MIN(timestamp) FROM meters_trend")
    (raw_from,) = ask(site, "SELECT raw_from FROM meters_rollupstate")
    assert 0 < left < 20_160
    assert raw_from <= first
    unsealed = f"SELECT COUNT(*) FROM meters_trendminute WHERE NOT sealed AND start < '{raw_from}'"
    assert ask(site, unsealed) == (0,)
    code, output = outcome(NOBODY, *words, state_dir=site, **env)
    assert code == 0, output
    assert f"Deleted: {left:,} readings, 0 minutes" in output
    assert ask(site, "SELECT COUNT(*) FROM meters_trendminute WHERE sealed") == (20_160,)
    assert ask(site, "SELECT COUNT(*), SUM(energy_wh) FROM meters_trendday") == days


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_told_to_stop_it_finishes_its_chunk_and_says_so(how: signal.Signals, site: Path) -> None:
    with running(NOBODY, "prune", state_dir=site) as process:
        read_until(process, " rows")
        process.send_signal(how)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 1, output
    assert "the next run goes on where this one ended" in output
    assert "Traceback" not in output
    assert "Deleted: " in output
