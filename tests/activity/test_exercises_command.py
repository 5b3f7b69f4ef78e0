"""``selfback exercises``: the list, one exercise, its drawings and the page."""

import json
from xml.etree import ElementTree as ET

from coach_weeks import content

from activity.cli.main import run


def test_the_list_has_a_line_an_exercise_and_a_group_of_it_only_its_own(capsys) -> None:
    assert run(["exercises"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(content().exercises)
    assert run(["exercises", "--group", "pain relief", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["group"] for row in rows} == {"pain relief"}


def test_one_exercise_is_shown_with_its_steps_and_its_caution(capsys) -> None:
    assert run(["exercises", "bridge"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    bridge = content().exercise("bridge")
    assert bridge is not None
    assert all(step in said for step in (*bridge.steps, bridge.caution))


def test_an_exercise_that_is_not_there_is_a_fault(capsys) -> None:
    assert run(["exercises", "headstand"]) == 2
    assert "headstand" in capsys.readouterr().err
    assert run(["exercises", "bridge", "--group", "flexibility"]) == 2


def test_drawings_and_the_page_are_written_and_the_page_runs_nothing(tmp_path, capsys) -> None:
    assert run(["exercises", "--svg", str(tmp_path / "svg"), "--html", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().out == ""
    drawings = list((tmp_path / "svg").iterdir())
    assert {path.stem for path in drawings} == {exercise.id for exercise in content().exercises}
    assert all(ET.fromstring(path.read_text(encoding="utf-8")) is not None for path in drawings)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg ") == len(drawings)
    assert not any(word in page for word in ("<script", "<img", "<link", " style="))
    ids = [part.split('"')[0] for part in page.split(' id="')[1:]]
    assert len(set(ids)) == len(ids)
