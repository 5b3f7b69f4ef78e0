"""A virtual person's weeks: what they walk, do and answer, given the plan that they were shown."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import exp
from random import Random
from statistics import fmean
from typing import Final

from activity.coach.cases.settings import GoalChange
from activity.coach.plan import WeeklyPlan
from activity.day.summary import DayQuality, DaySummary
from activity.labels import Activity
from activity.questionnaires.checkin import CheckIn
from activity.trial.virtual.people import Person, fit, offer_of, on_scale

DRIFT: Final = -0.08  #: points of pain a week that pass by themselves (most back pain eases in the first months)
EFFECT: Final = 0.9  #: points of pain a week between a plan that fits wholly and one that fits not at all
NOISE: Final = 0.7  #: standard deviation of a week's pain around where it was heading
LOST_DAYS: Final = 0.12  #: share of days on which the band isn't worn enough
URGENT: Final = 0.002  #: share of weeks with an urgent warning sign


@dataclass(frozen=True, slots=True)
class State:
    """Where a person stands at the end of a week; scales as they are felt, before they are rounded to an answer."""

    pain: float
    interference: float
    confidence: float
    steps: float  #: a usual day


def first_state(person: Person) -> State:
    """Return where a person stands at enrolment."""
    return State(person.pain, person.pain, person.confidence, person.usual_steps)


def help_of(person: Person, plan: WeeklyPlan, change: GoalChange | None, seed: int) -> float:
    """Return how far a plan fits what a person needs, from -1 to 1: its goal, exercises and themes count alike."""
    parts = [fit(person.needs, offer_of(f"goal/{change}", seed)) if change else 0.0]
    if plan.exercises:
        parts.append(fmean(fit(person.needs, offer_of(f"exercise/{item.id}", seed)) for item in plan.exercises))
    parts.append(fmean(fit(person.needs, offer_of(f"theme/{item.theme}", seed)) for item in plan.messages))
    return fmean(parts)


def after_a_week(person: Person, state: State, helped: float, rng: Random) -> State:
    """Return where a person stands a week later; ``helped`` is from -1 to 1, or 0 without a plan."""
    pain = on_scale(state.pain + DRIFT - EFFECT * helped + rng.gauss(0.0, NOISE))
    interference = on_scale(0.6 * state.interference + 0.4 * pain + rng.gauss(0.0, 0.5))
    confidence = on_scale(state.confidence + 0.4 * helped + 0.1 * (state.pain - pain) + rng.gauss(0.0, 0.4))
    steps = person.usual_steps + 0.8 * (state.steps - person.usual_steps) + 300.0 * helped
    return State(pain, interference, confidence, max(800.0, steps))


def days_of(person: Person, state: State, plan: WeeklyPlan | None, start: date, rng: Random) -> tuple[DaySummary, ...]:
    """Return seven days from ``start``: people go some of the way towards their goal."""
    aim = state.steps
    if plan is not None:
        aim += 0.6 * person.diligence * (plan.goal.steps_per_day - state.steps)
    return tuple(
        _day(start + timedelta(days=number), aim * exp(rng.gauss(0.0, 0.25)), worn=rng.random() >= LOST_DAYS)
        for number in range(7)
    )


def check_in(person: Person, state: State, plan: WeeklyPlan | None, rng: Random, *, helped: float, on: date) -> CheckIn:
    """Return what a person answers on the day after a week."""
    answers = CheckIn(
        date=on,
        average_pain=round(state.pain),
        worst_pain=min(10, round(state.pain) + rng.randint(0, 2)),
        interference=round(state.interference),
        confidence=round(state.confidence),
        fear=round(on_scale(person.fear + rng.gauss(0.0, 0.7))),
        sleep_trouble=round(on_scale(person.sleep_trouble + rng.gauss(0.0, 0.7))),
        stress=round(on_scale(person.stress + rng.gauss(0.0, 0.7))),
        barriers=("time",) if rng.random() < 0.3 else (),
        red_flags=("flag_fever",) if rng.random() < URGENT else (),
    )
    if plan is None:
        return answers
    willing = min(1.0, max(0.0, person.diligence + 0.25 * helped))
    feeling = helped + rng.gauss(0.0, 0.4)
    return replace(
        answers,
        sessions_done=sum(rng.random() < willing for _ in range(plan.sessions_per_week)),
        exercise_feel="too-hard" if feeling < -0.6 else "too-easy" if feeling > 0.6 else "right",
        exercise_pain=round(on_scale(0.5 * state.pain - helped + rng.gauss(0.0, 0.8))),
        felt_worse=helped < 0.0 and rng.random() < -0.2 * helped,
    )


def _day(when: date, steps: float, *, worn: bool) -> DaySummary:
    wear = 900.0 if worn else 200.0
    return DaySummary(
        date=when,
        zone="UTC",
        length_minutes=1440,
        start_ns=0,
        wear_minutes=wear,
        minutes={Activity.WALKING: steps / 100.0 * wear / 900.0},
        steps=round(steps * wear / 900.0),
        hourly_steps=(None,) * 24,
        peak_1min_spm=None,
        peak_30min_spm=None,
        bouts=0,
        longest_still_minutes=90.0,
        inactivity_breaks=0,
        mean_enmo_mg=None,
        quality=DayQuality(worn, () if worn else ("not worn",), wear, 1440.0 - wear, 0.0),
    )
