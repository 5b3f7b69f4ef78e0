"""Plans in which other people's weeks have a say: as safe as those of the rules, never asking for more, explained."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from case_weeks import case, crowd, plan, shipped
from coach_weeks import (
    HEALTHY,
    START,
    checkin,
    checkins,
    content,
    day_lists,
    goals,
    good_week,
    plan_before,
    profiles,
    week_of,
)
from hypothesis import given
from hypothesis import strategies as st

from activity.coach.cases.base import case_base
from activity.coach.cases.case import CaseExercise
from activity.coach.cases.reuse import ByChance, CaseAdvisor
from activity.coach.plan_document import plan_from_document, plan_to_document
from activity.coach.suitability import suits
from activity.coach.week import make_plan

KNOWN = content().exercises
EVERYONE = case_base(
    [
        replace(
            one,
            plan=plan(
                goal=5000 + 100 * rng.randint(-5, 6),
                exercises=(),
                themes=rng.sample([theme.id for theme in content().themes], 3),
            ),
        )
        for rng in [Random(8)]
        for one in crowd(120, 5, weeks=2)
    ],
    shipped(),
)
advisors = st.sampled_from([CaseAdvisor(EVERYONE, "me"), ByChance(shipped())])
previous_plans = st.none() | st.builds(plan_before, goals, st.integers(0, 15_000))


@given(profiles, checkins, day_lists, previous_plans, advisors, st.integers(0, 1 << 30))
def test_others_weeks_never_raise_a_goal_above_the_rules(profile, check, days, previous, advisor, seed) -> None:
    if previous is None:
        check = replace(check, red_flags=check.red_flags or ())
    inputs = {"previous": previous, "start": START, "seed": seed, "content": content()}
    advised = make_plan(profile, check, days, advisor=advisor, **inputs)
    alone = make_plan(profile, check, days, **inputs)
    assert advised.goal.steps_per_day <= alone.goal.steps_per_day
    assert all(suits(content().exercise(item.id), profile, content().rules) for item in advised.exercises)
    assert len(advised.exercises) == len(alone.exercises)
    assert alone.learned_from == ""
    assert advised.learned_from != ""
    assert plan_from_document(plan_to_document(advised)) == advised


def weeks_of(exercise, pain_change: int, count: int):
    held = replace(plan(goal=6600, exercises=()), exercises=(CaseExercise(exercise.id, exercise.group.value, 1),))
    return [case(f"{exercise.id}{number}", 0, pain_change, plan=held) for number in range(count)]


def steady(cases):
    reuse = shipped().reuse.model_copy(update={"explore_percent": 0})
    return CaseAdvisor(case_base(cases, shipped().model_copy(update={"reuse": reuse})), "me")


def test_an_exercise_that_helped_others_is_drawn_first_and_says_so() -> None:
    stretches = [item for item in KNOWN if item.group.value == "flexibility" and item.level == 1]
    liked, others = stretches[0], stretches[1:]
    cases = [one for item in others for one in weeks_of(item, 2, 8)] + weeks_of(liked, -2, 8)
    same = good_week(average_pain=5, interference=5, confidence=5, fear=5, sleep_trouble=5, stress=5, barriers=())
    drawn = 0
    for seed in range(12):
        made = make_plan(
            HEALTHY, replace(same, minutes=30), week_of([6000] * 7), content=content(), start=START, seed=seed,
            previous=plan_before(6000, 5000), advisor=steady(cases),
        )  # fmt: skip
        found = [item for item in made.exercises if item.id == liked.id]
        drawn += len(found)
        stretched = [item for item in made.exercises if item.group == "flexibility"]
        assert not stretched or found, "another stretch came before the one that helped"
        for item in found:
            (told,) = [reason for reason in item.reasons if reason.rule == "similar-weeks"]
            assert told.text.startswith(
                "At least 5 people had a week much like yours and did this exercise. Nearly all"
            )
    assert drawn >= 6


def test_a_goal_stays_where_raising_it_went_badly_for_others() -> None:
    raised = [case(f"r{number}", 0, 2, plan=plan(goal=6600, before=6000)) for number in range(20)]
    kept = [case(f"k{number}", 0, -2, plan=plan(goal=6000, before=6000)) for number in range(20)]
    same = good_week(average_pain=5, interference=5, confidence=5, fear=5, sleep_trouble=5, stress=5, barriers=())
    inputs = {"content": content(), "start": START, "seed": 1, "previous": plan_before(6000, 5000)}
    alone = make_plan(HEALTHY, same, week_of([6500] * 7), **inputs)
    advised = make_plan(HEALTHY, same, week_of([6500] * 7), advisor=steady([*raised, *kept]), **inputs)
    assert alone.goal.steps_per_day == 6600
    assert advised.goal.steps_per_day == 6000
    assert [reason.rule for reason in advised.goal.reasons] == ["goal-similar", "similar-weeks"]
    assert "At least 20 people" in advised.goal.reasons[1].text


@pytest.mark.parametrize("answers", [{"average_pain": 9}, {"felt_worse": True}, {"average_pain": None}])
def test_others_have_no_say_where_nothing_may_go_up(answers) -> None:
    for seed in range(8):
        made = make_plan(
            HEALTHY, checkin(**answers), week_of([9000] * 7), content=content(), start=START, seed=seed,
            previous=plan_before(6000, 5000), previous_checkin=checkin(START - timedelta(days=7)),
            advisor=ByChance(shipped()),
        )  # fmt: skip
        assert made.goal.steps_per_day <= 6000
        assert "goal-similar" not in {reason.rule for reason in made.goal.reasons}
