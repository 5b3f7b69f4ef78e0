"""What every exercise of the library must be, and that there are enough of them for everybody."""

import re
from collections import Counter, defaultdict
from itertools import combinations
from random import Random

import pytest
from coach_weeks import START, checkin, content

from activity.cli.exercises import GROUPS
from activity.coach.content import Equipment, Exercise, Group, Position
from activity.coach.exercises import TRUNKS, plan_session
from activity.coach.plan import WeeklyPlan
from activity.coach.safety import NAMED
from activity.coach.situation import Inputs, read_situation
from activity.coach.week import make_plan
from activity.questionnaires.definition import load_questionnaire
from activity.questionnaires.profile import Profile

EXERCISES = content().exercises
CONDITIONS = [condition.id for condition in content().conditions]
#: How a step that begins an exercise says which position it is in.
BEGINNINGS = {
    Position.LYING_BACK: r"\blie on your back\b",
    Position.LYING_SIDE: r"\blie on (your|the) side\b",
    Position.LYING_FRONT: r"\blie on your front\b",
    Position.HANDS_KNEES: r"\bhands and knees\b",
    Position.KNEELING: r"\b(kneel|hands and knees)\b",
    Position.SITTING: r"\bsit\b",
    Position.STANDING: r"\b(stand|walk|hold on to a chair)\b",
}


def families() -> dict[str, list[Exercise]]:
    found = defaultdict(list)
    for exercise in EXERCISES:
        found[exercise.family].append(exercise)
    return found


def first_plan(profile: Profile, minutes: int = 5, seed: int = 1) -> WeeklyPlan:
    return make_plan(profile, checkin(minutes=minutes), (), content=content(), start=START, seed=seed)


def is_open(plan: WeeklyPlan) -> bool:
    return any(note.rule == "exercise-template-open" for note in plan.notes)


def test_there_are_sixty_exercises_and_several_families_in_every_group() -> None:
    assert len(EXERCISES) >= 60
    assert len({exercise.name for exercise in EXERCISES}) == len(EXERCISES)
    for group in Group:
        of_group = {exercise.family for exercise in EXERCISES if exercise.group is group}
        assert len(of_group) >= 3, group
    assert max(len(levels) for levels in families().values()) == 4


def test_the_command_and_the_profile_know_the_groups_and_the_things() -> None:
    assert tuple(group.value for group in Group) == GROUPS
    question = next(q for q in load_questionnaire("profile").questions if q.id == "equipment")
    assert [option.id for option in question.options] == [thing.value for thing in Equipment]
    assert set(content().rules.exercise_equipment.equipment) <= set(Equipment)
    assert set(content().rules.exercise_unasked.positions) <= set(Position)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_an_exercise_says_in_its_steps_how_it_begins_and_what_it_needs(exercise: Exercise) -> None:
    words = " ".join(exercise.steps).lower()
    assert {thing for thing, pattern in NAMED.items() if re.search(pattern, words)} == set(exercise.equipment)
    assert re.search(BEGINNINGS[exercise.position], " ".join(exercise.steps[:2]).lower())
    assert 3 <= len(exercise.steps) <= 7
    assert len(set(exercise.steps)) == len(exercise.steps)
    assert exercise.caution not in exercise.steps
    assert not re.search(r"\b(never|danger|damage|harm|injur|wear)", f"{words} {exercise.caution.lower()}")
    sided = re.search(r"(change|then change) (sides|legs)( after the set)?\.$", exercise.steps[-1].lower())
    assert not exercise.sided or sided


def test_what_a_flare_allows_asks_for_no_effort() -> None:
    for exercise in EXERCISES:
        if exercise.gentle:
            assert exercise.group in {Group.FLEXIBILITY, Group.PAIN_RELIEF}, exercise.id
            assert not {"straining", "high-effort", "long-hold"} & set(exercise.movements), exercise.id
    assert all(exercise.gentle for exercise in EXERCISES if exercise.group is Group.PAIN_RELIEF)


def test_a_harder_level_of_a_family_never_suits_more_conditions() -> None:
    for levels in families().values():
        for easier, harder in combinations(sorted(levels, key=lambda exercise: exercise.level), 2):
            if easier.position is harder.position:
                assert set(easier.not_for) <= set(harder.not_for), harder.id


def test_who_cannot_lie_down_has_two_levels_of_every_strength_group() -> None:
    upright = {Position.SITTING, Position.STANDING}
    for group in (Group.ABDOMINALS, Group.BACK_EXTENSORS, Group.CORE, Group.HIP):
        levels = {one.level for one in EXERCISES if one.group is group and one.position in upright}
        assert len(levels) >= 2, group
    counts = Counter(one.group for one in EXERCISES if one.position in upright)
    assert min(counts[group] for group in Group) >= 4


def test_every_condition_and_every_pair_has_a_session_of_five_minutes_without_things() -> None:
    for conditions in [(), *((one,) for one in CONDITIONS), *combinations(CONDITIONS, 2)]:
        plan = first_plan(Profile(conditions, ()))
        groups = [planned.group for planned in plan.exercises]
        assert len(groups) == 2, conditions
        assert any(set(groups) >= {group.value for group in trunk} for trunk in TRUNKS), conditions
        assert not is_open(plan), conditions


@pytest.mark.parametrize("minutes", [5, 15, 30, 45])
def test_everything_at_once_still_leaves_a_plan_or_says_so(minutes: int) -> None:
    plan = first_plan(Profile(tuple(CONDITIONS), ()), minutes)
    expected = {5: 2, 15: 3, 30: 5, 45: 7}[minutes]
    assert plan.session_minutes == minutes
    assert (len(plan.exercises) == expected) != is_open(plan)
    assert len(plan.exercises) >= 2


@pytest.mark.parametrize("position", list(Position))
@pytest.mark.parametrize("condition", CONDITIONS)
def test_each_condition_with_each_position_avoided_has_a_plan(condition: str, position: str) -> None:
    plan = first_plan(Profile((condition,), (str(position),)), minutes=15)
    assert (len(plan.exercises) == 3) != is_open(plan)
    if position not in {Position.SITTING, Position.STANDING}:
        assert len(plan.exercises) == 3


def test_who_has_nothing_but_the_floor_gets_a_whole_plan() -> None:
    plan = first_plan(Profile((), (), equipment=()), minutes=15)
    assert len(plan.exercises) == 3
    assert all(not content().exercise(planned.id).equipment for planned in plan.exercises)


def test_every_exercise_of_level_one_or_two_is_drawn_by_some_seed_when_everything_is_at_hand() -> None:
    inputs = Inputs(START, Profile((), (), equipment=tuple(Equipment)), checkin(minutes=45), None, (), None, ())
    situation = read_situation(inputs, content().rules, content().checkin)
    drawn = set()
    for seed in range(120):
        session = plan_session(situation, inputs.profile, None, content(), Random(seed))
        drawn |= {content().exercise(planned.id).family for planned in session.exercises}
    assert drawn == set(families())
