"""The demonstration, run as a newcomer runs it: from an empty folder to a page, and its truth beside what was found."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from device.capture.parquet import read_recording_parquet

START = "import sys; from activity.cli.main import run; sys.exit(run(sys.argv[1:]))"


def run(folder: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", START, "demo", *map(str, arguments)]
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True, timeout=180)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("empty")
    done = run(folder, "--json")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_it_writes_only_into_its_own_folder(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = demo
    assert [path.name for path in folder.iterdir()] == ["selfback-demo"]


def test_eight_hours_came_over_the_air_without_a_gap(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, said = demo
    recording = read_recording_parquet(folder / said["recording"])
    assert recording.n_samples == 8 * 3600 * 25
    assert recording.gaps == ()
    assert recording.damage == ()


def test_what_was_found_is_near_the_truth_that_it_prints(demo: tuple[Path, dict[str, Any]]) -> None:
    truth = demo[1]["truth"]
    assert truth["steps"]["found"] == pytest.approx(truth["steps"]["true"], rel=0.1)
    for name in ("still (minutes)", "walking (minutes)", "other (minutes)"):
        assert truth[name]["found"] == pytest.approx(truth[name]["true"], abs=20), name


def test_eight_hours_are_not_enough_to_judge_a_day_and_the_goal_says_so(demo: tuple[Path, dict[str, Any]]) -> None:
    (day,) = demo[1]["days"]
    assert day["quality"]["valid"] is False
    assert day["quality"]["reasons"]
    assert demo[1]["plan"]["goal"]["provisional"] is True


def test_every_item_of_the_plan_says_why_with_a_source(demo: tuple[Path, dict[str, Any]]) -> None:
    plan = demo[1]["plan"]
    items = [plan["goal"], *plan["exercises"], *plan["messages"]]
    assert len(plan["exercises"]) == 3
    assert len(plan["messages"]) == 7
    for item in items:
        assert item["reasons"]
        for reason in item["reasons"]:
            assert reason["text"]
            assert reason["source"]


def test_the_page_holds_the_day_the_plan_and_no_script(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, said = demo
    page = (folder / said["page"]).read_text(encoding="utf-8")
    for words in ("not a medical device", said["plan"]["exercises"][0]["name"], "made up", "<svg"):
        assert words in page
    assert "<script" not in page
    assert date.fromisoformat(said["days"][0]["date"]).strftime("%B %Y") in page


def test_a_second_run_fetches_nothing_again_and_reads_aloud(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, said = demo
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert ": 0 new blocks of 9000" in done.stderr
    steps = f"{said['truth']['steps']['found']:,.0f}"
    assert steps in done.stdout
    assert "because" in done.stdout
    assert "report.html" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines() if "report.html" not in line) <= 80


def test_another_seed_is_another_day_even_in_the_same_folder(demo: tuple[Path, dict[str, Any]]) -> None:
    folder, said = demo
    other = json.loads(run(folder, "--json", "--seed", 2).stdout)
    assert other["truth"]["steps"]["true"] != said["truth"]["steps"]["true"]
    assert other["truth"]["steps"]["found"] == pytest.approx(other["truth"]["steps"]["true"], rel=0.1)
    assert other["recording"] != said["recording"]


def test_a_folder_that_can_not_be_written_is_exit_4(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    done = run(tmp_path, "--output", "taken/inside")
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    assert "try:" in done.stderr
