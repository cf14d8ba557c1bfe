import csv
import io
import signal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from meters.energy.trapezoid import energy_wh
from meters.ingest import statements
from meters.models import DirtyRange, Panel, RollupState, Trend, TrendDay
from meters.recorded import importing
from tests.commands.running import outcome, read_until, running
from tests.services.installation import REPOSITORY

REAL = REPOSITORY / "tests" / "data" / "household_2007-02-01_14.csv"
NOBODY = "mqtt://127.0.0.1:9"
HEAD = "timestamp,voltage_v,active_power_kw\n"
GOOD = "2026-01-15 10:00:00,230.5,0.5\n2026-01-15 10:01:00,NA,\n2026-01-15 10:02:00,NA,1.5\n"
BAD = "2026-01-15 10:03:00,230,5,1\nyesterday,230,1\n2999-01-01 00:00:00,230,1\n"


def run(path: Path, *words: str, **options: Any) -> tuple[int, str]:
    """(exit code, output) of the command."""
    output = io.StringIO()
    try:
        call_command("import_trends", str(path), *words, stdout=output, stderr=output, **options)
    except CommandError as error:
        return error.returncode, output.getvalue() + str(error)
    return 0, output.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "meter.csv"
    path.write_text(HEAD + GOOD)
    return path


@pytest.mark.django_db
def test_the_real_meter_is_imported_once_and_a_second_time_changes_nothing() -> None:
    code, output = run(REAL, "--panel", "house", "--no-rollup")
    assert code == 0
    assert "New: 20,160, changed: 0, unchanged: 0, without a reading: 0, rejected: 0." in output
    assert "Panel house was unknown and is registered now." in output
    assert "From 2007-02-01 00:00:00 +0700 to 2007-02-14 23:59:00 +0700." in output
    code, output = run(REAL, "--panel", "house")
    assert code == 0
    assert "New: 0, changed: 0, unchanged: 20,160, without a reading: 0, rejected: 0." in output
    assert "Nothing was changed." in output
    power = Trend.objects.order_by("timestamp").values_list("timestamp", "power")
    measured = energy_wh((moment, value) for moment, value in power if value is not None)
    with REAL.open() as lines:
        kilowatts = [float(row["active_power_kw"]) for row in csv.DictReader(lines)]
    expected = sum(map(sum, zip(kilowatts, kilowatts[1:], strict=False))) / 2 * 1000 / 60
    assert measured.energy_wh == pytest.approx(expected, rel=1e-9)


@pytest.mark.django_db
def test_the_rollups_follow_unless_they_are_left_to_the_worker(file: Path) -> None:
    run(file, "--no-rollup")
    assert DirtyRange.objects.exists()
    assert not TrendDay.objects.exists()
    file.write_text(HEAD + "2026-01-15 10:04:00,NA,1.5\n")
    code, output = run(file)
    assert code == 0
    assert "The rollups are up to date." in output
    assert not DirtyRange.objects.exists()
    assert TrendDay.objects.get().energy_wh == pytest.approx(1500 * 2 / 60 + 1000 * 2 / 60)


@pytest.mark.django_db
def test_empty_and_na_cells_are_no_reading(file: Path) -> None:
    code, output = run(file)
    assert code == 0
    assert "Rows read: 3. New: 2, changed: 0, unchanged: 0, without a reading: 1" in output
    assert list(Trend.objects.order_by("timestamp").values_list("voltage", "power")) == [
        (230.5, 500.0),
        (None, 1500.0),
    ]
    assert Panel.objects.get().name == "meter"


@pytest.mark.django_db
def test_a_dry_run_says_what_would_be_and_writes_nothing(file: Path) -> None:
    code, output = run(file, "--dry-run")
    assert code == 0
    assert "New: 2" in output
    assert "Panel meter would be registered." in output
    assert "nothing was written" in output
    assert not Panel.objects.exists()


@pytest.mark.django_db
def test_bad_rows_are_rejected_with_line_and_reason_and_the_good_ones_stored(
    file: Path, tmp_path: Path
) -> None:
    file.write_text(HEAD + BAD + GOOD)
    code, output = run(file, "--rejects", str(tmp_path / "rejects.csv"))
    assert code == 3
    assert "line 2 rejected: the row has 4 cells, the header has 3" in output
    assert "line 3 rejected: 'yesterday' is no time" in output
    assert "in the future" in output
    assert "3 of 6 rows were rejected" in output
    assert Trend.objects.count() == 2
    with (tmp_path / "rejects.csv").open(newline="") as rejects:
        head, *rows = csv.reader(rejects)
    assert head == ["line", "reason", "timestamp", "voltage_v", "active_power_kw"]
    assert [row[0] for row in rows] == ["2", "3", "4"]
    assert rows[0][2:] == ["2026-01-15 10:03:00", "230", "5", "1"]


@pytest.mark.django_db
def test_of_many_rejects_twenty_are_shown_and_all_written(file: Path, tmp_path: Path) -> None:
    file.write_text(HEAD + 25 * "yesterday,230,1\n")
    code, output = run(file, "--rejects", str(tmp_path / "rejects.csv"))
    assert code == 3
    assert output.count("rejected: 'yesterday'") == 20
    assert "... and 5 more" in output
    assert len((tmp_path / "rejects.csv").read_text().splitlines()) == 26


@pytest.mark.django_db
def test_the_rest_of_an_import_adds_its_rejects_to_those_before(file: Path, tmp_path: Path) -> None:
    file.write_text(HEAD + "yesterday,1,1\n" + "never,1,1\n")
    rejects = tmp_path / "rejects.csv"
    rejects.write_text("line,reason,timestamp,voltage_v,active_power_kw\n2,x,yesterday,1,1\n")
    run(file, "--rejects", str(rejects), "--start-row", "2")
    lines = rejects.read_text().splitlines()
    assert [line.partition(",")[0] for line in lines] == ["line", "2", "3"]


@pytest.mark.django_db
def test_semicolons_a_byte_order_mark_and_columns_by_name(file: Path) -> None:
    text = "when;kw;u\r\n2026-01-15 10:00:00;0.5;230.5\r\n"
    file.write_bytes(text.encode("utf-8-sig"))
    words = ["--time-column", "when", "--column", "power=kw*1000", "--column", "voltage=u"]
    code, output = run(file, "--panel", "feeder3", *words, "--timezone", "UTC")
    assert code == 0, output
    assert "From 2026-01-15 17:00:00 +0700" in output
    assert Trend.objects.get().power == 500


@pytest.mark.django_db
def test_a_time_that_never_happened_is_rejected_and_one_that_happened_twice_is_two(
    file: Path,
) -> None:
    times = ["2026-03-29 02:30", "2026-10-25 02:30", "2026-10-25 02:45", "2026-10-25 02:30"]
    file.write_text(HEAD + "".join(f"{each}:00,230,1\n" for each in times))
    code, output = run(file, "--timezone", "Europe/Paris")
    assert code == 3
    assert "line 2 rejected: '2026-03-29 02:30:00' never happened" in output
    assert "New: 3" in output


@pytest.mark.django_db
def test_a_second_row_of_one_time_that_says_something_else_is_rejected_each_time(
    file: Path,
) -> None:
    file.write_text(HEAD + "2026-01-15 10:00:00,230,1\n2026-01-15 10:00:00,231,1\n")
    for fate in ("New: 1", "New: 0, changed: 0, unchanged: 1"):
        code, output = run(file)
        assert code == 3
        assert fate in output
        assert "line 3 rejected: voltage 231 contradicts an earlier row" in output
    assert Trend.objects.get().voltage == 230


@pytest.mark.django_db
def test_a_register_is_imported_without_a_topic(file: Path) -> None:
    file.write_text("timestamp,energy_register_wh\n2026-01-15 10:00:00,48213700\n")
    assert run(file)[0] == 0
    assert Panel.objects.get().energy_register == 48213.7


@pytest.mark.django_db
def test_readings_older_than_what_was_pruned_are_stored_with_a_word_about_it(file: Path) -> None:
    panel = Panel.objects.create(name="meter")
    RollupState.objects.create(panel=panel, raw_from="2026-02-01T00:00:00+07:00")
    code, output = run(file)
    assert code == 0
    assert "Readings before 2026-02-01 00:00 were pruned" in output
    assert Trend.objects.count() == 2


@pytest.mark.django_db
def test_when_the_database_goes_away_the_batches_before_stay_and_it_says_how_to_go_on(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "ROWS_AT_ONCE", 1)
    real, calls = statements.mark_ranges, iter(range(10))

    def mark_ranges(*arguments: Any) -> None:
        if next(calls) == 1:
            raise OperationalError(2006, "server has gone away")
        real(*arguments)

    monkeypatch.setattr(statements, "mark_ranges", mark_ranges)
    code, output = run(file)
    assert code == 1
    assert "not complete: (2006, 'server has gone away')" in output
    assert Trend.objects.count() == 1
    assert "--start-row 3" in output
    assert "Traceback" not in output
    code, output = run(file, "--start-row", "3")
    assert code == 0
    assert Trend.objects.count() == 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_keeps_what_is_committed_and_the_rest_can_follow(
    how: signal.Signals, tmp_path: Path
) -> None:
    assert outcome(NOBODY, "migrate", state_dir=tmp_path)[0] == 0
    words = ["import_trends", str(REAL), "--panel", "house", "--no-rollup"]
    with running(NOBODY, *words, state_dir=tmp_path) as process:
        read_until(process, "of 20,160 rows")
        process.send_signal(how)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 1, output
    assert "Traceback" not in output
    start = int(output.partition("--start-row ")[2])
    assert 2000 < start < 20_160
    code, output = outcome(NOBODY, *words, "--start-row", str(start), state_dir=tmp_path)
    assert code == 0, output
    assert f"New: {20_161 - start:,}, changed: 0, unchanged: 0" in output


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--column", "watts=active_power_kw"], "no metric 'watts'"),
        (["--column", "power=kw"], "no column 'kw'"),
        (["--timezone", "Mars/Olympus"], "no time zone"),
        (["--panel", "a b"], "accepted"),
        (["--start-row", "0"], "accepted"),
        (["--rejects", "/no/such/folder/x.csv"], "No such file"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_accepted(
    file: Path, words: list[str], reason: str
) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("import_trends", str(file), *words)


def test_the_rejects_never_overwrite_the_file_itself(file: Path) -> None:
    with pytest.raises(CommandError, match="another one"):
        call_command("import_trends", str(file), "--rejects", str(file))
    assert file.read_text() == HEAD + GOOD


def test_a_database_without_tables_is_a_sentence(file: Path) -> None:
    code, output = outcome(NOBODY, "import_trends", str(file))
    assert code == 1
    assert "no such table" in output
    assert "Traceback" not in output
