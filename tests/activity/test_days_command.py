"""``selfback days`` as its user meets it: a table that fits, all figures as data, and what failed."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from activity.cli.main import run

START = "import sys; from activity.cli.main import run; sys.exit(run(sys.argv[1:]))"


def days(folder: Path, *arguments: object) -> int:
    return run(["days", str(folder), *map(str, arguments)])


def name_of(processed: Path) -> str:
    return next(path.parent.name for path in processed.glob("*/info.json"))


def test_the_table_says_each_day_and_what_failed(processed: Path, capsys) -> None:
    assert days(processed) == 1
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].startswith(f"{name_of(processed)}: ")
    assert "times in Europe/Oslo" in lines[0]
    assert [line.split()[1] for line in lines if line[:3] in {"Sat", "Sun", "Mon"}] == [
        "2026-10-24", "2026-10-25", "2026-10-26",
    ]  # fmt: skip
    assert "3 × block with a bad checksum" in said.out
    assert "broken.cwa" in said.err
    assert "failed" in said.err


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_the_table_fits_its_screen_and_no_figure_is_cut(width: int, processed: Path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    days(processed, name_of(processed))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    sunday = next(line for line in lines if line.startswith("Sun")).split()
    wanted = next(row for row in rows_of(processed) if row["date"] == "2026-10-25")
    assert f"{float(wanted['wear_minutes']) / 60:.1f}" in sunday
    assert f"{int(wanted['steps']):,}" in sunday


def rows_of(processed: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((processed / "days.csv").read_text())))


def test_csv_is_the_table_of_the_batch_to_the_byte(processed: Path, capsys) -> None:
    assert days(processed, "--csv") == 1
    assert capsys.readouterr().out == (processed / "days.csv").read_text()


def test_json_is_a_document_a_day_with_null_for_what_is_not_known(processed: Path, capsys) -> None:
    name = name_of(processed)
    assert days(processed, name, "--json") == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["recording"] for row in found] == [name] * 3
    assert [row["length_minutes"] for row in found] == [1440, 1500, 1440]
    assert found[0]["peak_30min_spm"] is None or found[0]["peak_30min_spm"] > 0


def test_csv_and_json_together_are_a_usage_error(processed: Path) -> None:
    assert days(processed, "--csv", "--json") == 2


def test_a_folder_without_results_ends_with_its_own_code(tmp_path: Path, capsys) -> None:
    assert days(tmp_path) == 5
    assert "selfback process" in capsys.readouterr().err


def test_a_reader_that_has_enough_ends_it_in_peace(processed: Path) -> None:
    command = [sys.executable, "-c", START, "days", str(processed), "--csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
