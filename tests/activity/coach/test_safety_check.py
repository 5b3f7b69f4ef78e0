"""The check of the finished plan must catch what the filter would have to have missed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from coach_weeks import HEALTHY, START, checkin, checkins, content, good_week, plan_before, week_of
from hypothesis import given

from activity.coach.content import Equipment, Exercise
from activity.coach.exercise_log import ExerciseLog, Swap
from activity.coach.plan import PlannedExercise, WeeklyPlan
from activity.coach.progress import dose_words
from activity.coach.rules import explain
from activity.coach.safety import _is_worse_again, check_own_goal, check_plan
from activity.coach.situation import Inputs, judged_days, read_situation
from activity.coach.week import make_plan
from activity.errors import UnsafePlanError
from activity.questionnaires.checkin import CheckIn
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
        (explain(content().rules.exercise_draw),),
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


WEEK_AGO = START - timedelta(days=7)
WORSE = good_week(felt_worse=True)
WORSE_BEFORE = good_week(WEEK_AGO, felt_worse=True)


def own(plan: WeeklyPlan, **goal: object) -> WeeklyPlan:
    return replace(plan, goal=replace(plan.goal, **goal))


def hurt(days_ago: int, average_pain: int | None) -> CheckIn:
    return good_week(START - timedelta(days=days_ago), average_pain=average_pain)


def worse_plan() -> tuple[WeeklyPlan, Inputs]:
    """A plan that steps down, and what it was made from."""
    before = plan_before(6000, 5000)
    plan = make_plan(
        HEALTHY, WORSE, week_of([6000] * 7), content=content(), start=START, seed=4, previous=before,
        previous_checkin=WORSE_BEFORE,
    )  # fmt: skip
    return plan, inputs(check=WORSE, earlier=WORSE_BEFORE, days=week_of([6000] * 7), previous=before)


def test_a_plan_that_overlooks_a_back_that_gets_worse_is_caught() -> None:
    plan, given = worse_plan()
    check_plan(plan, given, content())
    assert (plan.goal.change, plan.goal.steps_per_day) == ("worse", 5400)
    breaks(own(plan, steps_per_day=6000), given, "stays at 6000")
    breaks(own(plan, steps_per_day=6100), given, "rises from 6000 to 6100")
    breaks(replace(plan, possible_adverse_events=()), given, "possible adverse event")
    breaks(replace(plan, notes=()), given, "no advice to see a clinician")
    breaks(with_exercise(plan, planted(content().exercise("bridge"))), given, "although the back gets worse")
    again = replace(given, previous=replace(plan_before(6000, 5000), start=START - timedelta(days=3)))
    breaks(own(plan, steps_per_day=6000), again, "stays at 6000")
    stepped = replace(again, previous=own(again.previous, change="worse"))
    check_plan(own(plan, steps_per_day=6000, least_steps=5000, most_steps=6000), stepped, content())
    check_plan(plan, replace(given, previous=None), content())


@pytest.mark.parametrize(
    ("now", "before", "third", "worse"),
    [
        (WORSE, WORSE_BEFORE, None, True),
        (WORSE, None, None, False),
        (hurt(0, 5), hurt(7, 4), hurt(14, 3), True),
        (hurt(0, 5), hurt(7, 4), None, False),
        (hurt(0, 5), hurt(7, 4), hurt(14, 4), False),
        (hurt(0, 5), hurt(7, 4), hurt(22, 3), False),
        (WORSE, good_week(START - timedelta(days=2), felt_worse=True), None, False),
        (WORSE, hurt(2, 4), WORSE_BEFORE, True),
        (WORSE, good_week(START - timedelta(days=15), felt_worse=True), None, False),
        (good_week(START - timedelta(days=15), felt_worse=True), WORSE_BEFORE, None, False),
        (hurt(0, None), WORSE_BEFORE, good_week(START - timedelta(days=14), felt_worse=True), True),
        (good_week(average_pain=None, felt_worse=False), WORSE_BEFORE, None, False),
    ],
)
def test_the_check_and_the_coach_see_the_same_weeks_as_worse(now, before, third, worse) -> None:
    earlier = (third,) if third else ()
    given = replace(inputs(check=now, earlier=before), earlier_checkins=earlier)
    assert _is_worse_again(given, content()) == worse
    assert read_situation(given, content().rules, content().checkin).worse_again == worse


@given(checkins, checkins, checkins)
def test_whatever_was_answered_the_check_and_the_coach_agree_on_a_worse_back(now, before, third) -> None:
    given = replace(inputs(check=now, earlier=before), earlier_checkins=(third,))
    assert _is_worse_again(given, content()) == read_situation(given, content().rules, content().checkin).worse_again


def test_no_checkin_or_an_old_one_allows_nothing_more() -> None:
    plan, days, previous = safe_plan(), week_of([9000] * 7), plan_before(6000, 5000)
    for known in (
        replace(inputs(days=days, previous=previous), checkin=None),
        inputs(check=good_week(START - timedelta(days=15)), days=days, previous=previous),
        inputs(days=days, previous=replace(previous, start=START - timedelta(days=3))),
        inputs(days=days, previous=replace(previous, start=START - timedelta(days=15))),
        inputs(check=good_week(red_flags=("flag_leg_pain",)), days=days, previous=previous),
    ):
        breaks(with_goal(plan, 6100), known, "rises from 6000 to 6100")
    trunk = previous.exercises[0]
    up = with_exercise(plan, replace(planted(content().exercise(trunk.id), 1)))
    breaks(up, inputs(check=checkin(felt_worse=True), previous=previous), "goes up without a check-in")


def test_no_goal_rises_on_pain_that_rose_two_weeks_running() -> None:
    known = inputs(check=hurt(0, 5), earlier=hurt(7, 4), days=week_of([9000] * 7), previous=plan_before(6000, 5000))
    known = replace(known, earlier_checkins=(hurt(14, 3),))
    breaks(with_goal(safe_plan(), 6100), known, "rises from 6000 to 6100 although the back gets worse")


def test_a_provisional_goal_may_give_way_to_one_that_is_higher_by_more_than_a_week_allows() -> None:
    days, before = week_of([8000] * 7), plan_before(5000, None, provisional=True)
    plan = make_plan(HEALTHY, good_week(), days, content=content(), start=START, seed=4, previous=before)
    assert plan.goal.steps_per_day == 8800
    check_plan(plan, inputs(check=good_week(), days=days, previous=before), content())


def test_an_easier_exercise_that_no_longer_suits_may_give_way_to_the_next_but_not_otherwise() -> None:
    easy, hard = (next(e for e in content().exercises if (e.family, e.level) == ("bridge", n)) for n in (1, 2))
    before = with_exercise(plan_before(5000, 5000), planted(easy))
    plan, check = with_exercise(safe_plan(), planted(hard)), checkin(felt_worse=True)
    breaks(plan, inputs(check=check, previous=before), "goes up without a check-in")
    declined = Profile((), (), (easy.id,))
    check_plan(plan, inputs(declined, check=check, previous=before), content())
    unknown = with_exercise(before, replace(planted(easy), id="of-an-older-content"))
    check_plan(plan, inputs(check=check, previous=unknown), content())


def test_a_position_that_was_not_asked_about_is_caught() -> None:
    breaks(
        with_exercise(safe_plan(), planted(content().exercise("bridge"))), inputs(Profile((), None)), "not asked about"
    )


def test_a_jump_of_two_doses_is_caught() -> None:
    before = with_exercise(plan_before(5000, 5000), planted(content().exercise("bridge")))
    breaks(
        with_exercise(safe_plan(), planted(content().exercise("bridge"), 2)), inputs(previous=before), "than one dose"
    )


def test_bounds_of_the_own_goal_that_are_too_wide_are_caught() -> None:
    days, previous = week_of([6000] * 7), plan_before(6000, 5000)
    plan = make_plan(HEALTHY, good_week(), days, content=content(), start=START, seed=4, previous=previous)
    given = inputs(check=good_week(), days=days, previous=previous)
    check_plan(plan, given, content())
    assert (plan.goal.steps_per_day, plan.goal.least_steps, plan.goal.most_steps) == (6600, 5300, 7900)
    for goal, word in (
        ({"proposed_steps": 6000}, "already has"),
        ({"least_steps": None}, "outside"),
        ({"most_steps": 6500}, "outside"),
        ({"least_steps": 5200}, "down to 5200"),
        ({"most_steps": 8000}, "more than 20 % more"),
    ):
        breaks(own(plan, **goal), given, word)
    breaks(
        own(plan, steps_per_day=6000),
        inputs(days=days, previous=previous, check=good_week(felt_worse=True)),
        "up to 7900",
    )
    high = own(plan, steps_per_day=9000, most_steps=10_100, least_steps=7200)
    breaks(
        high, inputs(check=good_week(), days=days, previous=plan_before(9000, 5000)), "up to 10100, above the ceiling"
    )


def test_a_sign_without_advice_an_uncleared_one_and_a_plan_that_is_not_whole_are_caught() -> None:
    plan = safe_plan()
    soon = checkin(red_flags=("flag_leg_pain",))
    breaks(plan, inputs(check=soon), "no advice")
    gentle = make_plan(HEALTHY, soon, (), content=content(), start=START, seed=4)
    relief_last = replace(gentle, exercises=gentle.exercises[::-1])
    assert relief_last.exercises[0].group != "pain relief"
    breaks(relief_last, inputs(check=soon), "does not come first with a warning sign")
    breaks(with_exercise(gentle, planted(content().exercise("bridge"))), inputs(check=soon), "with a warning sign")
    urgent = checkin(WEEK_AGO, red_flags=("flag_saddle",))
    breaks(plan, inputs(earlier=urgent), "flag_saddle on")
    breaks(plan, replace(inputs(earlier=urgent), cleared=WEEK_AGO - timedelta(days=1)), "flag_saddle on")
    check_plan(plan, replace(inputs(earlier=urgent), cleared=WEEK_AGO), content())
    check_plan(plan, replace(inputs(), checkin=None), content())
    breaks(replace(plan, sessions_per_week=7), inputs(), "no easy day")
    breaks(replace(plan, content_version="another"), inputs(), "other rules")
    breaks(replace(plan, messages=(replace(plan.messages[0], text="You will be fine."),)), inputs(), "not shown as")
    breaks(replace(plan, messages=(replace(plan.messages[0], id="unheard-of"),)), inputs(), "not shown as")
    breaks(own(plan, reasons=()), inputs(), "nothing of why")


def test_an_own_goal_that_may_not_be_is_caught() -> None:
    plan = own(safe_plan(), steps_per_day=6000, provisional=False, baseline_steps=5000, reasons=(), least_steps=4800,
               most_steps=7200)  # fmt: skip

    def wrong(changed: WeeklyPlan, word: str, before: WeeklyPlan = plan) -> None:
        with pytest.raises(UnsafePlanError, match=word):
            check_own_goal(before, changed, content())

    quiet = replace(plan, notes=())
    check_own_goal(quiet, own(quiet, steps_per_day=7200, proposed_steps=6000), content())
    wrong(own(quiet, steps_per_day=7300, proposed_steps=6000), "more than 20 %", quiet)
    wrong(own(quiet, steps_per_day=7200), "not remembered", quiet)
    wrong(own(replace(quiet, seed=5), steps_per_day=6100, proposed_steps=6000), "more than the goal", quiet)
    high = own(quiet, steps_per_day=9900)
    wrong(own(high, steps_per_day=10_100, proposed_steps=9900), "outside of the bounds", high)
    flare = own(quiet, reasons=(explain(content().rules.goal_flare_again),))
    wrong(own(flare, steps_per_day=6100, proposed_steps=6000), "in which nothing does", flare)
    wrong(own(own(quiet, provisional=True), steps_per_day=6100, proposed_steps=6000), "nothing does",
          own(quiet, provisional=True))  # fmt: skip
