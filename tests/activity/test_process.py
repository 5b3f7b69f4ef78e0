"""``selfback process`` as its user meets it: results whole or not at all, and every failure named."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cwa_writer
import numpy as np
import pyarrow.parquet as pq
import pytest

from activity.cli.main import run
from activity.errors import NotEnoughDataError
from activity.reprocess import analyse
from activity.reprocess import output as results
from activity.reprocess.plan import place_of, read_infos, safe_id

START_NS = 1_781_510_400 * 1_000_000_000
TABLES = ["bouts.parquet", "days.parquet", "epochs.parquet", "profile.parquet", "steps.parquet"]


def csv_file(path: Path, minutes: float = 2.0, rate_hz: int = 25, seed: int = 0) -> Path:
    n = round(minutes * 60 * rate_hz)
    time_ns = START_NS + np.arange(n) * (1_000_000_000 // rate_hz)
    sway = np.random.default_rng(seed).normal(0, 0.01, n)
    rows = (f"{t},{s:.4f},0,1" for t, s in zip(time_ns.tolist(), sway.tolist(), strict=True))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("time,x,y,z\n" + "\n".join(rows) + "\n")
    return path


def process(*arguments: object) -> int:
    return run(["process", *(str(argument) for argument in arguments)])


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def modified(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in sorted(folder.rglob("info.json"))}


def test_a_recording_becomes_a_folder_of_the_contract(tmp_path):
    out = tmp_path / "out"
    assert process(csv_file(tmp_path / "anna.csv"), "-o", out, "--zone", "Europe/Oslo") == 0
    assert sorted(path.name for path in (out / "anna").iterdir()) == sorted([*TABLES, "info.json"])
    assert visible(out) == ["anna", "days.csv", "quality.csv"]
    epochs = pq.read_table(out / "anna" / "epochs.parquet")
    wanted = {"time", "activity", "confidence", "p_walking", "steps", "cadence_spm", "enmo_mg", "worn"}
    assert wanted <= set(epochs.column_names)
    assert str(epochs.schema.field("time").type) == "timestamp[ns, tz=UTC]"
    info = json.loads((out / "anna" / "info.json").read_text())
    assert len(info["input"]["sha256"]) == 64
    assert {"program", "model", "band", "signal", "damage", "calibration", "totals"} <= set(info)
    assert info["model"]["feature_version"]
    assert info["signal"]["rate_hz"] == pytest.approx(25)
    assert info["settings"]["zone"] == "Europe/Oslo"


def test_days_csv_says_what_days_parquet_says(tmp_path):
    out = tmp_path / "out"
    process(csv_file(tmp_path / "in" / "b.csv"), csv_file(tmp_path / "in" / "a.csv", seed=1), "-o", out, "--workers", 1)
    with (out / "days.csv").open() as text:
        rows = list(csv.DictReader(text))
    assert [row["recording"] for row in rows] == ["a", "b"]
    for row in rows:
        (day,) = pq.read_table(out / row["recording"] / "days.parquet").to_pylist()
        assert float(row["recorded_minutes"]) == pytest.approx(day["recorded_minutes"], abs=1e-3)
        assert row["date"] == str(day["date"]) == "2026-06-15"
        assert row["valid"] == "false"


def test_what_is_current_is_not_made_again_and_what_changed_is(tmp_path, capsys):
    a, b, out = csv_file(tmp_path / "a.csv"), csv_file(tmp_path / "b.csv", seed=1), tmp_path / "out"
    process(a, b, "-o", out, "--workers", 1)
    before = modified(out)
    csv_file(b, seed=2)
    assert process(a, b, "-o", out, "--workers", 1) == 0
    after = modified(out)
    assert [name for name in before if before[name] != after[name]] == ["b/info.json"]
    assert "(current)" in capsys.readouterr().out
    process(a, b, "-o", out, "--workers", 1, "--zone", "Asia/Tokyo")
    assert all(modified(out)[name] != after[name] for name in after)
    forced = modified(out)
    process(a, b, "-o", out, "--workers", 1, "--zone", "Asia/Tokyo", "--force")
    assert all(modified(out)[name] != forced[name] for name in forced)


def test_inputs_of_one_name_do_not_overwrite_each_other_even_in_two_runs(tmp_path):
    a, b, out = csv_file(tmp_path / "1" / "x.csv"), csv_file(tmp_path / "2" / "x.csv", seed=1), tmp_path / "out"
    process(a, "-o", out)
    process(b, "-o", out)
    infos = read_infos(out)
    assert {info["input"]["place"] for info in infos.values()} == {place_of(a), place_of(b)}
    before = modified(out)
    process(a, b, "-o", out, "--workers", 1)
    assert modified(out) == before


def test_one_bad_file_is_named_and_the_others_are_done(tmp_path, capsys):
    out = tmp_path / "out"
    bad = tmp_path / "bad.cwa"
    bad.write_bytes(b"MD")
    good = csv_file(tmp_path / "good.csv")
    assert process(bad, tmp_path / "gone.csv", good, "-o", out, "--json") == 1
    said = capsys.readouterr()
    states = [json.loads(line) for line in said.out.splitlines()]
    assert sorted((s["state"], s.get("code", "")) for s in states) == [
        ("done", ""),
        ("failed", "file-damaged"),
        ("failed", "file-unreadable"),
    ]
    with (out / "failures.csv").open() as text:
        assert {row["code"] for row in csv.DictReader(text)} == {"file-damaged", "file-unreadable"}
    assert "selfback explain file-damaged" in said.err
    assert process(good, "-o", out) == 0
    with (out / "quality.csv").open() as text:
        assert [row["state"] for row in csv.DictReader(text)] == ["failed", "failed", "done"]
    csv_file(tmp_path / "gone.csv", seed=1)
    assert process(good, tmp_path / "gone.csv", "-o", out) == 0
    with (out / "failures.csv").open() as text:  # until it is tried again, what failed is said
        assert [row["input"] for row in csv.DictReader(text)] == [str(bad)]


def test_a_recording_too_short_to_recognise_is_a_failure_with_its_name(tmp_path, monkeypatch, capsys):
    def refuse(_recording, _model):
        raise NotEnoughDataError("too short")

    monkeypatch.setattr(analyse, "recognise_gathered", refuse)
    assert process(csv_file(tmp_path / "short.csv"), "-o", tmp_path / "out") == 1
    assert "short.csv: too short" in capsys.readouterr().err


def test_a_folder_gives_its_recordings_but_never_our_own_results(tmp_path, capsys):
    folder = tmp_path / "in"
    csv_file(folder / "deep" / "a.csv")
    (folder / "notes.txt").write_text("not a recording")
    out = folder / "out"
    assert process(folder, "-o", out) == 0
    assert process(folder, "-o", out) == 0
    assert list(read_infos(out)) == ["a"]
    capsys.readouterr()
    (tmp_path / "empty").mkdir()
    assert process(tmp_path / "empty", "-o", out) == 1
    assert "no recording in this folder" in capsys.readouterr().err


def test_a_dry_run_writes_nothing(tmp_path, capsys):
    out = tmp_path / "out"
    assert process(csv_file(tmp_path / "a.csv"), "-o", out, "--dry-run") == 0
    assert not out.exists()
    assert capsys.readouterr().out.startswith("to do")


def test_workers_and_their_number_do_not_change_a_byte(tmp_path):
    inputs = [csv_file(tmp_path / f"{k}.csv", seed=k) for k in range(3)]
    process(*inputs, "-o", tmp_path / "one", "--workers", 1)
    process(*inputs, "-o", tmp_path / "two", "--workers", 2)
    for path in sorted((tmp_path / "one").rglob("*.*")):
        twin = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert twin.read_bytes() == path.read_bytes()


def test_an_output_that_is_a_file_ends_with_4(tmp_path, capsys):
    (tmp_path / "out").write_text("")
    assert process(csv_file(tmp_path / "a.csv"), "-o", tmp_path / "out") == 4
    assert "output-unwritable" in capsys.readouterr().err


def test_a_full_disk_ends_with_4_and_leaves_only_whole_results(tmp_path, monkeypatch, capsys):
    a, b, out = csv_file(tmp_path / "a.csv"), csv_file(tmp_path / "b.csv", seed=1), tmp_path / "out"
    whole = results._flush
    calls = []

    def fill(file):
        calls.append(file.name)
        if len(calls) > 7:
            raise OSError(28, "No space left on device", file.name)
        whole(file)

    with monkeypatch.context() as patch:
        patch.setattr(results, "_flush", fill)
        assert process(a, b, "-o", out, "--workers", 1) == 4
    assert "No space left" in capsys.readouterr().err
    assert list(read_infos(out)) == ["a"]
    assert process(a, b, "-o", out, "--workers", 1) == 0
    assert visible(out) == ["a", "b", "days.csv", "quality.csv"]


def test_a_model_that_is_not_there_ends_with_5_and_a_bad_option_with_2(tmp_path):
    a = csv_file(tmp_path / "a.csv")
    (tmp_path / "model").mkdir()
    assert process(a, "-o", tmp_path / "out", "--model", tmp_path / "model") == 5
    assert process(a, "-o", tmp_path / "out", "--zone", "Europe/Atlantis") == 2
    assert process(a, "-o", tmp_path / "out", "--nonsense") == 2
    assert process("-o", tmp_path / "out") == 2


def test_an_interrupt_ends_with_130_and_the_next_run_goes_on(tmp_path, monkeypatch):
    a, b, out = csv_file(tmp_path / "a.csv"), csv_file(tmp_path / "b.csv", seed=1), tmp_path / "out"
    real, seen = analyse.recognise_gathered, []

    def interrupted(recording, model):
        seen.append(1)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return real(recording, model)

    with monkeypatch.context() as patch:
        patch.setattr(analyse, "recognise_gathered", interrupted)
        assert process(a, b, "-o", out, "--workers", 1) == 130
    assert list(read_infos(out)) == ["a"]
    before = modified(out)
    assert process(a, b, "-o", out, "--workers", 1) == 0
    assert modified(out)["a/info.json"] == before["a/info.json"]


def test_what_a_killed_run_left_is_put_right(tmp_path):
    a, out = csv_file(tmp_path / "a.csv"), tmp_path / "out"
    process(a, "-o", out)
    (out / "a").rename(
        out / ".replaced-0123-a"
    )  # killed between taking the old result away and putting the new one there
    (out / ".partial-0123-a").mkdir()
    assert process(a, "-o", out) == 0
    assert visible(out) == ["a", "days.csv", "quality.csv"]
    assert not list(out.glob(".partial-*")) + list(out.glob(".replaced-*")) + list(out.glob(".run-*"))
    assert list(read_infos(out)) == ["a"]


@pytest.mark.parametrize(
    "name", ["plain", "..", ".hidden", "a/b", "a\\b", "con fusing", "å" * 300, "", "x\n", "a:b", "a*b"]
)
def test_a_folder_name_is_safe_and_names_stay_apart(name):
    made = safe_id(name)
    assert made
    assert not set(made) & set('/\\:*\n ?"<>|')
    assert made[0] != "."
    assert len(made) < 120
    assert made == name or made != safe_id(name + "'")


def command(*arguments: object) -> list[str]:
    start = "import sys; from activity.cli.main import run; sys.exit(run(sys.argv[1:]))"
    return [sys.executable, "-c", start, *(str(argument) for argument in arguments)]


@pytest.mark.data
def test_the_real_files_as_a_user_from_an_empty_folder(tmp_path, recordings_dir):
    axivity = recordings_dir / "device-files" / "axivity-cwa"
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(
        command("process", axivity, "--output", "out", "--zone", "Europe/London", "--json"),
        cwd=empty,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = {row["recording"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert len(said) == len(list(axivity.iterdir())) == 7
    broken = said["ax3_testfile_corrupt_blocks_0_13_14_142_143_144"]
    assert [(d["what"], d["count"]) for d in broken["damage"]] == [("sector with a bad checksum", 6)]
    assert broken["signal"]["gap_count"] == 1
    assert said["openmovement_example-610-steps"]["signal"]["samples"] == 71_400
    assert [path.name for path in empty.iterdir()] == ["out"]


@pytest.mark.skipif(os.name == "nt", reason="signals of this kind are POSIX")
def test_control_c_in_a_real_terminal_session_ends_with_130(tmp_path):
    inputs = [csv_file(tmp_path / "in" / f"{k}.csv", seed=k) for k in range(40)]
    out = tmp_path / "out"
    running = subprocess.Popen(
        command("process", *inputs, "-o", out, "--workers", 1, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    running.stdout.readline()  # the first recording is done
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert 1 <= len(read_infos(out)) < 40
    assert not (out / "days.csv").exists()


def test_a_clock_that_was_set_in_another_zone_than_the_wearers_is_put_right(tmp_path):
    path = tmp_path / "trip.csv"
    content = csv_file(tmp_path / "utc.csv").read_text()
    path.write_text(content.replace("time,", "t,", 1))  # a wall clock
    for clock, hour in (("Europe/Oslo", 6), ("America/New_York", 12)):
        out = tmp_path / clock.replace("/", "-")
        assert process(path, "-o", out, "--zone", "Europe/Oslo", "--clock-zone", clock) == 0
        (info,) = read_infos(out).values()
        assert info["signal"]["start"].startswith(f"2026-06-15T{hour:02}:00")
        assert info["settings"] == {"zone": "Europe/Oslo", "clock_zone": clock}
    assert process(path, "-o", tmp_path / "x", "--clock-zone", "Mars/Olympus") == 2


def test_a_recording_that_is_there_twice_in_two_forms_is_told(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name, first in (("a", 0), ("b", 30), ("later", 10_000)):
        path = cwa_writer.write(folder / f"{name}.cwa", iter([np.tile([0.0, 0.0, 1.0], (12_000, 1))]))
        content = bytearray(path.read_bytes())
        sectors = cwa_writer.sectors(np.tile([0.0, 0.0, 1.0], (12_000, 1)), first=first)
        path.write_bytes(bytes(content[:1024]) + sectors.tobytes())
    assert process(folder, "-o", tmp_path / "out") == 0
    with (tmp_path / "out" / "quality.csv").open(newline="") as file:
        found = {row["recording"]: row["same_device_and_time_as"] for row in csv.DictReader(file)}
    assert found == {"a": "b", "b": "a", "later": ""}
