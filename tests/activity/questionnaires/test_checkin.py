import json
from dataclasses import fields
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activity.errors import AnswerError, ContentError
from activity.questionnaires.checkin import CheckIn, contradiction, load_checkin, read_checkin
from activity.questionnaires.definition import Kind, Questionnaire, checked, load_questionnaire
from activity.questionnaires.profile import Profile, load_profile

FORM = load_questionnaire("weekly-checkin")
SIGNS = {sign.id: False for sign in FORM.warning_signs}
DAY = "2026-03-02"


def right_answer(question):
    match question.kind:
        case Kind.SCALE | Kind.NUMBER:
            return st.integers(question.low, question.high)
        case Kind.YES_NO:
            return st.booleans()
        case Kind.CHOICE:
            return st.sampled_from([option.id for option in question.options])
        case Kind.CHOICES:
            return st.lists(st.sampled_from([option.id for option in question.options]))


answers = st.fixed_dictionaries(
    {}, optional={question.id: right_answer(question) for question in FORM.questions}
).filter(lambda given: not contradiction(given))
wrong = st.sampled_from([-1, 11, 1000, 4.5, float("nan"), "yes", "", [1], ["nothing"], {"a": 1}, b"7", True, "4"])


@given(answers)
def test_answers_come_through_unchanged_and_the_rest_is_none(given_answers) -> None:
    made = load_checkin({"date": DAY, **given_answers})
    for field in fields(CheckIn):
        if field.name in {"date", "red_flags", "barriers"}:
            continue
        assert getattr(made, field.name) == given_answers.get(field.name)
    assert made.barriers == (tuple(sorted(set(given_answers["barriers"]))) if "barriers" in given_answers else None)
    present = [name for name in SIGNS if given_answers.get(name)]
    if present:
        assert made.red_flags == tuple(present)
    else:
        assert (made.red_flags == ()) == all(name in given_answers for name in SIGNS)


@given(st.sampled_from(FORM.questions), wrong)
def test_an_answer_its_question_cannot_take_is_refused_by_name(question, value) -> None:
    fits = {
        Kind.YES_NO: isinstance(value, bool),
        Kind.NUMBER: type(value) is int and question.low is not None and question.low <= value <= question.high,
    }.get(question.kind, False)
    if fits:
        return
    with pytest.raises(AnswerError) as caught:
        load_checkin({"date": DAY, question.id: value})
    assert question.id in caught.value.where
    assert caught.value.expected
    assert caught.value.exit_code == 2


def test_one_past_either_end_of_every_range_is_refused() -> None:
    ranged = [question for question in FORM.questions if question.kind in {Kind.SCALE, Kind.NUMBER}]
    assert len(ranged) >= 8
    for question in ranged:
        for value in (question.low - 1, question.high + 1):
            with pytest.raises(AnswerError, match="out of range"):
                load_checkin({"date": DAY, question.id: value})
        assert load_checkin({"date": DAY, question.id: question.high})


def test_a_yes_counts_even_when_other_signs_are_open() -> None:
    assert load_checkin({"date": DAY, "flag_saddle": True}).red_flags == ("flag_saddle",)
    assert load_checkin({"date": DAY, "flag_saddle": False}).red_flags is None
    assert load_checkin({"date": DAY, **SIGNS}).red_flags == ()


@pytest.mark.parametrize("given_date", [None, "yesterday", 20260302, datetime(2026, 3, 2)])  # noqa: DTZ001
def test_a_check_in_needs_a_date(given_date) -> None:
    with pytest.raises(AnswerError, match="date"):
        load_checkin({} if given_date is None else {"date": given_date})


def test_a_question_that_is_not_asked_is_refused() -> None:
    with pytest.raises(AnswerError, match="shoe_size"):
        load_checkin({"date": DAY, "shoe_size": 43})


def test_a_check_in_made_by_hand_keeps_its_ranges() -> None:
    with pytest.raises(AnswerError, match="average_pain"):
        CheckIn(date(2026, 3, 2), average_pain=11)


def test_toml_and_json_files_say_the_same(tmp_path) -> None:
    (tmp_path / "a.toml").write_text('date = 2026-03-02\naverage_pain = 4\nbarriers = ["time"]\n', encoding="utf-8")
    (tmp_path / "a.json").write_text(json.dumps({"date": DAY, "average_pain": 4, "barriers": ["time"]}))
    assert read_checkin(tmp_path / "a.toml") == read_checkin(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("name", "raw"),
    [("a.json", b"[1, 2]"), ("a.json", b"{"), ("a.toml", b"= 4"), ("a.toml", b"\xff\xfe"), ("a.json", b"[" * 100_000)],
)
def test_a_file_that_holds_no_answers_is_named(tmp_path, name, raw) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(AnswerError, match=name):
        read_checkin(tmp_path / name)
    with pytest.raises(AnswerError, match="missing"):
        read_checkin(tmp_path / "missing.toml")


def test_a_profile_keeps_not_asked_apart_from_none_of_these() -> None:
    assert load_profile({}) == Profile(None, None, (), None)
    assert load_profile({"conditions": [], "avoid_positions": ["sitting"]}) == Profile((), ("sitting",), ())
    assert load_profile({"declined_exercises": ["plank", "clam"]}).declined_exercises == ("clam", "plank")
    with pytest.raises(AnswerError, match="conditions"):
        load_profile({"conditions": ["tired"]})
    with pytest.raises(AnswerError, match="declined"):
        load_profile({"declined_exercises": "plank"})


@pytest.mark.parametrize(
    "question",
    [
        {"id": "q", "kind": "scale", "text": "How bad was it?", "low": 0, "high": 10},
        {"id": "q", "kind": "number", "text": "How many were it?", "low": 5, "high": 5},
        {"id": "q", "kind": "choice", "text": "Which one is it?"},
        {"id": "q", "kind": "yes-no", "text": "Is it serious?", "urgency": "urgent"},
        {"id": "q", "kind": "yes-no", "text": "Is it serious?", "urgency": "urgent", "source": "someone"},
        {"id": "q", "kind": "essay", "text": "Tell us all of it"},
        {"id": "Q 1", "kind": "yes-no", "text": "Is it serious?"},
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(question) -> None:
    form = {"id": "form", "version": "1", "title": "A form", "intro": "", "questions": [question]}
    with pytest.raises(ContentError, match=r"form\.toml"):
        checked(Questionnaire, form, "form.toml")


def test_an_average_above_the_worst_is_refused_and_one_equal_to_it_is_not() -> None:
    day = {"date": "2026-03-02"}
    with pytest.raises(AnswerError, match="7 on average and of 4 at its worst"):
        load_checkin({**day, "average_pain": 7, "worst_pain": 4})
    assert load_checkin({**day, "average_pain": 4, "worst_pain": 4}).average_pain == 4
    assert load_checkin({**day, "average_pain": 7}).worst_pain is None
