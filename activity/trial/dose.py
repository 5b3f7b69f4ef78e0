"""How much somebody used what they were given in the first weeks after randomisation: counts, and a class of use.

A comparison by use isn't a randomised one: whoever uses more differs in other ways, too. Missing is None, never zero:
days without enough wear are no days on which a goal was missed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from activity.trial.protocol import Dose as Bounds

WEEK = timedelta(days=7)
#: What is counted of somebody's use, by the names of `Dose`, with what it is called in a table.
USED: Final = {
    "plans": "Weekly plans",
    "band_days": "Days with the band, worn enough to judge",
    "goal_days": "Days on which the step goal was met",
    "exercise_days": "Days with exercises",
    "exercises": "Exercises done",
    "messages": "Messages seen",
    "quizzes": "Quizzes answered",
}


class Use(StrEnum):
    """How much was used, by weekly plans made."""

    NONE = "none"
    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class WeekWorn:
    """What a week's plan knew of the seven days before it."""

    start: date  #: of the plan
    judged_days: int  #: days with enough wear to judge
    goal_met_percent: int | None  #: of those; None where there was no goal yet


@dataclass(frozen=True, slots=True)
class Traces:
    """What somebody left in the store, each with its day."""

    plans: tuple[date, ...] = ()  #: starts
    weeks: tuple[WeekWorn, ...] = ()
    exercises: tuple[date, ...] = ()  #: one an exercise that was done
    messages: tuple[date, ...] = ()  #: shown
    quizzes: tuple[date, ...] = ()  #: answered


@dataclass(frozen=True, slots=True)
class Dose:
    """What came of it from randomisation up to a day, or to the end of the weeks that count."""

    weeks: int  #: whole weeks that have passed, at most those that count
    plans: int
    use: Use
    band_days: int
    band_weeks: int  #: with enough band days
    goal_days: int | None  #: on which the goal was met; None where none was judged
    goal_judged_days: int
    exercises: int
    exercise_days: int
    messages: int
    quizzes: int


def dose(bounds: Bounds, randomised: date, traces: Traces, today: date) -> Dose:
    """Return what was used in ``[randomised, randomised + weeks)``, as far as it has passed."""
    stop = min(randomised + bounds.weeks * WEEK, today + timedelta(days=1))
    plans = len({day for day in traces.plans if randomised <= day < stop})
    worn = _apart([one for one in traces.weeks if randomised <= one.start - WEEK and one.start <= stop])
    judged = [one for one in worn if one.goal_met_percent is not None and one.judged_days]
    met = [round(one.judged_days * (one.goal_met_percent or 0) / 100) for one in judged]
    exercises = _within(traces.exercises, randomised, stop)
    return Dose(
        weeks=max((stop - randomised) // WEEK, 0),
        plans=plans,
        use=_use(bounds, plans),
        band_days=sum(one.judged_days for one in worn),
        band_weeks=sum(one.judged_days >= bounds.band_days_a_week for one in worn),
        goal_days=sum(met) if judged else None,
        goal_judged_days=sum(one.judged_days for one in judged),
        exercises=len(exercises),
        exercise_days=len(set(exercises)),
        messages=len(_within(traces.messages, randomised, stop)),
        quizzes=len(_within(traces.quizzes, randomised, stop)),
    )


def _use(bounds: Bounds, plans: int) -> Use:
    classes = ((bounds.high_plans, Use.HIGH), (bounds.moderate_plans, Use.MODERATE), (1, Use.LOW))
    return next((use for least, use in classes if plans >= least), Use.NONE)


def _apart(weeks: Iterable[WeekWorn]) -> list[WeekWorn]:
    """Return weeks that share no day: a plan that was made anew in the middle of one looks back on the same days."""
    found: list[WeekWorn] = []
    for one in sorted(weeks, key=lambda one: one.start):
        if not found or one.start - found[-1].start >= WEEK:
            found.append(one)
    return found


def _within(days: Iterable[date], start: date, stop: date) -> list[date]:
    return [day for day in days if start <= day < stop]
