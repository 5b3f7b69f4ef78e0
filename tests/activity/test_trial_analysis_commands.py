"""``selfback trial simulate`` and ``analyse``: a study that nobody lived, through the real store and the real coach."""

import csv
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from activity.cli.main import run
from activity.report.trial_page import figure_ids
from activity.resources import shipped
from activity.store.check import check_store
from activity.store.engine import open_store
from device.capture.parquet import read_recording_parquet

PEOPLE = 32


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of a few weeks, as the command leaves it."""
    folder = tmp_path_factory.mktemp("study") / "lived"
    few = quick_study(folder.parent)
    assert (
        run(
            [
                "trial",
                "simulate",
                few,
                "--output",
                str(folder),
                "--people",
                str(PEOPLE),
                "--weeks",
                "3",
                "--band-days",
                "1",
            ]
        )
        == 0
    )
    return folder


def quick_study(folder: Path) -> str:
    """The shipped protocol with fewer imputations."""
    text = shipped("data", "study", "selfback.toml").read_text(encoding="utf-8")
    assert "imputations = 50" in text
    (folder / "study.toml").write_text(text.replace("imputations = 50", "imputations = 4"), encoding="utf-8")
    return str(folder / "study.toml")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def query(lived: Path, sql: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(lived / "store" / "study.db") as connection:
        return connection.execute(sql).fetchall()


def test_everybody_was_screened_randomised_and_planned_for_as_in_a_real_study(lived: Path) -> None:
    (randomised,) = query(lived, "SELECT count(*) FROM allocation")[0]
    assert randomised == PEOPLE
    treated = {who for (who,) in query(lived, "SELECT participant FROM allocation WHERE arm = 'selfback'")}
    planned = {who for (who,) in query(lived, "SELECT DISTINCT participant FROM plan")}
    assert planned
    assert planned <= treated
    assert query(lived, "SELECT count(*) FROM retained")[0][0] > 0
    store = open_store(str(lived / "store" / "study.db"))
    try:
        assert check_store(store).findings == ()
    finally:
        store.close()


def test_a_day_was_moved_on_a_wrist_and_fetched_from_its_band(lived: Path) -> None:
    (path,) = (lived / "bands").rglob("*.parquet")
    recording = read_recording_parquet(path)
    assert 14 * 3600 < recording.n_samples / recording.rate_hz < 15 * 3600
    assert len(recording.gaps) == 0


def test_no_allocation_is_found_wrong_with_the_key(lived: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, key = lived / "store" / "study.db", lived / "key" / "study.key"
    assert run(["trial", "verify", "--store", str(store), "--key", str(key), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == []


def test_every_observation_is_a_row_of_the_store_and_scores_as_it_says(lived: Path) -> None:
    found = rows(lived / "analysis" / "observations.csv")
    assert len(found) > 5 * PEOPLE
    kept = {
        row: (who, name, day) for row, who, name, day in
        query(lived, "SELECT id, participant, instrument, date FROM answers")
    }  # fmt: skip
    assert all(kept[int(one["row"])] == (one["person"], one["instrument"], one["day"]) for one in found)
    baseline = [float(one["score"]) for one in found if (one["visit"], one["instrument"]) == ("baseline", "rmdq-24")]
    assert len(baseline) == PEOPLE
    assert min(baseline) >= 6


def test_every_figure_of_the_page_is_a_row_of_the_results(lived: Path) -> None:
    known = {one["id"] for one in rows(lived / "analysis" / "results.csv")}
    shown = figure_ids((lived / "analysis" / "report.html").read_text(encoding="utf-8"))
    assert len(set(shown)) > 90
    assert set(shown) <= known


def test_the_page_says_that_nobody_lived(lived: Path) -> None:
    assert "Nobody of this trial lived" in (lived / "analysis" / "report.html").read_text(encoding="utf-8")


def test_analysing_the_store_or_the_tables_gives_the_same_figures(
    lived: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = (lived / "analysis" / "results.csv").read_text(encoding="utf-8")
    store = str(lived / "store" / "study.db")
    day = query(lived, "SELECT max(date) FROM answers")[0][0]
    assert run(["trial", "analyse", "--store", store, "--date", f"{int(day[:4]) + 1}{day[4:]}",
                "--output", str(tmp_path / "store")]) == 0  # fmt: skip
    assert run(["trial", "analyse", "--from", str(lived / "analysis"), "--output", str(tmp_path / "tables")]) == 0
    assert (tmp_path / "store" / "results.csv").read_text(encoding="utf-8") == first
    assert (tmp_path / "tables" / "results.csv").read_text(encoding="utf-8") == first
    said = capsys.readouterr()
    assert "3 months: difference" in said.out
    assert "not done: EQ-5D-5L: no value set of a country was given" in said.err


def test_json_is_a_document_a_figure(lived: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trial", "analyse", "--from", str(lived / "analysis"), "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["id"] for one in found} == {one["id"] for one in rows(lived / "analysis" / "results.csv")}


def test_published_figures_are_printed_beside_ours(lived: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trial", "analyse", "--from", str(lived / "analysis"), "--published"]) == 0
    assert "published -0.79 (-1.51 to -0.06), p 0.030; here" in capsys.readouterr().out


def test_the_report_can_be_had_as_pdf(lived: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = str(lived / "store" / "study.db")
    code = run(["trial", "analyse", "--store", store, "--output", str(tmp_path), "--pdf"])
    if code and "Pango" in capsys.readouterr().err and not os.environ.get("CI"):
        pytest.skip("no Pango on this machine")
    assert code == 0
    data = (tmp_path / "report.pdf").read_bytes()
    assert data.startswith(b"%PDF-")
    assert len(data) > 20_000


def test_a_folder_that_isnt_empty_is_left_alone(lived: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (lived / "analysis" / "results.csv").read_bytes()
    assert run(["trial", "simulate", "--output", str(lived), "--people", "20"]) != 0
    assert "isn't empty" in capsys.readouterr().err
    assert (lived / "analysis" / "results.csv").read_bytes() == before


@pytest.mark.parametrize(
    "arguments", [["simulate"], ["analyse", "--pdf"], ["simulate", "--trials", "10", "--output", "x"]]
)
def test_what_doesnt_go_together_is_a_matter_of_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trial", *arguments]) == 2
    assert capsys.readouterr().out == ""


def test_a_folder_without_tables_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trial", "analyse", "--from", str(tmp_path)]) != 0
    assert "study.json" in capsys.readouterr().err


def test_many_drawn_trials_say_how_the_analysis_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trial", "simulate", "--trials", "40", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["trials"] == 40
    assert abs(found["bias"]["value"]) < 5 * found["bias"]["error"]
    assert 0.3 < found["mean_se"]["value"] < 0.45


def test_the_same_seed_gives_the_same_study(tmp_path: Path) -> None:
    study = quick_study(tmp_path)
    for name in ("one", "two"):
        words = ["trial", "simulate", study, "--output", str(tmp_path / name), "--people", "20", "--weeks", "1"]
        assert run([*words, "--seed", "5", "--band-days", "0"]) == 0
    first, second = (tmp_path / name / "analysis" / "results.csv" for name in ("one", "two"))
    assert first.read_bytes() == second.read_bytes()
