from dataclasses import replace
from datetime import timedelta

import pytest
from coach_weeks import (
    HEALTHY,
    START,
    checkin,
    checkins,
    content,
    day,
    day_lists,
    goals,
    good_week,
    plan_before,
    week_of,
)
from hypothesis import given
from hypothesis import strategies as st

from activity.coach.plan import StepGoal
from activity.coach.week import make_plan


def goal_of(days, check, previous=None, earlier=None) -> StepGoal:
    plan = make_plan(
        HEALTHY, check, days, content=content(), start=START, seed=1, previous=previous, previous_checkin=earlier
    )
    return plan.goal


previous_plans = st.builds(plan_before, goals, st.integers(0, 15_000))


@given(previous_plans, day_lists, checkins, checkins)
def test_a_goal_rises_by_no_more_than_each_cap_and_keeps_its_bounds(previous, days, check, earlier) -> None:
    old, new = previous.goal, goal_of(days, check, previous, earlier)
    assert new.steps_per_day % 100 == 0
    assert new.steps_per_day >= 500
    assert new.steps_per_day <= max(old.steps_per_day * 1.1, old.steps_per_day)
    assert new.steps_per_day <= old.steps_per_day + 1000
    assert new.steps_per_day <= max(10_000, old.baseline_steps, old.steps_per_day)
    assert new.steps_per_day >= min(old.steps_per_day, max(500, old.steps_per_day * 0.8 - 1e-9))


@given(goals, st.integers(0, 15_000), st.lists(st.integers(0, 20_000), min_size=7, max_size=7), st.integers(0, 6))
def test_walking_more_never_brings_a_lower_goal(old, baseline, steps, which) -> None:
    previous = plan_before(old, baseline)
    more = [n + 700 * (i == which) for i, n in enumerate(steps)]
    less_walked = goal_of(week_of(steps), checkin(), previous)
    more_walked = goal_of(week_of(more), checkin(), previous)
    assert more_walked.steps_per_day >= less_walked.steps_per_day


@given(
    st.lists(st.integers(0, 20_000), min_size=4, max_size=7),
    st.lists(st.integers(0, 20_000), min_size=4, max_size=7),
)
def test_a_first_goal_is_the_least_of_three_caps(steps, more) -> None:
    goal = goal_of(week_of(steps), checkin())
    usual = goal.baseline_steps
    assert usual is not None
    assert goal.steps_per_day <= max(500, min(max(usual * 1.1, 2000), usual + 1000, max(10_000, usual)))
    if usual > 10_000:
        assert goal.steps_per_day <= usual


@given(previous_plans, st.lists(st.none(), max_size=20), st.lists(st.integers(0, 20_000), max_size=3))
def test_too_few_valid_days_leave_the_goal_as_it_is(previous, missing, steps) -> None:
    goal = goal_of(week_of([*missing, *steps]), good_week(), previous)
    assert goal.steps_per_day == previous.goal.steps_per_day
    assert goal.change == "keep"


@given(previous_plans, st.lists(st.integers(0, 20_000), min_size=7, max_size=7), checkins)
def test_no_goal_rises_on_stale_open_or_worrying_news(previous, steps, check) -> None:
    stale_days = week_of(steps, START - timedelta(days=15))
    assert goal_of(stale_days, good_week(), previous).steps_per_day <= previous.goal.steps_per_day
    days = week_of(steps)
    old = previous.goal.steps_per_day
    assert goal_of(days, None, previous).steps_per_day == old
    for worry in (
        checkin(START - timedelta(days=15)),
        checkin(average_pain=None),
        checkin(red_flags=None),
        checkin(felt_worse=True),
        checkin(red_flags=("flag_leg_pain",)),
        checkin(average_pain=8),
    ):
        assert goal_of(days, worry, previous).steps_per_day <= old
    old_plan = plan_before(old, 5000, start=START - timedelta(days=14))
    assert goal_of(days, good_week(), old_plan).steps_per_day == old


@given(st.lists(st.none() | st.integers(0, 20_000), max_size=7), st.lists(st.integers(0, 20_000), max_size=14))
def test_days_from_the_start_on_and_invalid_days_are_not_looked_at(steps, future) -> None:
    later = [day(START + timedelta(days=i), n) for i, n in enumerate(future)]
    untold = [day(START - timedelta(days=3), 99_999, valid=False)] if len(steps) < 3 else []
    assert goal_of([*week_of(steps), *later, *untold], checkin()) == goal_of(week_of(steps), checkin())


@pytest.mark.parametrize(
    ("steps", "change", "goal"),
    [
        ([6000] * 5 + [1000] * 2, "raise", 6600),
        ([6000] * 4 + [1000] * 3, "hold", 6000),
        ([6000] * 2 + [1000] * 5, "lower", 5000),
        ([6000] * 3 + [None] * 4, "keep", 6000),
    ],
)
def test_a_goal_of_6000_is_judged_as_the_rules_say(steps, change, goal) -> None:
    made = goal_of(week_of(steps), checkin(), plan_before(6000, 5000))
    assert (made.change, made.steps_per_day) == (change, goal)


def test_without_days_the_goal_is_a_provisional_5000() -> None:
    goal = goal_of([], checkin())
    assert (goal.steps_per_day, goal.provisional, goal.baseline_steps) == (5000, True, None)


def test_a_provisional_goal_asks_less_of_someone_who_seems_to_walk_little() -> None:
    assert goal_of(week_of([900, 1000]), checkin()).steps_per_day == 1900


def test_a_provisional_goal_gives_way_to_the_usual_day_once_it_is_known() -> None:
    goal = goal_of(week_of([8000] * 7), checkin(), plan_before(5000, None, provisional=True))
    assert (goal.steps_per_day, goal.provisional, goal.baseline_steps) == (8800, False, 8000)


def test_a_flare_lowers_the_goal_once_and_then_holds_it() -> None:
    previous, rise = plan_before(6000, 5000), checkin(average_pain=6)
    earlier = checkin(START - timedelta(days=7), average_pain=4)
    first = goal_of(week_of([9000] * 7), rise, previous, earlier)
    assert (first.change, first.steps_per_day) == ("flare", 4800)
    again = replace(previous, goal=first)
    second = goal_of(week_of([9000] * 7), checkin(average_pain=8), again, earlier)
    assert (second.change, second.steps_per_day) == ("flare", 4800)


def test_two_plans_within_a_week_raise_the_goal_only_once() -> None:
    previous = plan_before(6000, 5000, start=START + timedelta(days=4))
    assert goal_of(week_of([9000] * 7), good_week(), previous).steps_per_day == 6000


def test_someone_who_walks_12000_steps_is_asked_to_keep_it_up() -> None:
    goal = goal_of(week_of([12_034] * 7), checkin())
    assert goal.steps_per_day == 12_000
    assert goal.reasons[-1].rule == "goal-maintain"


def test_a_back_that_gets_worse_takes_the_goal_a_step_down_once_a_week_whatever_was_walked() -> None:
    previous, worse = plan_before(6000, 5000), good_week(felt_worse=True)
    before = good_week(START - timedelta(days=7), felt_worse=True)
    for days in (week_of([9000] * 7), week_of([6000] * 7), []):
        goal = goal_of(days, worse, previous, before)
        assert (goal.change, goal.steps_per_day, goal.most_steps) == ("worse", 5400, 5400)
    stepped = replace(previous, goal=goal, start=START - timedelta(days=2))
    assert goal_of([], worse, stepped, before).steps_per_day == 5400
    assert goal_of([], worse, replace(stepped, goal=previous.goal), before).steps_per_day == 5400
    assert goal_of([], worse, plan_before(500, 400), before).steps_per_day == 500


@given(previous_plans, day_lists, checkins, checkins, checkins)
def test_a_goal_never_falls_by_more_than_a_fifth_a_week_and_is_always_above_its_least(
    previous, days, check, earlier, third
) -> None:
    plan = make_plan(
        HEALTHY, check, days, content=content(), start=START, seed=1, previous=previous, previous_checkin=earlier,
        earlier_checkins=[third],
    )  # fmt: skip
    old, new = previous.goal.steps_per_day, plan.goal
    assert new.steps_per_day >= min(old, max(500, old * 0.8 - 1e-9))
    assert new.least_steps <= new.steps_per_day <= new.most_steps


def test_with_a_sign_the_goal_goes_down_to_the_usual_day_by_a_fifth_at_most() -> None:
    sign = checkin(red_flags=("flag_leg_pain",))
    for old, baseline, goal in ((8000, 5000, 6400), (6000, 5000, 5000), (4000, 5000, 4000)):
        made = goal_of(week_of([9000] * 7), sign, plan_before(old, baseline))
        assert made.steps_per_day == goal
        assert made.reasons[-1].rule == "goal-own-pace"
