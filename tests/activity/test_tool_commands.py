"""The tools from the command line: by options, by a pipe, as JSON, and kept for a participant."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from activity.cli.main import run

Selfback = Callable[..., tuple[int, str, str]]
GOAL = """
what = "walk round the pond"
how_much = "every other day"
when_where = "after lunch"
why = "I like the ducks"
obstacle = "I come home late"
action = "walk to the corner"
sure = 8
until = 2026-03-30
"""


@pytest.fixture
def selfback(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Selfback:
    """Run a command on a store of the test's own, with lines on stdin; return exit code, stdout, stderr."""
    for command in ("PARTICIPANT_ADD", "PARTICIPANT_EXPORT", "TOOL_SLEEP", "TOOL_GOAL"):
        monkeypatch.setenv(f"SELFBACK_{command}_STORE", str(tmp_path / "s.sqlite"))

    def call(*arguments: object, lines: str = "") -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_the_night_is_worked_out_from_an_option_or_from_a_pipe(selfback: Selfback) -> None:
    code, out, _ = selfback("tool", "sleep", "--get-up", "06:30", "--hours", "7.5", "--json")
    document = json.loads(out)
    assert (code, document["bed"], document["reminder"]) == (0, "23:00", "22:00")
    code, out, err = selfback("tool", "sleep", lines="soon\n06:30\n")
    assert code == 0
    assert "22:30" in out
    assert "isn't a time such as 06:30" in err
    assert out.count("\n- ") == len(document["habits"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("sleep", "--get-up", "25:00"), 2),
        (("sleep", "--get-up", "06:30", "--hours", "3"), 2),
        (("mindfulness", "--minutes", "4"), 2),
        (("goal", "--answers", "missing.toml"), 2),
        (("sleep", "--get-up", "06:30", "--participant", "KQ7-M2R-TX4"), 2),
    ],
)
def test_what_a_tool_can_not_take_ends_as_usage(selfback: Selfback, arguments, code) -> None:
    got, out, err = selfback("tool", *arguments)
    assert (got, out) == (code, "")
    assert err


def test_a_practice_in_a_pipe_comes_at_once_with_its_times(selfback: Selfback) -> None:
    code, out, _ = selfback("tool", "mindfulness", "--minutes", 3)
    assert code == 0
    assert [line[:5] for line in out.splitlines()[1:]] == [
        " 0:00",
        " 0:15",
        " 0:50",
        " 1:00",
        " 1:50",
        " 2:40",
        " 3:00",
    ]
    steps = json.loads(selfback("tool", "mindfulness", "--minutes", 10, "--json")[1])["steps"]
    assert sum(step["seconds"] for step in steps) == 600


def test_a_paced_practice_waits_for_each_step(selfback: Selfback, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("activity.cli.tool.time.sleep", waited.append)
    assert selfback("tool", "mindfulness", "--minutes", 1, "--pace")[0] == 0
    assert waited == [10, 15, 25, 10]


def test_a_goal_from_a_file_and_from_a_pipe_is_the_same_text(selfback: Selfback, tmp_path: Path) -> None:
    (tmp_path / "goal.toml").write_text(GOAL)
    code, out, err = selfback("tool", "goal", "--answers", tmp_path / "goal.toml", "--today", "2026-03-02")
    assert (code, err) == (0, "")
    assert out.startswith("I will walk round the pond, every other day. I do it after lunch.")
    assert "30 March 2026" in out
    lines = "walk round the pond\n\nevery other day\nafter lunch.\nI like the ducks\nI come home late\n"
    lines += "walk to the corner\nmaybe\n3\n2026-03-30\n"
    code, piped, err = selfback("tool", "goal", "--today", "2026-03-02", lines=lines)
    assert (code, piped) == (0, out)
    assert "smaller or rarer" in err


def test_a_pipe_that_ends_too_soon_ends_the_walk(selfback: Selfback) -> None:
    code, out, _ = selfback("tool", "goal", lines="walk\n")
    assert (code, out) == (130, "")


def test_a_goal_and_a_night_are_kept_for_a_participant(selfback: Selfback, tmp_path: Path) -> None:
    (tmp_path / "goal.toml").write_text(GOAL)
    key = selfback("participant", "add")[1].strip()
    goal = ("tool", "goal", "--answers", tmp_path / "goal.toml", "--today", "2026-03-02", "--participant", key)
    assert selfback(*goal)[0] == 0
    assert selfback("tool", "sleep", "--get-up", "07:00", "--participant", key)[0] == 0
    kept = json.loads(selfback("participant", "export", key)[1])["answers"]
    assert [row["instrument"] for row in kept] == ["tool-goal", "tool-sleep"]
    assert kept[0]["document"]["text"].startswith("I will walk round the pond")
    assert kept[0]["date"] == "2026-03-02"
    assert kept[1]["document"]["reminder"] == "22:00"
