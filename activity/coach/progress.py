"""How an exercise goes on from one week to the next: a dose or a level up or down, by its own ratings first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from activity.coach.content import Content, Exercise
from activity.coach.exercise_log import ExerciseLog, own_verdict
from activity.coach.plan import PlannedExercise, Reason, WeeklyPlan
from activity.coach.rules import Rules, explain
from activity.coach.situation import Situation

_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Pick:
    """An exercise at a rung of its ladder of doses, and why."""

    exercise: Exercise
    dose_step: int
    why: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier weeks say of exercises."""

    plans: tuple[WeeklyPlan, ...] = ()  #: oldest first, last week's included
    log: tuple[ExerciseLog, ...] = ()  #: oldest first

    def last_planned(self, content: Content) -> dict[str, tuple[date, PlannedExercise]]:
        """Return the newest item of each family, with the start of its week."""
        found = {}
        for plan in self.plans:
            for planned in plan.exercises:
                exercise = content.exercise(planned.id)
                if exercise is not None:
                    found[exercise.family] = (plan.start, planned)
        return found

    def week(self, start: date, stop: date) -> list[ExerciseLog]:
        """Return the log of the days ``[start, stop)``."""
        return [row for row in self.log if start <= row.date < stop]


def past_of(
    previous: WeeklyPlan | None, earlier: Iterable[WeeklyPlan], log: Iterable[ExerciseLog], start: date
) -> Past:
    """Return the past of a week; plans from ``start`` on don't count, and a plan that was made anew counts once."""
    plans = {plan.start: plan for plan in (*earlier, *([previous] if previous else [])) if plan.start < start}
    rows = sorted(log, key=lambda row: (row.date, row.exercise))
    return Past(tuple(plans[key] for key in sorted(plans)), tuple(rows))


def went_on(
    planned: PlannedExercise, week: date, *, situation: Situation, past: Past, pool: Sequence[Exercise], rules: Rules
) -> Pick | None:
    """Return how an exercise of the plan that started on ``week`` goes on; None when all its doses are done.

    Last week's go on by its own ratings or else by the check-in; those of earlier weeks by their own ratings, or else
    they come back at the dose they had. An exercise that isn't in the pool any more is None as well.
    """
    exercise = next((known for known in pool if known.id == planned.id), None)
    if exercise is None:
        return None
    step = min(max(planned.dose_step, 0), len(ladder(exercise, rules)) - 1)
    latest = bool(past.plans) and week == past.plans[-1].start
    direction, own = (_of_last_week if latest else _of_earlier)(exercise.id, week, situation, past, rules)
    match direction:
        case -1:
            return easier(
                exercise, step, pool, rules, explain(rules.exercise_regress_own if own else rules.exercise_regress)
            )
        case 1 if step < len(ladder(exercise, rules)) - 1:
            rule = rules.exercise_progress_own if own else rules.exercise_progress
            return Pick(exercise, step + 1, (explain(rule, dose=dose_words(exercise, step + 1, rules)),))
        case 1:
            harder = _level(exercise, 1, pool)
            return None if harder is None else Pick(harder, 0, (explain(rules.exercise_level),))
        case _:
            return Pick(exercise, step, (explain(rules.exercise_keep if latest else rules.exercise_return),))


def easier(exercise: Exercise, step: int, pool: Sequence[Exercise], rules: Rules, why: Reason) -> Pick:
    """Return an exercise one dose down, or the last dose of the level below."""
    below = _level(exercise, -1, pool)
    if step == 0 and below is not None:
        return Pick(below, len(ladder(below, rules)) - 1, (why,))
    return Pick(exercise, max(0, step - 1), (why,))


def dose_words(exercise: Exercise, dose_step: int, rules: Rules) -> str:
    """Return a dose as people read it, e.g. ``2 × 30 s a side``."""
    dose = ladder(exercise, rules)[dose_step]
    return f"{dose} a side" if exercise.sided else dose


def ladder(exercise: Exercise, rules: Rules) -> tuple[str, ...]:
    """Return the doses of an exercise, from the least."""
    ladders = rules.exercise_ladder
    return {
        "strength": ladders.strength,
        "hold": ladders.hold,
        "stretch": ladders.stretch,
        "mobility": ladders.mobility,
        "minutes": ladders.minutes,
    }[exercise.dose.value]


def _of_earlier(name: str, week: date, situation: Situation, past: Past, rules: Rules) -> tuple[int, bool]:
    """Return what ``_of_last_week`` returns for an exercise of a week before that."""
    own = own_verdict(name, past.week(week, week + _WEEK), rules)
    return (0, False) if own is None else (min(own, 0) if situation.holds else own, True)


def _of_last_week(name: str, week: date, situation: Situation, past: Past, rules: Rules) -> tuple[int, bool]:
    """Return 1 to ask for more, -1 for less, 0 for the same, and whether the exercise's own ratings said so."""
    weekly = _weekly(situation, rules)
    if situation.checkin and situation.checkin.felt_worse:
        return -1, False
    rows = past.week(week, situation.start)
    own = own_verdict(name, rows, rules)
    if own is None:
        # Who keeps a log and has no entry of this one hasn't done it, however the rest of the week felt.
        return (min(weekly, 0), False) if any(row.done for row in rows) else (weekly, False)
    if own > 0 and (situation.holds or weekly < 0):
        return 0, True
    return own, True


def _weekly(situation: Situation, rules: Rules) -> int:
    """Return what the check-in says of all exercises of the week; an open answer never asks for more."""
    checkin = situation.checkin
    if checkin is None:
        return 0
    pain = checkin.exercise_pain
    hurt = pain is not None and pain >= rules.exercise_regress.pain_at_least
    if hurt or checkin.exercise_feel == "too-hard" or checkin.felt_worse:
        return -1
    fine = checkin.exercise_feel in {"too-easy", "right"} and pain is not None
    enough = (checkin.sessions_done or 0) >= rules.exercise_progress.needed_sessions
    if fine and enough and not situation.holds and pain is not None and pain <= rules.exercise_progress.pain_at_most:
        return 1
    return 0


def _level(exercise: Exercise, change: int, pool: Sequence[Exercise]) -> Exercise | None:
    wanted = (exercise.family, exercise.level + change)
    return next((other for other in pool if (other.family, other.level) == wanted), None)
