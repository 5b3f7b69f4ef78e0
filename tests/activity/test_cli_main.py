"""The command as a shell meets it: exit codes, a closed pipe, a full disk, an interrupt, no colour."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from activity.cli import console, main
from activity.errors import OutputError
from device.errors import BandLostError, Fault

SELFBACK = [sys.executable, "-c", "from activity.cli.main import main; main()"]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb"}
    return subprocess.run(
        [*SELFBACK, *arguments], check=False, capture_output=True, text=True, timeout=60, env=environment
    )


def test_help_names_every_command_and_what_the_software_is_not() -> None:
    done = run("--help")
    assert done.returncode == 0
    for name in main.COMMANDS:
        assert f"\n  {name} " in done.stdout
    assert "not a medical device" in " ".join(done.stdout.split())


def test_a_wrong_command_is_exit_2_and_says_so_on_stderr() -> None:
    done = run("pricess")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "process" in done.stderr


def test_an_error_code_is_explained() -> None:
    done = run("explain", "band-lost")
    assert done.returncode == 0
    assert done.stdout.startswith("band-lost (exit 4): ")


def test_an_unknown_error_code_is_exit_2() -> None:
    assert run("explain", "band-lots").returncode == 2


def test_json_is_one_document() -> None:
    rows = json.loads(run("explain", "--json").stdout)
    assert {"code", "exit_code", "meaning"} == set(rows[0])


def test_doctor_tells_of_missing_bluetooth_without_failing() -> None:
    done = run("doctor", "--json")
    rows = {row["check"]: row for row in json.loads(done.stdout)}
    assert done.returncode == 0
    assert rows["model"]["state"] == "ok"
    assert rows["content"]["state"] == "ok"
    assert rows["bluetooth"]["state"] in {"ok", "missing"}
    if rows["bluetooth"]["state"] == "missing":
        assert rows["bluetooth"]["code"] == "bluetooth-unavailable"
        assert rows["bluetooth"]["remedy"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full to stand for a full disk")
def test_a_full_disk_is_exit_4_with_a_remedy() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*SELFBACK, "explain"], check=False, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 4
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_ends_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        done = subprocess.run(
            [*SELFBACK, "explain"], check=False, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BandLostError("the band went away", remedy="run it again"), 4),
        (OutputError("no permission"), 4),
        (Fault("something"), 1),
        (KeyboardInterrupt(), 130),
        (click.UsageError("no such thing"), 2),
    ],
)
def test_each_outcome_has_its_exit_code(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def command() -> None:
        raise error

    monkeypatch.setattr(main.Commands, "get_command", lambda *_: command)
    assert main.run(["demo"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    if isinstance(error, Fault):
        assert error.what in err
        assert f"selfback explain {error.code}" in err
        assert not error.remedy or error.remedy in err


def test_a_fault_survives_a_process_pool() -> None:
    import pickle

    fault = BandLostError("gone", "block 17", "18 blocks", "try again")
    copy = pickle.loads(pickle.dumps(fault))
    assert (type(copy), copy.args, str(copy)) == (BandLostError, fault.args, str(fault))


def test_nan_never_reaches_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        console.emit_json({"steps": float("nan")})
