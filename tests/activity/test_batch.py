"""A batch on any engine, in any shares, killed at any moment: each recording is done once, the same to the bit."""

import hashlib
import importlib.metadata
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from dying_task import Dies
from hypothesis import given
from hypothesis import strategies as st

from activity.cli.main import run
from activity.errors import EngineError
from activity.reprocess.engines import check_workers, engine_named
from activity.reprocess.plan import Job, Shard, read_infos
from activity.reprocess.presence import present
from activity.reprocess.run import run_jobs

START_NS = 1_781_510_400 * 1_000_000_000
RECORDINGS = 12


def csv_file(path: Path, seed: int, minutes: float = 1.0) -> Path:
    rng = np.random.default_rng(seed)
    n = round(minutes * 60 * 25)
    time_ns = START_NS + np.arange(n) * 40_000_000
    accel_g = rng.normal((0.0, 0.0, 1.0), 0.05, (n, 3))
    rows = (f"{t},{x:.4f},{y:.4f},{z:.4f}" for t, (x, y, z) in zip(time_ns.tolist(), accel_g.tolist(), strict=True))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("time,x,y,z\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Recordings of a minute, named so that shares differ."""
    place = tmp_path_factory.mktemp("in")
    for seed in range(RECORDINGS):
        csv_file(place / f"{seed % 3}" / f"r{seed}.csv", seed)
    return place


def process(*arguments: object) -> int:
    return run(["process", *(str(argument) for argument in arguments)])


def contents(output: Path) -> dict[str, str]:
    """Return what a batch wrote, by name."""
    files = (path for path in sorted(output.rglob("*")) if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(output)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def alone(folder, tmp_path_factory) -> dict[str, str]:
    """What one process makes of the recordings."""
    output = tmp_path_factory.mktemp("alone")
    assert process(folder, "-o", output, "--workers", 1) == 0
    return contents(output)


def test_workers_give_what_one_process_gives(folder, alone, tmp_path):
    assert process(folder, "-o", tmp_path / "out", "--workers", 3) == 0
    assert contents(tmp_path / "out") == alone


def test_shares_give_what_the_whole_gives_in_any_order(folder, alone, tmp_path):
    for number in (3, 1, 2):
        assert process(folder, "-o", tmp_path / "out", "--shard", f"{number}/3", "--workers", 1) == 0
    assert contents(tmp_path / "out") == alone


def test_a_dask_cluster_gives_what_one_process_gives(folder, alone, tmp_path):
    command = [sys.executable, "-c", "import sys; from activity.cli.main import main; main()", "process", str(folder)]
    more = ["-o", str(tmp_path / "out"), "--engine", "dask", "--workers", "2"]
    done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "out") == alone


def test_a_scheduler_that_is_not_there_is_said_to_be_so(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("activity.reprocess.engines.PATIENCE_S", 0.3)
    assert process(folder, "-o", tmp_path, "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1") == 3
    assert "scheduler" in capsys.readouterr().err
    assert process(folder, "-o", tmp_path, "--scheduler", "tcp://127.0.0.1:1") == 2


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "a/b", "1/0", "-1/2"])
def test_a_share_that_makes_no_sense_is_a_usage_error(shard, folder, tmp_path):
    assert process(folder, "-o", tmp_path, "--shard", shard) == 2


@given(st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=30), st.integers(1, 9))
def test_every_input_is_in_exactly_one_share(names, of):
    for name in names:
        assert sum(Shard(number, of).has(name) for number in range(1, of + 1)) == 1


def jobs_of(count: int) -> list[Job]:
    return [Job(Path(f"{k}.csv"), f"{k}.csv", "", "", f"j{k}", frozenset(), current=False) for k in range(count)]


@pytest.mark.parametrize("name", ["local", "dask"])
def test_a_process_that_dies_costs_at_most_its_own_recording(name, tmp_path):
    task = Dies(tmp_path, frozenset({"j1", "j4"}), frozenset({"j3"}))
    outcomes = list(run_jobs(jobs_of(6), task, engine_named(name), workers=2))
    assert [outcome.job.id for outcome in outcomes] == [f"j{k}" for k in range(6)]
    lost = [outcome.job.id for outcome in outcomes if outcome.failed]
    assert "j3" in lost
    assert set(lost) <= {"j1", "j3", "j4"}
    assert all(failed.fault.code == "worker-lost" for outcome in outcomes for failed in outcome.failed)


class Workers:
    """A client of a cluster whose workers have these versions; None has none."""

    def __init__(self, *versions: str | None) -> None:
        self.versions = versions

    def run(self, _function: object, name: str) -> dict[str, str]:
        if None in self.versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return {f"tcp://{k}": version for k, version in enumerate(self.versions) if version}


@pytest.mark.parametrize("versions", [(None,), ("0.0.1",), (importlib.metadata.version("selfback"), "0.0.1")])
def test_workers_that_would_do_it_otherwise_or_not_at_all_are_refused(versions):
    with pytest.raises(EngineError, match="selfback"):
        check_workers(Workers(*versions), "tcp://here")


def test_workers_of_the_same_version_are_taken():
    check_workers(Workers(*[importlib.metadata.version("selfback")] * 2), "tcp://here")


def test_of_shares_that_run_at_once_the_last_to_end_writes_the_tables_of_all(tmp_path):
    inputs = [csv_file(tmp_path / "in" / f"{k}.csv", k) for k in range(4)]
    out = tmp_path / "out"
    out.mkdir()
    with present(out):
        assert run(["process", str(tmp_path / "in"), "-o", str(out), "--shard", "1/2"]) == 0
        assert not (out / "days.csv").exists()
    assert run(["process", str(tmp_path / "in"), "-o", str(out), "--shard", "2/2"]) == 0
    assert len((out / "days.csv").read_text().splitlines()) == 1 + len(inputs)


def test_a_run_that_lives_keeps_what_it_writes_from_being_tidied_away(tmp_path):
    with present(tmp_path) as living:
        (tmp_path / f".partial-{living}-a").mkdir()
        (tmp_path / ".partial-0123456789ab-b").mkdir()
        with present(tmp_path):
            assert [path.name for path in tmp_path.glob(".partial-*")] == [f".partial-{living}-a"]
    with present(tmp_path):
        assert not list(tmp_path.glob(".partial-*"))


_KILLED = """
import os, signal, sys
from activity.reprocess import output, worker
from activity.cli.main import run
at, step = int(sys.argv[1]), [0]
def counted(real):
    def wrapped(*given, **more):
        step[0] += 1
        if step[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **more)
    return wrapped
# Each step that leaves a trace on the disk: bytes flushed, names made durable, folders taken out of their place.
output._flush = counted(output._flush)
output.sync_folder = counted(output.sync_folder)
output.note_failures = counted(output.note_failures)
run(sys.argv[2:])
"""


def test_a_batch_killed_at_twenty_moments_does_everything_once(folder, alone, tmp_path):
    rng = np.random.default_rng(20)
    whole_steps = RECORDINGS * 8 + 4  # six files and two folders a recording, and the tables of the batch
    for at in np.sort(rng.choice(np.arange(1, whole_steps), 20, replace=False)).tolist():
        output = tmp_path / f"out{at}"
        command = [sys.executable, "-c", _KILLED, str(at), "process", str(folder), "-o", str(output), "--workers", "1"]
        killed = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        before = {name: (output / name / "info.json").stat().st_mtime_ns for name in read_infos(output)}
        visible = [path for path in output.iterdir() if path.is_dir() and not path.name.startswith(".")]
        assert {path.name for path in visible} == set(before)  # what can be seen is whole
        assert process(folder, "-o", output, "--workers", 1) == 0
        assert contents(output) == alone
        for name, modified in before.items():
            assert (output / name / "info.json").stat().st_mtime_ns == modified
