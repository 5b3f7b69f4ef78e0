"""What is made of similar weeks: what helped comes first, little evidence says little, and nobody can be made out."""

from dataclasses import replace
from random import Random

import pytest
from case_weeks import case, crowd, known, plan, shipped
from hypothesis import given
from hypothesis import strategies as st

from activity.coach.cases.base import case_base
from activity.coach.cases.case import SUBPLANS, CaseExercise, SubPlan
from activity.coach.cases.reuse import ByChance, CaseAdvisor, Weighed, change_of, group_option, said
from activity.coach.cases.settings import GoalChange


def steady():
    """The shipped settings with no week left to chance."""
    return shipped().model_copy(update={"reuse": shipped().reuse.model_copy(update={"explore_percent": 0})})


def advice(cases, settings=None):
    return CaseAdvisor(case_base(cases, settings or steady()), "me")(known(), Random(1))


def weeks_with(goal: int, pain_change: int, count: int, name: str):
    return [case(f"{name}{number}", 0, pain_change, plan=plan(goal=goal)) for number in range(count)]


def test_the_change_of_goal_that_went_best_is_chosen() -> None:
    told = advice([*weeks_with(5500, 2, 10, "raised"), *weeks_with(5000, -2, 10, "kept")])
    assert told.chosen(SubPlan.ACTIVITY, (GoalChange.LARGE, GoalChange.SMALL, GoalChange.SAME)) == GoalChange.SAME
    assert told.best(SubPlan.ACTIVITY, (GoalChange.LARGE, GoalChange.SAME)) == (GoalChange.SAME,)


def test_what_the_rules_ask_stays_where_others_speak_for_nothing_else() -> None:
    told = advice([*weeks_with(5500, 0, 10, "raised"), *weeks_with(5000, 0, 10, "kept")])
    assert told.chosen(SubPlan.ACTIVITY, (GoalChange.LARGE, GoalChange.SAME)) == GoalChange.LARGE


def test_one_lucky_week_does_not_outweigh_many_ordinary_ones() -> None:
    told = advice([*weeks_with(5500, -1, 30, "raised"), *weeks_with(5000, -2, 1, "lucky")])
    options = told.parts[SubPlan.ACTIVITY].options
    gain = options["same"].score - told.parts[SubPlan.ACTIVITY].mean
    many = advice([*weeks_with(5500, -1, 30, "raised"), *weeks_with(5000, -2, 30, "kept")])
    assert 0.0 < gain < many.parts[SubPlan.ACTIVITY].options["same"].score - many.parts[SubPlan.ACTIVITY].mean


def test_an_exercise_that_few_had_is_judged_by_its_group() -> None:
    def week(name, group, pain_change, number):
        held = replace(plan(), exercises=(CaseExercise(name, group, 1),))
        return case(f"{name}{number}", 0, pain_change, plan=held)

    cases = [week("bridge", "core stability", -2, number) for number in range(12)]
    cases += [week("stretch", "flexibility", 2, number) for number in range(12)]
    cases += [week("plank", "core stability", 0, 0)]
    options = advice(cases).parts[SubPlan.EXERCISE].options
    assert options[group_option("core stability")].score > options[group_option("flexibility")].score
    assert options["plank"].score > options["stretch"].score


def test_what_is_usual_for_a_person_is_not_taken_for_what_helped() -> None:
    # The diligent do all their sessions and happen to have had one theme; the others none, and another.
    cases = []
    for number in range(10):
        for week in range(3):
            for name, done, theme in (("diligent", 3, "pacing"), ("lazy", 0, "sleep")):
                one = case(f"{name}{number}", week, 0, plan=plan(themes=(theme,)))
                cases.append(replace(one, outcome=replace(one.outcome, sessions_done=done)))
    base = case_base(cases, steady())
    told = CaseAdvisor(base, "me")(known(), Random(1)).parts[SubPlan.EDUCATION].options
    raw = {
        theme: base.success[SubPlan.EDUCATION][[c.plan.themes == (theme,) for c in base.cases]].mean() for theme in told
    }
    assert told["pacing"].score - told["sleep"].score < 0.5 * (raw["pacing"] - raw["sleep"])


@pytest.mark.parametrize("people", [0, 1, 4])
def test_fewer_than_five_people_say_nothing(people: int) -> None:
    told = advice(weeks_with(5000, -2, people, "kept"))
    assert told.chosen(SubPlan.ACTIVITY, (GoalChange.LARGE, GoalChange.SAME)) == GoalChange.LARGE
    assert told.reasons(SubPlan.ACTIVITY, GoalChange.SAME, "kept their goal") == ()


def test_an_option_of_fewer_than_five_people_is_not_spoken_of() -> None:
    told = advice([*weeks_with(5500, 0, 20, "raised"), *weeks_with(5000, -2, 4, "kept")])
    assert told.reasons(SubPlan.ACTIVITY, GoalChange.SAME, "kept their goal") == ()
    assert told.reasons(SubPlan.ACTIVITY, GoalChange.LARGE, "had a clearly higher goal")


@given(st.integers(5, 400), st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_words_never_give_a_count_of_people_away(people, good, unsure, made_up) -> None:
    text = said(Weighed("same", people, 0.5, good, unsure), made_up, shipped(), "kept their goal")
    numbers = [int(word) for word in text.replace(".", " ").split() if word.isdigit()]
    assert numbers
    assert all(number in (5, 10, 20, 50, 100) and number <= people for number in numbers)
    assert not {"{", "}"} & set(text)
    assert ("made-up" in text) == made_up


def test_a_share_of_weeks_is_left_to_chance_and_says_so() -> None:
    cases = [*weeks_with(5500, 2, 10, "raised"), *weeks_with(5000, -2, 10, "kept")]
    advisor = CaseAdvisor(case_base(cases, shipped()), "me")
    told = [advisor(known(), Random(seed)) for seed in range(600)]
    explored = [one for one in told if one.parts[SubPlan.ACTIVITY].explored is not None]
    assert len(explored) / len(told) == pytest.approx(shipped().reuse.explore_percent / 100, abs=0.04)
    options = (GoalChange.LARGE, GoalChange.SMALL, GoalChange.SAME)
    assert {one.chosen(SubPlan.ACTIVITY, options) for one in explored} == set(options)
    assert {r.rule for one in explored for r in one.reasons(SubPlan.ACTIVITY, "same", "x")} == {"similar-weeks-explore"}


def test_chance_takes_every_option() -> None:
    drawn = [ByChance(shipped())(known(), Random(seed)) for seed in range(60)]
    assert {one.chosen(SubPlan.ACTIVITY, ("a", "b", "c")) for one in drawn} == {"a", "b", "c"}


@given(st.integers(5, 300), st.integers(5, 300))
def test_changes_of_a_goal_are_named_by_their_size(before, after) -> None:
    percent = 100.0 * (after - before) / before
    got = change_of(before * 100, after * 100, shipped())
    assert (got is GoalChange.LESS) == (percent < -2.0)
    assert (got is GoalChange.LARGE) == (percent > 6.0)
    assert (got is GoalChange.SAME) == (abs(percent) <= 2.0)


def test_advice_is_the_same_when_asked_again() -> None:
    base = case_base(crowd(50, 4, weeks=2), shipped())
    one, other = (CaseAdvisor(base, "me")(known(), Random(9)) for _ in range(2))
    assert all(one.parts[subplan].options == other.parts[subplan].options for subplan in SUBPLANS)
