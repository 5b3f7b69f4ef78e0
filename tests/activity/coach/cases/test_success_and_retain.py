"""How a week is judged, what is kept of it, and what a clinician's veto means."""

from dataclasses import replace
from datetime import timedelta

import pytest
from case_weeks import START, case, known, outcomes, plan, problems, shipped, went
from hypothesis import given
from hypothesis import strategies as st

from activity.coach.cases.case import (
    SUBPLANS,
    Case,
    CaseExercise,
    Editor,
    ExerciseEdit,
    GoalEdit,
    Outcome,
    Problem,
    SessionEdit,
    SubPlan,
    ThemeEdit,
)
from activity.coach.cases.document import case_from_document, case_to_document, read_cases, write_cases
from activity.coach.cases.retain import judged, retain
from activity.coach.cases.revise import revise, revised_plan
from activity.coach.cases.success import success
from activity.errors import CaseError

ON = START - timedelta(days=3)


@given(problems, outcomes, st.sampled_from(SUBPLANS))
def test_success_is_from_0_to_1_and_unknown_stays_unknown(problem, outcome, subplan) -> None:
    got = success(
        replace(case("p"), problem=problem, outcome=replace(outcome, on=START + timedelta(days=7))), subplan, shipped()
    )
    assert got is None or 0.0 <= got <= 1.0
    if outcome.average_pain is None and outcome.interference is None and outcome.confidence is None:
        assert got in (None, 0.0)


@pytest.mark.parametrize("subplan", SUBPLANS)
def test_less_pain_is_more_success_up_to_the_important_change(subplan) -> None:
    values = [success(case("p", 0, change), subplan, shipped()) for change in range(3, -4, -1)]
    assert values == sorted(values)
    assert values[1] < values[3] < values[5] == values[6]


@pytest.mark.parametrize("harm", [{"felt_worse": True}, {"warning_sign": True}])
def test_a_week_that_did_harm_is_no_success_whatever_else(harm) -> None:
    assert success(case("p", outcome=went(-5, START, **harm)), SubPlan.ACTIVITY, shipped()) == 0.0


def test_steps_alone_are_no_relief() -> None:
    walked = Outcome(on=START, steps_per_day=20_000.0, sessions_done=5)
    assert success(case("p", outcome=walked), SubPlan.ACTIVITY, shipped()) is None
    assert success(case("p", outcome=None), SubPlan.ACTIVITY, shipped()) is None


def test_meeting_a_goal_is_no_success_by_itself() -> None:
    low, high = (case("p", outcome=went(0, START, goal_met_percent=met)) for met in (0, 100))
    assert success(low, SubPlan.ACTIVITY, shipped()) == success(high, SubPlan.ACTIVITY, shipped())


def test_being_free_of_pain_is_a_success_though_it_can_not_fall() -> None:
    free = replace(
        case("p", outcome=Outcome(on=START, average_pain=0)), problem=known(START - timedelta(days=7), average_pain=0)
    )
    assert success(free, SubPlan.ACTIVITY, shipped()) == 1.0


def test_nobody_has_more_than_their_share_of_cases() -> None:
    kept: tuple[Case, ...] = ()
    for week in range(20, -1, -1):
        kept = retain(kept, case("p", week, week % 5 - 2, plan=plan(goal=5000 + 100 * week)), shipped())
    assert [one.id for one in kept] == [f"p-{week}" for week in range(11, -1, -1)]


def test_the_same_week_again_replaces_the_older_one() -> None:
    kept = retain(retain((), case("p", 1), shipped()), case("p", 0), shipped())
    assert [one.id for one in kept] == ["p-0"]
    other = case("p", 0, plan=plan(goal=7000))
    assert [one.id for one in retain((case("p", 1),), other, shipped())] == ["p-1", "p-0"]


@pytest.mark.parametrize("changes", [{"consent": False}, {"outcome": None}])
def test_nothing_is_kept_without_consent_or_outcome(changes) -> None:
    assert retain((), case("p", **changes), shipped()) == ()


def test_cases_of_somebody_else_are_refused() -> None:
    with pytest.raises(CaseError, match="other people"):
        retain((case("somebody"),), case("p"), shipped())


def test_a_week_is_judged_once() -> None:
    open_week = case("p", outcome=None)
    done = judged(open_week, went(0, START))
    assert judged(done, went(0, START)) == done
    with pytest.raises(CaseError, match="outcome already"):
        judged(done, went(1, START))


def test_edits_are_played_in_order() -> None:
    one = case("p", plan=plan(exercises=("bridge", "plank"), themes=("pacing", "sleep")))
    wall = CaseExercise("wall-sit", "gluteal and hip muscles", 1)
    for edit in (
        GoalEdit(Editor.PERSON, ON, 6000),
        ExerciseEdit(Editor.PERSON, ON, "bridge", wall),
        SessionEdit(Editor.PERSON, ON, per_week=2),
        ThemeEdit(Editor.PERSON, ON, "sleep"),
        GoalEdit(Editor.CLINICIAN, ON, 5000),
    ):
        one = revise(one, edit)
    final = revised_plan(one.plan, one.edits)
    assert final.goal_steps == 5000
    assert [exercise.id for exercise in final.exercises] == ["wall-sit", "plank"]
    assert (final.sessions_per_week, final.session_minutes) == (2, 15)
    assert final.themes == ("pacing",)
    assert one.plan.goal_steps == 5500, "the plan as it was shown stays"


def test_what_a_clinician_took_out_the_person_can_not_put_in_again() -> None:
    one = revise(case("p", plan=plan(exercises=("bridge", "plank"))), ExerciseEdit(Editor.CLINICIAN, ON, "plank"))
    plank = CaseExercise("plank", "core stability", 1)
    with pytest.raises(CaseError, match="taken out by a clinician"):
        revise(one, ExerciseEdit(Editor.PERSON, ON, "bridge", plank))
    back = revise(one, ExerciseEdit(Editor.CLINICIAN, ON, None, plank))
    gone = revise(back, ExerciseEdit(Editor.PERSON, ON, "plank"))
    assert revise(gone, ExerciseEdit(Editor.PERSON, ON, None, plank)).edits[-1].into == plank


def test_an_edit_that_changes_nothing_is_refused() -> None:
    for edit in (
        GoalEdit(Editor.PERSON, ON, 5500),
        ExerciseEdit(Editor.PERSON, ON, "no-such"),
        ThemeEdit(Editor.PERSON, ON),
    ):
        with pytest.raises(CaseError, match="changes nothing"):
            revise(case("p"), edit)


@given(problems, outcomes)
def test_a_case_comes_back_from_its_document(problem, outcome) -> None:
    edits = (
        GoalEdit(Editor.PERSON, ON, 6000, "less"),
        ThemeEdit(Editor.CLINICIAN, ON, "pacing"),
        ExerciseEdit(Editor.PERSON, ON, "bridge"),
        SessionEdit(Editor.PERSON, ON, minutes=5),
    )
    one = replace(case("p"), problem=problem, outcome=replace(outcome, on=START + timedelta(days=7)), edits=edits)
    assert case_from_document(case_to_document(one)) == one


def test_one_broken_case_in_a_file_costs_that_case_only(tmp_path) -> None:
    path = tmp_path / "cases.jsonl"
    write_cases([case("a"), case("b"), case("c")], path)
    lines = path.read_text().splitlines()
    broken = [lines[0], lines[1].replace('"goal_steps": 5500', '"goal_steps": -1'), "{torn", "7", lines[2], lines[2]]
    path.write_text("\n".join(broken))
    found = read_cases(path)
    assert [one.id for one in found.cases] == ["a-0", "c-0"]
    assert [fault.where for fault in found.faults] == [f"cases.jsonl, line {number}" for number in (2, 3, 4, 6)]


def test_a_file_that_is_not_there_is_said(tmp_path) -> None:
    with pytest.raises(CaseError, match="can't be read"):
        read_cases(tmp_path / "none.jsonl")


def test_a_case_that_can_not_be_is_refused() -> None:
    with pytest.raises(CaseError, match="an outcome on"):
        case("p", outcome=went(0, START - timedelta(days=30)))
    with pytest.raises(CaseError, match="goal of 0"):
        case("p", plan=plan(goal=0))
    with pytest.raises(CaseError, match="no id"):
        case("")
    with pytest.raises(CaseError, match="not a number"):
        Problem(START, movement=replace(known().movement, steps_per_day=float("nan")))
