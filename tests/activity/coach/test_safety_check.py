"""The check of the finished plan must catch what the filter would have to have missed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from coach_weeks import HEALTHY, START, checkin, content, good_week, plan_before, week_of

from activity.coach.content import Equipment, Exercise
from activity.coach.exercise_log import ExerciseLog, Swap
from activity.coach.plan import PlannedExercise, WeeklyPlan
from activity.coach.progress import dose_words
from activity.coach.safety import check_plan
from activity.coach.situation import Inputs, judged_days
from activity.coach.week import make_plan
from activity.errors import UnsafePlanError
from activity.questionnaires.profile import Profile


def inputs(profile=HEALTHY, check=None, earlier=None, days=(), previous=None, history=()) -> Inputs:
    return Inputs(START, profile, check or checkin(), earlier, judged_days(days, START), previous, tuple(history))


def safe_plan(profile: Profile = HEALTHY, **more) -> WeeklyPlan:
    return make_plan(profile, checkin(), (), content=content(), start=START, seed=4, **more)


def planted(exercise: Exercise, dose_step: int = 0) -> PlannedExercise:
    return PlannedExercise(
        exercise.id,
        exercise.name,
        exercise.group.value,
        exercise.level,
        dose_words(exercise, dose_step, content().rules),
        exercise.steps,
        exercise.caution,
        (),
        dose_step,
    )


def with_exercise(plan: WeeklyPlan, exercise: PlannedExercise) -> WeeklyPlan:
    return replace(plan, exercises=(exercise, *plan.exercises[1:]))


def with_goal(plan: WeeklyPlan, steps: int) -> WeeklyPlan:
    return replace(plan, goal=replace(plan.goal, steps_per_day=steps))


def breaks(plan: WeeklyPlan, given: Inputs, word: str) -> None:
    with pytest.raises(UnsafePlanError, match=word) as caught:
        check_plan(plan, given, content())
    assert caught.value.exit_code == 7


FORBIDDEN = [
    (condition.id, exercise.id)
    for condition in content().conditions
    for exercise in content().exercises
    if condition.rules_out(exercise)
]


def test_every_pair_of_condition_and_forbidden_exercise_is_caught() -> None:
    assert len(FORBIDDEN) > 100
    for condition, name in FORBIDDEN:
        profile = Profile((condition,), ())
        breaks(with_exercise(safe_plan(profile), planted(content().exercise(name))), inputs(profile), condition)


def test_a_filter_that_lets_everything_through_yields_no_plan(monkeypatch) -> None:
    monkeypatch.setattr("activity.coach.suitability.suits", lambda *_: True)
    profile = Profile(tuple(condition.id for condition in content().conditions), ())
    for seed in range(10):
        with pytest.raises(UnsafePlanError):
            make_plan(profile, checkin(minutes=45), (), content=content(), start=START, seed=seed)


def test_a_thing_that_is_not_at_hand_is_caught_by_the_words_of_the_exercise() -> None:
    needing = [exercise for exercise in content().exercises if exercise.equipment]
    assert len(needing) > 30
    for exercise in needing:
        for thing in exercise.equipment:
            others = tuple(other.value for other in Equipment if other is not thing)
            profile = Profile((), (), equipment=others)
            breaks(with_exercise(safe_plan(profile), planted(exercise)), inputs(profile), f"needs a {thing.value}")


def test_a_filter_that_takes_all_things_for_granted_yields_no_plan(monkeypatch) -> None:
    monkeypatch.setattr("activity.coach.suitability.at_hand", lambda *_: True)
    profile = Profile((), (), equipment=())
    for seed in range(5):
        with pytest.raises(UnsafePlanError, match="at hand"):
            make_plan(profile, checkin(minutes=45), (), content=content(), start=START, seed=seed)


def test_an_exercise_that_was_refused_for_good_is_caught() -> None:
    plan = safe_plan()
    row = ExerciseLog(START - timedelta(days=300), plan.exercises[0].id, done=False, swap=Swap.NEVER)
    breaks(plan, replace(inputs(), exercise_log=(row,)), "refused")


def test_every_avoided_position_and_declined_exercise_is_caught() -> None:
    for exercise in content().exercises:
        avoiding = Profile((), (exercise.position.value,))
        breaks(with_exercise(safe_plan(), planted(exercise)), inputs(avoiding), "avoided")
        declining = Profile((), (), (exercise.id,))
        breaks(with_exercise(safe_plan(), planted(exercise)), inputs(declining), "declined")


def test_unasked_conditions_count_as_all_of_them() -> None:
    profile = Profile(None, ())
    breaks(with_exercise(safe_plan(), planted(content().exercise("curl-up"))), inputs(profile), "osteoporosis")


def test_changed_words_an_unknown_exercise_and_a_jump_in_dose_are_caught() -> None:
    plan = safe_plan()
    changed = replace(plan.exercises[0], caution="Push through the pain.")
    breaks(with_exercise(plan, changed), inputs(), "not shown as the content has it")
    breaks(with_exercise(plan, replace(changed, id="headstand")), inputs(), "not an exercise")
    breaks(with_exercise(plan, planted(content().exercise("bridge"), 2)), inputs(), "least dose")
    breaks(with_exercise(plan, planted(content().exercise("one-leg-bridge"))), inputs(), "least dose")
    before = with_exercise(plan_before(5000, 5000), planted(content().exercise("bridge")))
    jump = with_exercise(plan, planted(content().exercise("one-leg-bridge")))
    breaks(jump, inputs(previous=before), "more than one level")


def test_a_goal_past_any_cap_is_caught() -> None:
    plan = safe_plan()
    days = week_of([9000] * 7)
    previous = plan_before(6000, 5000)
    breaks(with_goal(plan, 6700), inputs(days=days, previous=previous), "more than a cap allows")
    breaks(with_goal(plan, 10_900), inputs(days=days, previous=plan_before(10_000, 8000)), "above the ceiling")
    breaks(with_goal(plan, 6100), inputs(days=days[:3], previous=previous), "3 valid days")
    breaks(with_goal(plan, 6100), inputs(check=checkin(average_pain=8), days=days, previous=previous), "in a flare")
    earlier = checkin(START - timedelta(days=7), average_pain=2)
    breaks(with_goal(plan, 6100), inputs(earlier=earlier, days=days, previous=previous), "in a flare")
    breaks(with_goal(plan, 6100), inputs(check=good_week(felt_worse=True), days=days, previous=previous), "check-in")
    breaks(with_goal(plan, 400), inputs(), "smallest")
    breaks(with_goal(plan, 10_100), inputs(days=days), "first step up")


def test_strength_in_a_flare_an_urgent_sign_and_a_repeated_message_are_caught() -> None:
    plan = safe_plan()
    breaks(plan, inputs(check=checkin(average_pain=9)), "in a flare")
    breaks(plan, inputs(check=checkin(red_flags=("flag_saddle",))), "flag_saddle")
    shown = replace(plan.messages[2], date=START - timedelta(days=25))
    breaks(plan, inputs(history=[shown]), "again on")
    check_plan(plan, inputs(history=[replace(shown, date=START - timedelta(days=26))]), content())
