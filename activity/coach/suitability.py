"""Which exercises may be offered to a person: by health, by position, by what they said no to, by what is at hand."""

from collections.abc import Container
from dataclasses import dataclass

from activity.coach.content import Exercise
from activity.coach.plan import Reason
from activity.coach.rules import Rules, explain
from activity.questionnaires.profile import Profile


@dataclass(frozen=True, slots=True)
class Pool:
    """What may be offered, in the order of the content, and why it isn't more."""

    exercises: tuple[Exercise, ...]
    notes: tuple[Reason, ...]


def suitable(exercises: tuple[Exercise, ...], profile: Profile, never: Container[str], rules: Rules) -> Pool:
    """Return the exercises that suit a person; ``never`` are ids that they said no to."""
    wanted = [exercise for exercise in exercises if exercise.id not in never and suits(exercise, profile, rules)]
    fit = tuple(exercise for exercise in wanted if at_hand(exercise, profile, rules))
    notes = []
    if profile.conditions is None or profile.avoid_positions is None:
        notes.append(explain(rules.exercise_unasked))
    elif len(wanted) < len(exercises):
        notes.append(explain(rules.exercise_left_out, count=len(exercises) - len(wanted)))
    if profile.equipment is None:
        notes.append(explain(rules.exercise_equipment))
    return Pool(fit, tuple(notes))


def suits(exercise: Exercise, profile: Profile, rules: Rules) -> bool:
    """Return whether an exercise may be offered; what wasn't asked is taken as what could be."""
    if exercise.id in profile.declined_exercises:
        return False
    if profile.conditions is None:
        if exercise.not_for:
            return False
    elif not set(exercise.not_for).isdisjoint(profile.conditions):
        return False
    if profile.avoid_positions is None:
        return exercise.position in rules.exercise_unasked.positions
    return exercise.position not in profile.avoid_positions


def at_hand(exercise: Exercise, profile: Profile, rules: Rules) -> bool:
    """Return whether a person has what an exercise needs."""
    there = rules.exercise_equipment.equipment if profile.equipment is None else profile.equipment
    return set(exercise.equipment) <= set(there)
