import math
from dataclasses import replace
from datetime import timedelta

import pytest
from coach_weeks import HEALTHY, START, checkin, content, good_week, plan_before, week_of
from hypothesis import given
from hypothesis import strategies as st

from activity.coach.own_goal import GoalWish, read_wish, with_own_goal
from activity.coach.plan import WeeklyPlan
from activity.coach.plan_document import plan_from_document, plan_to_document
from activity.coach.week import make_plan
from activity.errors import AnswerError, UnsafePlanError


def plan_of(check=None, steps=6000, previous=None, days: int = 7) -> WeeklyPlan:
    return make_plan(
        HEALTHY,
        check or good_week(),
        week_of([steps] * days),
        content=content(),
        start=START,
        seed=1,
        previous=previous,
    )


@pytest.mark.parametrize(
    ("typed", "wish"),
    [
        ("5500", GoalWish(steps=5500)),
        (" 5,500 ", GoalWish(steps=5500)),
        ("+10%", GoalWish(percent=10)),
        ("-15 %", GoalWish(percent=-15)),
    ],
)
def test_a_wish_is_steps_or_percent(typed, wish) -> None:
    assert read_wish(typed) == wish


@pytest.mark.parametrize("typed", ["", "more", "10%", "-5500", "5.5", "+1000%", "9" * 7, "+10% more"])
def test_what_is_no_wish_is_refused(typed) -> None:
    with pytest.raises(AnswerError):
        read_wish(typed)


@pytest.mark.parametrize("given", [{}, {"steps": 5000, "percent": 5}])
def test_a_wish_is_one_of_the_two(given) -> None:
    with pytest.raises(AnswerError):
        GoalWish(**given)


percents = st.integers(-30, 30).map(lambda percent: GoalWish(percent=percent))
stepwise = st.integers(0, 30_000).map(lambda steps: GoalWish(steps=steps))


@given(st.integers(400, 24_000), percents | stepwise)
def test_an_own_goal_is_within_a_fifth_and_the_caps_or_is_refused_with_what_is_possible(steps, wish) -> None:
    plan = plan_of(steps=steps)
    proposed, least, most = plan.goal.steps_per_day, plan.goal.least_steps, plan.goal.most_steps
    assert least == max(500, math.ceil(proposed * 0.8 / 100 - 1e-9) * 100)
    assert most == max(proposed, min(math.floor(proposed * 1.2 / 100 + 1e-9) * 100, max(10_000, steps // 100 * 100)))
    wanted = wish.steps if wish.percent is None else round(proposed * (1 + wish.percent / 100) + 1e-9)
    if wanted < least - 99 or wanted > most + 99:
        with pytest.raises(AnswerError, match=f"from {least:,} to {most:,}"):
            with_own_goal(plan, wish, content())
    elif least <= wanted <= most:
        changed = with_own_goal(plan, wish, content()).goal
        assert changed.steps_per_day % 100 == 0
        assert abs(changed.steps_per_day - wanted) < 100
        assert least <= changed.steps_per_day <= most
        assert changed.proposed_steps == (proposed if changed.steps_per_day != proposed else None)


@pytest.mark.parametrize(
    "plan",
    [
        plan_of(checkin(average_pain=8)),
        plan_of(good_week(felt_worse=True)),
        plan_of(good_week(red_flags=("flag_leg_pain",))),
        plan_of(good_week(average_pain=None)),
        plan_of(good_week(), previous=plan_before(6000, 5000), days=3),
        plan_of(good_week(), previous=plan_before(6000, 5000, start=START + timedelta(days=4))),
        plan_of(good_week(START - timedelta(days=15)), previous=plan_before(6000, 5000)),
        plan_of(good_week(), days=0),
    ],
)
def test_in_a_week_in_which_nothing_goes_up_the_own_goal_may_only_go_down(plan) -> None:
    assert plan.goal.most_steps == plan.goal.steps_per_day
    with pytest.raises(AnswerError, match="can't go up this week"):
        with_own_goal(plan, GoalWish(percent=5), content())
    lower = with_own_goal(plan, GoalWish(percent=-15), content())
    assert lower.goal.steps_per_day < plan.goal.steps_per_day
    widened = replace(plan, goal=replace(plan.goal, most_steps=plan.goal.steps_per_day + 500))
    with pytest.raises(UnsafePlanError, match="in which nothing does"):
        with_own_goal(widened, GoalWish(steps=plan.goal.steps_per_day + 500), content())


def test_a_second_change_starts_from_the_proposal_and_going_back_forgets_both() -> None:
    plan = plan_of()
    up = with_own_goal(plan, GoalWish(percent=20), content())
    assert up.explanations[0].because == tuple(reason.text for reason in up.goal.reasons)
    assert up.explanations[1:] == plan.explanations[1:]
    assert with_own_goal(up, GoalWish(percent=20), content()) == up
    assert with_own_goal(up, GoalWish(steps=plan.goal.steps_per_day), content()) == plan
    assert plan_from_document(plan_to_document(up)) == up
    with pytest.raises(AnswerError):
        with_own_goal(up, GoalWish(steps=plan.goal.steps_per_day * 13 // 10), content())


def test_next_week_is_judged_against_the_goal_that_the_person_set() -> None:
    plan = replace(plan_of(), start=START - timedelta(days=7))
    assert plan.goal.steps_per_day == 6600
    eased = with_own_goal(plan, GoalWish(steps=5300), content())
    for last, goal in ((plan, 6300), (eased, 5800)):
        assert plan_of(steps=5400, previous=last).goal.steps_per_day <= goal
    assert plan_of(steps=5400, previous=eased).goal.change == "raise"
    assert plan_of(steps=5400, previous=plan).goal.change != "raise"


def test_a_plan_of_before_goals_could_be_changed_is_made_again_first() -> None:
    plan = plan_of()
    with pytest.raises(AnswerError, match="how far its goal may be changed"):
        with_own_goal(replace(plan, goal=replace(plan.goal, least_steps=None)), GoalWish(percent=5), content())
