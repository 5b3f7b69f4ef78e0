"""Participants, their answers, plans and messages from the command line: kept, shown, exported, erased."""

import json
import os
import sqlite3
from pathlib import Path

import pytest
from store_commands import Selfback

from activity.cli.asking import ask
from activity.coach.cases.document import case_to_document, made_up
from activity.coach.cases.settings import load_settings
from activity.questionnaires.checkin import contradiction
from activity.questionnaires.definition import Kind, load_questionnaire
from activity.reprocess.plan import read_infos
from activity.store.engine import open_store
from activity.store.learning import learnt_cases

PROFILE = 'conditions = []\navoid_positions = ["hands-knees"]\n'
SIGNS = [question.id for question in load_questionnaire("weekly-checkin").warning_signs]
CALM = "".join(f"{sign} = false\n" for sign in SIGNS) + "average_pain = 4\nworst_pain = 6\nminutes = 15\n"
FIT = "".join(f"{one.id} = {str(not one.keeps_out).lower()}\n" for one in load_questionnaire("eligibility").questions)
URGENT = CALM.replace(f"{SIGNS[0]} = false", f"{SIGNS[0]} = true")
DAY = "2026-10-28"


@pytest.fixture
def key(selfback: Selfback, tmp_path: Path) -> str:
    """Somebody who has answered everything."""
    (tmp_path / "profile.toml").write_text(PROFILE)
    (tmp_path / "fit.toml").write_text(FIT)
    (tmp_path / "calm.toml").write_text(CALM)
    (tmp_path / "urgent.toml").write_text(URGENT)
    code, out, _ = selfback("participant", "add", "--zone", "Europe/Oslo")
    assert code == 0
    found = out.strip()
    assert selfback("ask", found, "profile", "--answers", tmp_path / "profile.toml")[0] == 0
    assert selfback("ask", found, "eligibility", "--answers", tmp_path / "fit.toml", "--date", "2026-10-01")[0] == 0
    assert selfback("checkin", found, "--answers", tmp_path / "calm.toml", "--date", DAY)[0] == 0
    return found


def test_a_plan_is_made_kept_and_gives_the_message_of_each_day(selfback: Selfback, key: str, processed: Path) -> None:
    (recording,) = read_infos(processed)
    code, out, _ = selfback("plan", key, "--results", processed, "--recording", recording, "--start", DAY)
    assert code == 0
    assert "Plan for the week from Wednesday 28 October 2026" in out
    assert "because" in out
    for day in ("2026-10-28", "2026-11-03"):
        code, out, _ = selfback("message", key, "--date", day)
        assert code == 0
        assert out.startswith("Message for ")
    exported = json.loads(selfback("participant", "export", key)[1])
    assert len(exported["plan"]) == 1
    assert [row["date"] for row in exported["message"]] == ["2026-10-28", "2026-11-03"]
    assert exported["message"][0]["document"] == exported["plan"][0]["document"]["messages"][0]
    assert {entry["who"] for entry in exported["audit"]} == {"staff"}


def test_the_same_answers_give_the_same_plan_and_the_next_week_knows_this_one(selfback: Selfback, key: str) -> None:
    one, again = (selfback("plan", key, "--start", DAY, "--json")[1] for _ in range(2))
    assert one == again
    later = json.loads(selfback("plan", key, "--start", "2026-11-04", "--json")[1])
    first = json.loads(one)
    shown = {message["id"] for message in first["messages"]}
    assert not shown & {message["id"] for message in later["messages"]}
    assert later["seed"] != first["seed"]
    assert later["goal"]["change"] in {"hold", "keep", "lower"}


def test_what_is_said_back_about_a_message_is_kept_and_moves_the_next_week(selfback: Selfback, key: str) -> None:
    plan = json.loads(selfback("plan", key, "--start", DAY, "--json")[1])
    asked = next(message for message in plan["messages"] if message["quiz"])
    right = [option["right"] for option in asked["quiz"]["options"]].index(True) + 1
    wrong = 1 if right != 1 else 2
    code, out, _ = selfback("message", key, "--date", asked["date"])
    assert code == 0
    assert asked["quiz"]["question"] in " ".join(out.split())
    assert asked["quiz"]["options"][right - 1]["answer"] not in " ".join(out.split())
    code, out, _ = selfback("message", key, "--date", asked["date"], "--answer", wrong, "--not-helpful")
    assert (code, out.strip()) == (0, asked["quiz"]["options"][wrong - 1]["answer"])
    code, out, _ = selfback("message", key, "--date", DAY, "--helpful", "--json")
    assert json.loads(out)["said"] == {"message": plan["messages"][0]["id"], "helpful": True}
    kept = json.loads(selfback("participant", "export", key)[1])
    said = [row["document"] for row in kept["answers"] if row["instrument"] == "message-feedback"]
    assert said[0] == {"message": asked["id"], "answer": wrong, "right": False, "helpful": False}
    assert [row["date"] for row in kept["message"]] == [asked["date"]]  # what was said is not a second showing
    later = json.loads(selfback("plan", key, "--start", "2026-11-04", "--json")[1])
    assert later["messages"][3]["theme"] == asked["theme"]
    assert later["messages"][3]["reasons"][0]["rule"] == "message-quiz-again"


def test_an_answer_that_a_message_can_not_take_is_refused_and_not_kept(selfback: Selfback, key: str) -> None:
    plan = json.loads(selfback("plan", key, "--start", DAY, "--json")[1])
    asked = next(message for message in plan["messages"] if message["quiz"])
    silent = next(message for message in plan["messages"] if not message["quiz"])
    for message, number, word in ((asked, 9, "from 1 to"), (silent, 1, "a message with a question")):
        code, out, err = selfback("message", key, "--date", message["date"], "--answer", number)
        assert (code, out) == (2, "")
        assert word in err
    assert selfback("message", key, "--date", asked["date"], "--answer", 1, "--dry-run")[0] == 0
    kept = json.loads(selfback("participant", "export", key)[1])
    assert [row["instrument"] for row in kept["answers"]] == ["eligibility", "weekly-checkin"]


def test_a_dry_run_keeps_nothing(selfback: Selfback, key: str) -> None:
    assert selfback("plan", key, "--start", DAY, "--dry-run")[0] == 0
    assert selfback("message", key, "--date", DAY)[0] == 2
    assert json.loads(selfback("participant", "show", key, "--json")[1])["kept"]["plan"] == 0


def test_an_urgent_sign_is_kept_for_staff_shows_the_help_card_and_stops_the_plan(
    selfback: Selfback, key: str, tmp_path: Path
) -> None:
    code, _, err = selfback("checkin", key, "--answers", tmp_path / "urgent.toml", "--date", "2026-10-29")
    assert code == 7
    assert "emergency" in err
    exported = json.loads(selfback("participant", "export", key)[1])
    assert [row["document"] for row in exported["event"]] == [{"signs": [SIGNS[0]]}]
    assert exported["answers"][-1]["document"][SIGNS[0]] is True
    code, out, err = selfback("plan", key, "--start", "2026-10-29")
    assert (code, out) == (7, "")
    assert "emergency" in err


def test_after_an_urgent_sign_a_calm_week_is_not_enough_and_a_clinician_has_to_clear_it(
    selfback: Selfback, key: str, tmp_path: Path
) -> None:
    assert selfback("checkin", key, "--answers", tmp_path / "urgent.toml", "--date", "2026-10-29")[0] == 7
    assert selfback("checkin", key, "--answers", tmp_path / "calm.toml", "--date", "2026-11-04")[0] == 0
    assert selfback("plan", key, "--start", "2026-11-04")[0] == 7
    assert selfback("participant", "clear", key, "--who", "gp-7", "--date", "2026-11-03")[0] == 0
    assert selfback("plan", key, "--start", "2026-11-04")[0] == 0
    exported = json.loads(selfback("participant", "export", key)[1])
    assert [row["kind"] for row in exported["event"]] == ["warning-sign", "clearance"]
    assert exported["event"][1]["written_by"] == "gp-7"


def test_who_this_is_not_for_gets_no_plan_until_a_clinician_says_so(
    selfback: Selfback, key: str, tmp_path: Path
) -> None:
    (tmp_path / "pregnant.toml").write_text(FIT.replace("pregnant = false", "pregnant = true"))
    code, _, err = selfback("ask", key, "eligibility", "--answers", tmp_path / "pregnant.toml", "--date", DAY)
    assert code == 7
    assert "pregnant" in err
    assert selfback("plan", key, "--start", DAY)[0] == 7
    assert selfback("participant", "clear", key, "--who", "midwife-2", "--date", DAY)[0] == 0
    assert selfback("plan", key, "--start", DAY)[0] == 0


def test_who_was_not_asked_whether_this_is_for_them_is_asked_first(
    selfback: Selfback, key: str, tmp_path: Path
) -> None:
    assert selfback("plan", key, "--start", "2027-11-01")[0] == 2
    (tmp_path / "open.toml").write_text(FIT.replace("pregnant = false\n", ""))
    assert selfback("ask", key, "eligibility", "--answers", tmp_path / "open.toml", "--date", DAY)[0] == 2
    code, _, err = selfback("plan", key, "--start", DAY)
    assert code == 2
    assert "selfback ask ID eligibility" in err


def test_a_goal_of_ones_own_is_kept_with_the_plan_and_outlives_a_plan_that_is_made_again(
    selfback: Selfback, key: str
) -> None:
    assert selfback("goal", key, "4500", "--date", DAY)[0] == 2
    assert selfback("plan", key, "--start", DAY)[0] == 0
    assert selfback("goal", key, "4500", "--date", DAY, "--dry-run")[0] == 0
    code, out, _ = selfback("goal", key, "--date", DAY, "--json", "--", "-10%")
    assert (code, json.loads(out)["steps_per_day"], json.loads(out)["proposed_steps"]) == (0, 4500, 5000)
    code, _, err = selfback("goal", key, "9000", "--date", DAY)
    assert code == 2
    assert "from 4,000 to 5,000" in err
    again = json.loads(selfback("plan", key, "--start", DAY, "--json")[1])
    assert again["goal"]["steps_per_day"] == 4500
    exported = json.loads(selfback("participant", "export", key)[1])
    assert [row["document"] for row in exported["edit"]] == [{"goal": {"from": 5000, "to": 4500}}]
    assert len(exported["plan"]) == 3


def test_activity_without_steps_is_written_down_and_told_in_the_plan(selfback: Selfback, key: str) -> None:
    code, out, _ = selfback("log", key, "swimming", "40", "--date", "2026-10-27", "--json")
    assert (code, json.loads(out)["active_minutes"], json.loads(out)["steps"]) == (0, 40, 4000)
    assert selfback("log", key, "flying", "40")[0] == 2
    assert selfback("log", key, "swimming", "4000")[0] == 2
    assert "worth about 4,000 steps" in " ".join(selfback("plan", key, "--start", DAY)[1].split())


def test_what_may_have_gone_wrong_is_kept_once_however_often_the_plan_is_made(
    selfback: Selfback, key: str, tmp_path: Path
) -> None:
    (tmp_path / "worse.toml").write_text(CALM + "felt_worse = true\n")
    assert selfback("checkin", key, "--answers", tmp_path / "worse.toml", "--date", DAY)[0] == 0
    for _ in range(2):
        assert selfback("plan", key, "--start", DAY)[0] == 0
    exported = json.loads(selfback("participant", "export", key)[1])
    assert [row["kind"] for row in exported["event"]] == ["possible-felt-worse"]


def test_a_first_plan_needs_the_warning_signs_answered(selfback: Selfback) -> None:
    key = selfback("participant", "add")[1].strip()
    code, out, err = selfback("plan", key)
    assert (code, out) == (2, "")
    assert "warning signs" in err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("participant", "show", "KQ7-M2R-TX4"), 2),
        (("participant", "show", "nobody"), 2),
        (("participant", "add", "--zone", "Europe/Atlantis"), 1),
        (("plan", "KEY", "--start", "yesterday"), 2),
        (("plan", "KEY", "--recording", "x"), 2),
        (("plan", "KEY", "--results", "missing"), 5),
        (("message", "KEY", "--date", "2030-01-01"), 2),
        (("ask", "KEY", "profile", "--answers", "missing.toml"), 2),
        (("participant", "erase", "KEY"), 2),
    ],
)
def test_what_makes_no_sense_is_told_and_changes_nothing(
    arguments: tuple[str, ...], code: int, selfback: Selfback, key: str
) -> None:
    before = selfback("participant", "export", key)[1]
    found = selfback(*(key if argument == "KEY" else argument for argument in arguments))
    assert found[0] == code
    assert found[1] == ""
    assert found[2]
    assert selfback("participant", "export", key)[1] == before


def test_answers_that_cannot_be_are_refused_as_a_whole(selfback: Selfback, key: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(CALM.replace("average_pain = 4", "average_pain = 40"))
    assert selfback("checkin", key, "--answers", tmp_path / "wrong.toml")[0] == 2
    assert json.loads(selfback("participant", "show", key, "--json")[1])["kept"]["answers"] == 2


def test_who_is_erased_is_gone(selfback: Selfback, key: str, tmp_path: Path) -> None:
    assert selfback("participant", "erase", key, "--reason", "wish", "--dry-run")[0] == 0
    assert key in selfback("participant", "list")[1]
    assert selfback("participant", "erase", key, "--reason", "wish", "--yes")[0] == 0
    assert selfback("participant", "list")[1] == ""
    code, _, err = selfback("participant", "show", key)
    assert code == 2
    assert "erased" in err
    assert selfback("participant", "export", key, "-o", tmp_path / "x.json")[0] == 2
    assert not (tmp_path / "x.json").exists()


def test_an_export_is_a_file_for_them_to_keep(selfback: Selfback, key: str, tmp_path: Path) -> None:
    code, out, _ = selfback("participant", "export", key, "-o", tmp_path / "mine.json")
    assert (code, out.strip()) == (0, str(tmp_path / "mine.json"))
    assert json.loads((tmp_path / "mine.json").read_text()) == json.loads(selfback("participant", "export", key)[1])


def test_a_store_that_is_written_to_by_somebody_else_ends_with_its_own_code(
    selfback: Selfback, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activity.store.engine.PATIENCE_MS", 50)
    with sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert selfback("participant", "add")[0] == 6
        assert selfback("participant", "show", key)[0] == 0
    other.close()


def test_a_store_that_may_not_be_written_is_told(selfback: Selfback, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    assert selfback("participant", "add", "--store", tmp_path / "folder")[0] == 6
    if os.geteuid():
        (tmp_path / "folder").chmod(0o500)
        assert selfback("participant", "add", "--store", tmp_path / "folder" / "s.sqlite")[0] == 6


FORM = load_questionnaire("weekly-checkin")
TYPED = {Kind.YES_NO: "no", Kind.SCALE: "3", Kind.NUMBER: "5", Kind.CHOICE: "1", Kind.CHOICES: "1, 2"}


def test_a_form_is_asked_question_by_question(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = iter(FORM.questions)

    def line(prompt: str) -> str:
        question = next(kinds)
        assert prompt.strip()
        return {"minutes": "15", "sessions_wanted": "3", "sessions_done": "2"}.get(question.id, TYPED[question.kind])

    answers = ask(FORM, line)
    assert set(answers) == {question.id for question in FORM.questions}
    said = capsys.readouterr()
    assert said.out == ""
    assert all(question.text in said.err for question in FORM.questions)


def test_what_is_no_answer_is_asked_again_and_an_empty_line_leaves_a_question_open() -> None:
    typed = iter(["maybe", "7", "no", *[""] * 100])
    assert ask(FORM, lambda _: next(typed)) == {FORM.questions[0].id: False}


def test_after_an_urgent_sign_only_the_other_signs_are_asked() -> None:
    asked = []

    def line(prompt: str) -> str:
        asked.append(prompt)
        return "yes" if len(asked) == 1 else ""

    assert ask(FORM, line) == {SIGNS[0]: True}
    assert len(asked) == len(SIGNS)


def test_an_answer_that_contradicts_an_earlier_one_is_asked_again_and_nothing_is_lost() -> None:
    pain = ("average_pain", "worst_pain")
    form = FORM.model_copy(update={"questions": tuple(one for one in FORM.questions if one.id in pain)})
    typed = iter(["7", "4", "8"])
    assert ask(form, lambda _: next(typed), contradiction) == {"average_pain": 7, "worst_pain": 8}
    typed = iter(["7", "4", ""])
    assert ask(form, lambda _: next(typed), contradiction) == {"average_pain": 7}


def test_other_peoples_weeks_have_a_say_and_a_broken_case_is_left_out_and_said(
    selfback: Selfback, key: str, processed: Path, tmp_path: Path
) -> None:
    results = ("--results", processed, "--start", DAY, "--dry-run", "--json")
    code, out, _ = selfback("plan", key, *results, "--cases", "made-up")
    assert code == 0
    assert json.loads(out)["learned_from"]
    lines = [json.dumps(case_to_document(case)) for case in made_up().cases[:30]]
    (tmp_path / "cases.jsonl").write_text("\n".join([*lines, "{torn"]))
    code, out, err = selfback("plan", key, *results, "--cases", tmp_path / "cases.jsonl")
    assert code == 0
    assert "left out: cases.jsonl, line 31" in err
    assert json.loads(out)["learned_from"] != json.loads(selfback("plan", key, *results)[1])["learned_from"] == ""
    code, _, err = selfback("plan", key, *results, "--cases", tmp_path / "none.jsonl")
    assert code == 5
    assert "can't be read" in err


def test_why_says_of_each_item_which_answers_are_behind_it(selfback: Selfback, key: str, processed: Path) -> None:
    code, out, _ = selfback("plan", key, "--results", processed, "--start", DAY, "--dry-run", "--why")
    assert code == 0
    assert "Why this plan" in out
    assert "Nobody else's weeks had a say in this." in out
    assert out.count("To change it:") == 11


def test_an_instrument_is_asked_kept_as_it_was_answered_and_scored(
    selfback: Selfback, key: str, tmp_path: Path
) -> None:
    (tmp_path / "rmdq.toml").write_text("".join(f"q{number} = {str(number <= 9).lower()}\n" for number in range(1, 23)))
    code, out, _ = selfback("ask", key, "rmdq-24", "--answers", tmp_path / "rmdq.toml", "--date", DAY, "--json")
    assert code == 0
    assert json.loads(out) == {
        "id": key, "form": "rmdq-24", "date": DAY, "score": 9.0, "answered": 22, "imputed": 2, "rule": "zero",
        "why": "", "better": "lower",
    }  # fmt: skip
    kept = json.loads(selfback("participant", "export", key)[1])["answers"]
    assert [row["document"]["q10"] for row in kept if row["instrument"] == "rmdq-24"] == [False]
    (tmp_path / "phq.toml").write_text("".join(f"q{number} = 2\n" for number in range(1, 9)))
    code, out, err = selfback("ask", key, "phq-8", "--answers", tmp_path / "phq.toml", "--date", DAY)
    assert (code, "16, lower is better" in out, "talk to your doctor" in err) == (0, True, True)
    (tmp_path / "phq.toml").write_text("q1 = 2\n")
    assert "no score, 1 of 8 items answered" in selfback("ask", key, "phq-8", "--answers", tmp_path / "phq.toml")[1]
    (tmp_path / "phq.toml").write_text("".join(f"q{number} = 3\n" for number in range(1, 6)))
    code, out, err = selfback("ask", key, "phq-8", "--answers", tmp_path / "phq.toml")
    assert (code, "no score" in out, "talk to your doctor" in err) == (0, True, True)
    (tmp_path / "phq.toml").write_text("q1 = 4\n")
    assert selfback("ask", key, "phq-8", "--answers", tmp_path / "phq.toml")[0] == 2
    kept = json.loads(selfback("participant", "export", key)[1])["answers"]
    assert [len(row["document"]) for row in kept if row["instrument"] == "phq-8"] == [8, 1, 5]


def test_a_health_profile_is_kept_without_a_value_set_and_scored_with_one(
    selfback: Selfback, key: str, tmp_path: Path
) -> None:
    (tmp_path / "eq.toml").write_text("q1 = 2\nq2 = 1\nq3 = 1\nq4 = 3\nq5 = 1\n")
    asked = ("ask", key, "eq-5d-5l", "--answers", tmp_path / "eq.toml", "--date", DAY)
    code, out, _ = selfback(*asked)
    assert (code, "no score, no value set of a country was given; kept" in out) == (0, True)
    losses = "".join(f"{name} = [0.1, 0.2, 0.3, 0.4]\n" for name in ("mobility", "self_care", "usual_activities"))
    losses += "pain = [0.05, 0.15, 0.25, 0.35]\nanxiety = [0.1, 0.2, 0.3, 0.4]\n"
    (tmp_path / "made-up.toml").write_text('name = "made up"\nsource = "made up for a test"\n' + losses)
    code, out, _ = selfback(*asked, "--value-set", tmp_path / "made-up.toml")
    assert (code, "0.75, higher is better" in out) == (0, True)
    (tmp_path / "made-up.toml").write_text(losses)
    assert selfback(*asked, "--value-set", tmp_path / "made-up.toml")[0] == 5
    kept = json.loads(selfback("participant", "export", key)[1])["answers"]
    assert sum(row["instrument"] == "eq-5d-5l" for row in kept) == 2


def test_an_instrument_is_asked_from_a_pack_and_its_answers_say_which(
    selfback: Selfback, key: str, tmp_path: Path
) -> None:
    (tmp_path / "work.toml").write_text(
        'instrument = "wai-single"\ninstrument_version = "1"\nversion = "test-1"\nlanguage = "en"\n'
        'permission = "made up for a test"\nlow_label = "the least"\nhigh_label = "the most"\n'
        '[[items]]\ntext = "A made-up question?"\n'
    )
    (tmp_path / "seven.toml").write_text("q1 = 7\n")
    asked = ("ask", key, "wai-single", "--items", tmp_path / "work.toml", "--answers", tmp_path / "seven.toml")
    assert selfback(*asked, "--date", DAY)[0] == 0
    kept = json.loads(selfback("participant", "export", key)[1])["answers"]
    assert [row["version"] for row in kept if row["instrument"] == "wai-single"] == ["1 en test-1"]
    (tmp_path / "work.toml").write_text((tmp_path / "work.toml").read_text().replace("wai-single", "pseq"))
    code, _, err = selfback(*asked, "--date", DAY)
    assert (code, "texts of pseq; expected texts of wai-single" in err) == (5, True)


def test_texts_of_others_are_asked_from_a_pack_or_not_at_all(selfback: Selfback, key: str, tmp_path: Path) -> None:
    code, _, err = selfback("ask", key, "pseq")
    assert (code, "--items FILE" in err) == (2, True)
    code, _, err = selfback("ask", key, "eq-5d-5l")
    assert (code, "owners prescribe" in err) == (2, True)
    code, _, err = selfback("ask", key, "no-such-form")
    assert (code, "rmdq-24" in err) == (2, True)
    code, _, err = selfback("ask", key, "profile", "--value-set", tmp_path / "eq.toml")
    assert code == 2


def test_what_is_asked_once_is_kept(selfback: Selfback, key: str, tmp_path: Path) -> None:
    (tmp_path / "baseline.toml").write_text('age = 44\nsex = "female"\nhousehold = []\npain_days = "over-30"\n')
    code, out, _ = selfback("ask", key, "baseline", "--answers", tmp_path / "baseline.toml", "--date", DAY)
    assert code == 0
    assert "4 of 11 questions answered" in out


def test_how_an_exercise_went_moves_its_next_dose(selfback: Selfback, key: str, processed: Path) -> None:
    def doses(start: str) -> dict[str, str]:
        code, out, err = selfback("plan", key, "--results", processed, "--start", start, "--json")
        assert code == 0, err
        return {item["id"]: item["dose"] for item in json.loads(out)["exercises"]}

    first = doses(DAY)
    for day in ("2026-10-29", "2026-10-31"):
        for name in first:
            assert selfback("did", key, name, "--rating", "too-easy", "--pain", 1, "--date", day)[0] == 0
    second = doses("2026-11-04")
    stayed = first.keys() & second.keys()
    assert stayed
    assert all(first[name] != second[name] for name in stayed)
    assert selfback("did", key, "no-such-exercise")[0] == 2
    code, out, _ = selfback("did", key, next(iter(second)), "--swap", "never", "--not-done", "--json")
    assert (code, json.loads(out)["swap"]) == (0, "never")


def test_weeks_are_judged_and_shared_only_with_consent(
    selfback: Selfback, key: str, processed: Path, tmp_path: Path
) -> None:
    def kept_cases() -> list[dict[str, object]]:
        return [row["document"] for row in json.loads(selfback("participant", "export", key)[1])["retained"]]

    def plan(start: str) -> None:
        assert selfback("plan", key, "--results", processed, "--start", start)[0] == 0

    plan(DAY)
    assert [case["outcome"] for case in kept_cases()] == [None]
    (tmp_path / "profile.toml").write_text(PROFILE + "share_weeks = true\n")
    assert selfback("ask", key, "profile", "--answers", tmp_path / "profile.toml")[0] == 0
    assert selfback("checkin", key, "--answers", tmp_path / "calm.toml", "--date", "2026-11-04")[0] == 0
    plan("2026-11-04")
    cases = kept_cases()
    assert [(case["problem"]["start"], case["consent"], case["outcome"] is None) for case in cases] == [
        (DAY, False, True), (DAY, False, False), ("2026-11-04", True, True),
    ]  # fmt: skip
    assert selfback("checkin", key, "--answers", tmp_path / "calm.toml", "--date", "2026-11-11")[0] == 0
    plan("2026-11-11")
    store = open_store(str(tmp_path / "s.sqlite"))
    with store.reading() as connection:
        shared, faults = learnt_cases(connection, load_settings())
    store.close()
    assert faults == ()
    assert [(case.person, str(case.problem.start)) for case in shared] == [(key, "2026-11-04")]
