"""Why a plan is what it is: every item says it, from real answers, and no rule is without a word on what it reads."""

from dataclasses import replace

import pytest
from case_weeks import crowd, shipped
from coach_weeks import HEALTHY, START, checkin, content, good_week, plan_before, week_of

from activity.coach.cases.base import case_base
from activity.coach.cases.reuse import CaseAdvisor
from activity.coach.explanation import explained, load_explanations
from activity.coach.plan import Reason, Trust
from activity.coach.situation import Inputs
from activity.coach.week import make_plan
from activity.errors import ContentError
from activity.questionnaires.definition import load_questionnaire
from activity.report.text import explanation_lines

WORDS = load_explanations()


def made(check=None, **changes):
    inputs = {"content": content(), "start": START, "seed": 3, "previous": plan_before(6000, 5000), **changes}
    return make_plan(HEALTHY, check or good_week(), week_of([6600] * 7), **inputs)


def test_every_rule_says_what_it_reads_and_nothing_else_does() -> None:
    rules = {name for name in content().rules.all() if not name.startswith("when-")}
    assert set(WORDS.uses) == rules | {"similar-weeks", "similar-weeks-explore"}


def test_every_answer_that_is_named_can_be_given() -> None:
    asked = {question.id for form in ("weekly-checkin", "profile") for question in load_questionnaire(form).questions}
    for rule, names in WORDS.uses.items():
        assert set(names) <= asked | {"days", "last-plan", "exercise-log"}, rule


def test_each_item_is_explained_in_order() -> None:
    plan = made()
    assert [why.kind for why in plan.explanations] == ["goal", *["exercise"] * len(plan.exercises), *["message"] * 7]
    assert [why.item for why in plan.explanations[1:]] == [item.id for item in (*plan.exercises, *plan.messages)]
    for why in plan.explanations:
        assert why.because
        assert why.change
        assert why.others == WORDS.others.alone


def test_answers_are_those_that_were_given() -> None:
    goal = made(good_week(average_pain=4)).explanations[0]
    assert ("What your band saw", "7 full days in the past week, most of them near 6,600 steps") in [
        (answer.asked, answer.said) for answer in goal.answers
    ]
    assert "4 of 10" in {answer.said for answer in goal.answers}
    assert "6,000 steps a day and 3 sessions" in {answer.said for answer in goal.answers}


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (checkin(felt_worse=True), "Yes"),
        (checkin(red_flags=("flag_leg_pain",)), "Yes"),
        (checkin(average_pain=None), "Not answered"),
    ],
)
def test_what_was_not_answered_is_said_so(check, said) -> None:
    goal = made(check).explanations[0]
    assert said in {answer.said for answer in goal.answers}


def test_other_peoples_weeks_are_told_of_where_they_had_a_say() -> None:
    reuse = shipped().reuse.model_copy(update={"explore_percent": 0})
    base = case_base(crowd(300, 1, weeks=3), shipped().model_copy(update={"reuse": reuse}))
    plan = made(advisor=CaseAdvisor(base, "me"))
    others = [why.others for why in plan.explanations]
    assert any("people had a week much like yours" in text for text in others)
    assert WORDS.others.few in others
    assert WORDS.others.alone not in others


def test_no_name_of_a_case_or_person_is_in_a_plan() -> None:
    base = case_base(crowd(300, 1, weeks=3), shipped())
    text = repr(made(advisor=CaseAdvisor(base, "me")))
    assert not [one.person for one in base.cases if one.person in text]


def test_a_rule_that_is_not_known_is_a_fault_of_the_content() -> None:
    plan = made()
    strange = Reason("Because we say so.", "no-such-rule", "nowhere at all", Trust.DESIGN_DEFAULT)
    broken = replace(plan, goal=replace(plan.goal, reasons=(strange,)))
    inputs = Inputs(START, HEALTHY, good_week(), None, (), None, ())
    with pytest.raises(ContentError, match="no-such-rule"):
        explained(broken, inputs, content(), WORDS)


def test_it_reads_well_in_80_columns() -> None:
    lines = explanation_lines(made())
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("    To change it") for line in lines) == len(made().explanations)
