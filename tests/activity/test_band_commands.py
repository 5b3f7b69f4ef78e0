"""The commands that meet a band, against a simulated one in another process, as two shells would use them."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from other_shell import HOURS, command, simulated

from device.capture.parquet import read_recording_parquet


def run(*arguments: object, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments), check=False, cwd=cwd, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )


@pytest.fixture(scope="module")
def radio() -> Iterator[str]:
    with simulated() as (name, _):
        yield name


def test_simulate_says_how_to_reach_it(radio: str) -> None:
    assert re.fullmatch(r"bumble:tcp-client:127\.0\.0\.1:\d+", radio)


def test_scan_hears_the_band_of_another_process(radio: str) -> None:
    done = run("scan", "--radio", radio, "--json")
    assert done.returncode == 0, done.stderr
    (heard,) = json.loads(done.stdout)
    assert heard["name"] == "selfBACK-1A2B"
    assert heard["profile"] == "openband"
    assert "signature" in heard["unprotected"]


def test_sync_fetches_the_log_once_and_prints_where_it_is(radio: str, tmp_path: Path) -> None:
    first = run("sync", "--radio", radio, "--output", tmp_path / "rec", "--zone", "Europe/Oslo")
    assert first.returncode == 0, first.stderr
    path = Path(first.stdout.strip())
    recording = read_recording_parquet(path)
    assert recording.n_samples == HOURS * 3600 * 25
    assert (recording.zone, len(recording.segments)) == ("Europe/Oslo", 1)
    assert recording.rate_hz == pytest.approx(25.0, rel=1e-4)
    again = run("sync", "--radio", radio, "--output", tmp_path / "rec", "--zone", "Europe/Oslo", "--json")
    (facts,) = json.loads(again.stdout)["recordings"]
    assert facts["blocks_new"] == 0
    assert np.array_equal(read_recording_parquet(path).accel_g, recording.accel_g)


def test_sync_live_records_what_the_band_measures_now(radio: str, tmp_path: Path) -> None:
    done = run("sync", "--radio", radio, "--output", tmp_path, "--live", 2, "--rate", 50, "--json")
    assert done.returncode == 0, done.stderr
    (facts,) = json.loads(done.stdout)["recordings"]
    assert facts["samples"] >= 38
    assert facts["losses"] == facts["overflowed"] == 0
    assert read_recording_parquet(Path(facts["path"])).n_samples == facts["samples"]


def test_a_band_that_is_not_there_is_exit_3_and_names_those_that_are(radio: str, tmp_path: Path) -> None:
    done = run("sync", "--radio", radio, "--band", "nobody", "--timeout", 1, "--output", tmp_path)
    assert done.returncode == 3
    assert "selfBACK-1A2B" in done.stderr
    assert "band-not-found" in done.stderr
    assert done.stdout == ""


def test_nobody_behind_the_radio_is_exit_3(tmp_path: Path) -> None:
    done = run("sync", "--radio", "bumble:tcp-client:127.0.0.1:9", "--output", tmp_path)
    assert done.returncode == 3
    assert "selfback simulate" in done.stderr


def test_a_radio_of_no_kind_is_exit_2() -> None:
    done = run("scan", "--radio", "carrier-pigeon")
    assert done.returncode == 2
    assert "carrier-pigeon" in done.stderr


def wait_until_something_came(captures: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until a segment has grown beyond its head, for half a minute at most."""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up and process.poll() is None:
        if any(path.stat().st_size > 20_000 for path in captures.rglob("*.arrows")):
            return
        time.sleep(0.02)


@pytest.mark.skipif(os.name == "nt", reason="signals of this kind are POSIX")
@pytest.mark.parametrize("how", ["band lost", "ctrl-c"])
def test_what_came_before_an_end_is_kept_and_the_next_sync_goes_on(how: str, tmp_path: Path) -> None:
    hours = 20
    rec = tmp_path / "rec"
    with simulated("--hours", hours) as (radio, band):
        syncing = subprocess.Popen(
            command("sync", "--radio", radio, "--output", rec),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until_something_came(rec / "captures", syncing)
        if how == "band lost":
            band.kill()
        else:
            syncing.send_signal(signal.SIGINT)
        out, err = syncing.communicate(timeout=60)
    assert syncing.returncode == (4 if how == "band lost" else 130), err
    assert out == ""
    assert "Traceback" not in err
    (journal,) = (rec / "captures").rglob("journal.json")
    held = sum(stop - start for start, stop in json.loads(journal.read_text())["held"])
    total = hours * 3600 * 25 // 80
    assert 0 < held < total
    with simulated("--hours", hours) as (radio, _):
        done = run("sync", "--radio", radio, "--output", rec, "--json")
    assert done.returncode == 0, done.stderr
    recordings = json.loads(done.stdout)["recordings"]
    assert recordings[-1]["samples"] == hours * 3600 * 25
    crossed_the_hour = len(list((rec / "captures").iterdir())) == 2
    assert recordings[-1]["blocks_new"] == (total if crossed_the_hour else total - held)


def test_a_dry_run_says_what_is_missing_and_writes_nothing(radio: str, tmp_path: Path) -> None:
    rec = tmp_path / "rec"
    before = run("sync", "--radio", radio, "--output", rec, "--dry-run", "--json")
    assert before.returncode == 0, before.stderr
    (log,) = json.loads(before.stdout)["logs"]
    assert log["missing"] == log["blocks"] == HOURS * 3600 * 25 // 80
    assert not rec.exists()
    assert run("sync", "--radio", radio, "--output", rec).returncode == 0
    after = run("sync", "--radio", radio, "--output", rec, "--dry-run")
    assert re.match(r"log \d+: 0 of ", after.stdout)


def test_watch_tells_windows_while_they_happen_and_keeps_nothing(radio: str, tmp_path: Path) -> None:
    done = run("watch", "--radio", radio, "--seconds", 14, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert documents
    assert set(documents[0]) >= {"time", "activity", "confidence", "steps", "cadence_spm"}
    assert f"{len(documents)} windows" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_watch_of_another_maker_is_named_recorded_live_and_not_asked_for_a_log(tmp_path: Path) -> None:
    with simulated("--like", "bangle") as (radio, _):
        heard = run("scan", "--radio", radio, "--seconds", 1, "--json")
        live = run("sync", "--radio", radio, "--output", tmp_path, "--live", 3, "--json")
        log = run("sync", "--radio", radio, "--output", tmp_path, "--band", "Bangle.js 1a2b")
    (row,) = json.loads(heard.stdout)
    assert (row["name"], row["profile"]) == ("Bangle.js 1a2b", "bangle")
    assert live.returncode == 0, live.stderr
    assert live.stderr.count("run any program") == 1
    (facts,) = json.loads(live.stdout)["recordings"]
    recording = read_recording_parquet(Path(facts["path"]))
    assert recording.n_samples == facts["samples"] >= 50
    assert recording.band.nominal_rate_hz == 25.0
    assert log.returncode == 3
    assert "keeps no log" in log.stderr
    assert "--live" in log.stderr


def test_no_wristband_of_that_kind_is_exit_2_and_names_those_there_are() -> None:
    done = run("simulate", "--like", "sundial")
    assert done.returncode == 2
    assert "infinitime" in done.stderr
