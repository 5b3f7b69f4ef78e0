"""How exercises go on: by their own ratings, one step a week, with swaps remembered and no dull weeks."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from coach_weeks import (
    HEALTHY,
    START,
    checkin,
    checkins,
    content,
    good_week,
    logs,
    plan_before,
    profiles,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from activity.coach.content import Equipment, Exercise, Group
from activity.coach.exercise_log import (
    ExerciseLog,
    Rating,
    Swap,
    load_exercise_log,
    never_again,
    not_liked,
    own_verdict,
)
from activity.coach.plan import PlannedExercise, WeeklyPlan
from activity.coach.progress import dose_words
from activity.coach.week import make_plan
from activity.errors import AnswerError
from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.profile import Profile

RULES = content().rules
BEFORE = plan_before(6000, 5000)
ALL_THINGS = replace(HEALTHY, equipment=tuple(Equipment))


def exercise(name: str) -> Exercise:
    found = content().exercise(name)
    assert found is not None
    return found


def row(name: str, ago: int = 2, **said: object) -> ExerciseLog:
    return ExerciseLog(**{"date": START - timedelta(days=ago), "exercise": name, "done": True, **said})  # type: ignore[arg-type]


def fine(name: str, *ago: int) -> list[ExerciseLog]:
    return [row(name, days, rating=Rating.RIGHT, pain=2) for days in ago]


def planned(name: str, dose_step: int = 0) -> PlannedExercise:
    one = exercise(name)
    return PlannedExercise(
        one.id, one.name, one.group.value, one.level, dose_words(one, dose_step, RULES), one.steps, one.caution, (),
        dose_step,
    )  # fmt: skip


def with_exercises(*items: PlannedExercise, start: date = START - timedelta(days=7)) -> WeeklyPlan:
    return replace(BEFORE, start=start, exercises=items)


def plan(profile: Profile = HEALTHY, check: CheckIn | None = None, start: date = START, **more: object) -> WeeklyPlan:
    given = {"previous": BEFORE, "seed": 1, "content": content(), **more}
    return make_plan(profile, check or good_week(start), (), start=start, **given)  # type: ignore[arg-type]


def item(made: WeeklyPlan, family: str) -> PlannedExercise | None:
    return next((one for one in made.exercises if exercise(one.id).family == family), None)


TRUNK = BEFORE.exercises[0]
FAMILY = exercise(TRUNK.id).family


def test_an_exercise_goes_up_by_its_own_two_good_ratings_and_says_so() -> None:
    quiet = good_week(exercise_feel=None, exercise_pain=None, sessions_done=None)
    after = item(plan(check=quiet, exercise_log=fine(TRUNK.id, 5, 3)), FAMILY)
    assert after is not None
    assert after.dose_step == TRUNK.dose_step + 1
    assert "exercise-progress-own" in {reason.rule for reason in after.reasons}
    others = [one for one in plan(check=quiet, exercise_log=fine(TRUNK.id, 5, 3)).exercises if one.id != TRUNK.id]
    assert {one.dose_step for one in others} <= {0}


@pytest.mark.parametrize(
    "rows",
    [
        fine(TRUNK.id, 3),
        [*fine(TRUNK.id, 5, 4), row(TRUNK.id, 2, rating=Rating.TOO_HARD, pain=2)],
        [*fine(TRUNK.id, 5), row(TRUNK.id, 3, rating=Rating.RIGHT, pain=5)],
        [*fine(TRUNK.id, 5), row(TRUNK.id, 3, rating=Rating.RIGHT)],
        [*fine(TRUNK.id, 5), row(TRUNK.id, 3, pain=0)],
        [*fine(TRUNK.id, 5), row(TRUNK.id, 3, rating=Rating.RIGHT, pain=1, done=False)],
        fine(TRUNK.id, 8, 9, 10),
        fine(TRUNK.id, 0, -1),
        fine("calm-breathing", 3, 4),
    ],
    ids=["once", "then-hard", "pain", "no-pain-said", "no-rating", "not-done", "week-before", "after", "other-one"],
)
def test_less_than_two_good_ratings_of_its_own_week_never_raise_whatever_the_week_felt_like(rows) -> None:
    made = plan(exercise_log=[*rows, *fine("calm-breathing", 2)])
    after = item(made, FAMILY)
    assert after is not None
    assert (after.level, after.dose_step) == (TRUNK.level, TRUNK.dose_step)


def test_own_pain_or_two_hard_ratings_take_one_dose_back_though_the_week_felt_right() -> None:
    previous = with_exercises(planned(TRUNK.id, 1), *BEFORE.exercises[1:])
    for rows in (
        [row(TRUNK.id, 3, rating=Rating.RIGHT, pain=6)],
        [row(TRUNK.id, days, rating=Rating.TOO_HARD, pain=0) for days in (5, 3)],
    ):
        after = item(plan(previous=previous, exercise_log=rows), FAMILY)
        assert after is not None
        assert after.dose_step == 0
        assert "exercise-regress-own" in {reason.rule for reason in after.reasons}


@pytest.mark.parametrize(
    "answers",
    [{"felt_worse": True}, {"red_flags": None}, {"average_pain": None}, {"exercise_feel": "too-hard"}],
)
def test_good_ratings_raise_nothing_against_the_answers_of_the_week(answers) -> None:
    after = item(plan(check=good_week(**answers), exercise_log=fine(TRUNK.id, 5, 3)), FAMILY)
    assert after is None or after.dose_step <= TRUNK.dose_step


@settings(deadline=None)
@given(profiles, checkins, logs, logs, st.integers(0, 1000))
def test_no_log_ever_raises_more_than_one_step_or_brings_back_what_was_refused(profile, check, log, more, seed) -> None:
    # ``make_plan`` checks its plan by other means; what is asserted here is worked out a third time.
    plans: list[WeeklyPlan] = []
    for number, rows in enumerate((log, more)):
        start = START + timedelta(days=7 * number)
        made = make_plan(
            profile,
            replace(check, date=start, red_flags=check.red_flags or ()),
            (),
            content=content(),
            start=start,
            seed=seed,
            previous=plans[-1] if plans else None,
            plan_history=plans,
            exercise_log=rows,
        )
        refused = {one.exercise for one in rows if one.swap is Swap.NEVER}
        assert not refused & {one.id for one in made.exercises}
        things = {"chair", "wall"} if profile.equipment is None else set(profile.equipment)
        assert all(set(exercise(one.id).equipment) <= things for one in made.exercises)
        if plans:
            old = {exercise(one.id).family: one for one in plans[-1].exercises}
            for one in made.exercises:
                last = old.get(exercise(one.id).family)
                if last is not None and one.level == last.level:
                    assert one.dose_step <= last.dose_step + 1
                elif last is not None and one.level > last.level:
                    assert (one.level, one.dose_step) == (last.level + 1, 0)
        plans.append(made)


def test_swapped_away_twice_in_four_weeks_comes_last_and_once_does_not_count() -> None:
    twice = [row(TRUNK.id, ago, done=False, swap=Swap.AWAY) for ago in (2, 20)]
    made = plan(check=checkin(), exercise_log=twice)
    assert TRUNK.id not in {one.id for one in made.exercises}
    instead = next(one for one in made.exercises if one.group == TRUNK.group)
    assert any(reason.rule == "exercise-swap" and TRUNK.name in reason.text for reason in instead.reasons)
    for rows in (twice[:1], [row(TRUNK.id, ago, done=False, swap=Swap.AWAY) for ago in (2, 29)]):
        assert TRUNK.id in {one.id for one in plan(check=checkin(), exercise_log=rows).exercises}


def test_what_is_not_liked_still_comes_where_nothing_else_is_left() -> None:
    relief = [one.id for one in content().exercises if one.group is Group.PAIN_RELIEF]
    rows = [row(name, ago, done=False, swap=Swap.AWAY) for name in relief[1:] for ago in (2, 3)]
    all_away = [*rows, *(row(relief[0], ago, done=False, swap=Swap.AWAY) for ago in (2, 3))]
    flare = checkin(average_pain=9)
    assert plan(ALL_THINGS, flare, exercise_log=rows).exercises[0].id == relief[0]
    assert plan(ALL_THINGS, flare, exercise_log=all_away).exercises[0].group == "pain relief"


def test_never_is_kept_for_ever_and_outlives_the_profile() -> None:
    names = [one.id for one in content().exercises if one.group is Group.CORE]
    rows = [row(name, 400, done=False, swap=Swap.NEVER) for name in names]
    for seed in range(8):
        made = plan(ALL_THINGS, seed=seed, previous=None, exercise_log=rows)
        assert not set(names) & {one.id for one in made.exercises}


def test_flexibility_and_relief_do_not_repeat_until_their_group_is_used_up() -> None:
    plans: list[WeeklyPlan] = []
    for number in range(16):
        start = START + timedelta(days=7 * number)
        previous = plans[-1] if plans else None
        plans.append(
            plan(ALL_THINGS, checkin(start, minutes=30), start, seed=5, previous=previous, plan_history=plans[:-1])
        )
    for group in (Group.FLEXIBILITY, Group.PAIN_RELIEF):
        families = {one.family for one in content().exercises if one.group is group}
        shown = [exercise(one.id).family for made in plans for one in made.exercises if one.group == group.value]
        assert len(shown) >= len(families) // 2
        for begin in range(0, len(shown), len(families)):
            lap = shown[begin : begin + len(families)]
            assert len(set(lap)) == len(lap)


def test_flexibility_climbs_by_its_own_ratings_when_its_turn_comes_again() -> None:
    last = START - timedelta(days=28)
    old = with_exercises(planned("hamstring-sit", 2), start=last)
    rows = [replace(one, date=last + timedelta(days=number)) for number, one in enumerate(fine("hamstring-sit", 0, 0))]
    others = [
        row(one.id, 3, done=False, swap=Swap.NEVER)
        for one in content().exercises
        if one.group is Group.FLEXIBILITY and one.family != "hamstring"
    ]
    week = good_week(minutes=30)
    climbed = item(plan(ALL_THINGS, week, plan_history=[old], exercise_log=[*rows, *others]), "hamstring")
    assert climbed is not None
    assert (climbed.level, climbed.dose_step) == (2, 0)
    stayed = item(plan(ALL_THINGS, week, plan_history=[old], exercise_log=others), "hamstring")
    assert stayed is not None
    assert (stayed.level, stayed.dose_step) == (1, 2)
    forgotten = with_exercises(planned("hamstring-sit", 2), start=START - timedelta(days=91))
    fresh = item(plan(ALL_THINGS, week, plan_history=[forgotten], exercise_log=others), "hamstring")
    assert fresh is not None
    assert (fresh.level, fresh.dose_step) == (1, 0)


def test_strength_comes_back_after_a_flare_one_dose_lower_and_not_after_a_month() -> None:
    strong = with_exercises(planned("seated-brace", 2), planned("bridge", 1), planned("knee-rolls"))
    flare = plan(check=checkin(average_pain=9), previous=strong)
    assert item(flare, "brace") is None
    for weeks, expected in ((1, 1), (5, 0)):
        start = START + timedelta(days=7 * weeks)
        again = plan(check=checkin(start), start=start, previous=replace(flare, start=start - timedelta(days=7)),
                     plan_history=[strong])  # fmt: skip
        back = item(again, "brace")
        assert (0 if back is None else back.dose_step) == expected
    assert any(one.reasons[-1].rule == "exercise-return" for one in plan(
        check=checkin(START + timedelta(days=7)), start=START + timedelta(days=7), previous=flare,
        plan_history=[strong]).exercises)  # fmt: skip


@given(logs, st.randoms())
def test_the_order_of_a_log_and_of_plans_does_not_matter(log, luck) -> None:
    history = [with_exercises(planned("bridge", 1), start=START - timedelta(days=7 * week)) for week in (2, 3)]
    mixed, turned = list(log), list(history)
    luck.shuffle(mixed)
    luck.shuffle(turned)
    assert plan(exercise_log=log, plan_history=history) == plan(exercise_log=mixed, plan_history=turned)


@given(logs)
def test_a_log_survives_its_document(log) -> None:
    rows = [
        {"date": one.date.isoformat(), "exercise": one.exercise, "done": one.done, "rating": one.rating,
         "pain": one.pain, "swap": one.swap} for one in log
    ]  # fmt: skip
    assert sorted(load_exercise_log(rows), key=repr) == sorted(log, key=repr)


@pytest.mark.parametrize(
    ("said", "word"),
    [({"pain": 11}, "pain"), ({"rating": "awful"}, "rating"), ({"date": "soon"}, "date"), ({"swap": "later"}, "swap")],
)
def test_a_row_that_cannot_be_is_named(said, word) -> None:
    with pytest.raises(AnswerError, match=word):
        load_exercise_log([{"date": "2026-03-01", "exercise": "bridge", "done": True, **said}])


def test_verdicts_and_swaps_of_an_empty_log_say_nothing() -> None:
    assert own_verdict("bridge", [], RULES) is None
    assert not_liked([], START, RULES) == never_again([]) == frozenset()
