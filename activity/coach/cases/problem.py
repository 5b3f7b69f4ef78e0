"""What a case remembers of a week: what it was like before the plan, what the plan asked for, and how it went."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from statistics import fmean

from activity.coach.cases.case import (
    Adherence,
    Case,
    CaseExercise,
    CasePlan,
    Dynamic,
    Editor,
    GoalEdit,
    Movement,
    Outcome,
    Problem,
    Provenance,
    Static,
)
from activity.coach.cases.retain import judged
from activity.coach.cases.settings import Retain
from activity.coach.plan import WeeklyPlan
from activity.coach.situation import Inputs
from activity.day.summary import DaySummary
from activity.labels import Activity
from activity.questionnaires.checkin import CheckIn

WEEK = timedelta(days=7)
_ON_FOOT = (Activity.WALKING, Activity.RUNNING, Activity.STAIRS)


def problem_of(inputs: Inputs) -> Problem:
    """Return what is known at the start of a week; days and answers that are older than it by two weeks don't count."""
    checkin = inputs.checkin
    if checkin is not None and inputs.start - checkin.date > 2 * WEEK:
        checkin = None
    week = [day for day in inputs.days if inputs.start - WEEK <= day.date < inputs.start]
    return Problem(
        start=inputs.start,
        static=Static(inputs.profile.conditions, inputs.profile.avoid_positions),
        dynamic=_dynamic(checkin),
        movement=_movement(week),
        adherence=_adherence(checkin, inputs.previous, week),
    )


def remembered(plan: WeeklyPlan, goal_before: int | None) -> CasePlan:
    """Return a plan without its words; ``goal_before`` is last week's goal, or the usual day before a first one."""
    exercises = tuple(CaseExercise(planned.id, planned.group, planned.level) for planned in plan.exercises)
    return CasePlan(
        goal_steps=plan.goal.proposed_steps or plan.goal.steps_per_day,
        goal_before=goal_before or plan.goal.baseline_steps,
        exercises=exercises,
        sessions_per_week=plan.sessions_per_week,
        session_minutes=plan.session_minutes,
        themes=tuple(dict.fromkeys(message.theme for message in plan.messages)),
        content_version=plan.content_version,
    )


def case_of(inputs: Inputs, plan: WeeklyPlan, person: str, provenance: Provenance, *, consent: bool) -> Case:
    """Return the case of a week that begins: what was known of it and its plan, with no outcome yet."""
    before = inputs.previous.goal.steps_per_day if inputs.previous else None
    return Case(
        id=f"{person}-{plan.start}",
        person=person,
        problem=problem_of(inputs),
        plan=remembered(plan, before),
        provenance=provenance,
        consent=consent,
    )


def judged_week(
    case: Case, shown: WeeklyPlan | None, checkin: CheckIn, days: Sequence[DaySummary], rule: Retain
) -> Case:
    """Return a week with how it went, by the plan as it was last shown; as it was where the check-in can't judge it."""
    start = case.problem.start
    goal = case.plan.goal_steps
    edits = case.edits
    if shown is not None and shown.start == start and shown.goal.steps_per_day != goal:
        goal = shown.goal.steps_per_day
        edits = (*edits, GoalEdit(Editor.PERSON, start, goal))
    outcome = outcome_of(start, goal, checkin, days, rule)
    return judged(replace(case, edits=edits), outcome) if outcome else case


def outcome_of(
    start: date, goal_steps: int, checkin: CheckIn, days: Sequence[DaySummary], rule: Retain
) -> Outcome | None:
    """Return how the week from ``start`` went by the check-in after it; None if that came too early or too late.

    Days are judged ones, in any order; those outside of the week are not looked at.
    """
    if not rule.outcome_from_days <= (checkin.date - start).days <= rule.outcome_to_days:
        return None
    week = [day for day in days if start <= day.date < min(start + WEEK, checkin.date)]
    return Outcome(
        on=checkin.date,
        average_pain=checkin.average_pain,
        interference=checkin.interference,
        confidence=checkin.confidence,
        goal_met_percent=_met_percent(week, goal_steps),
        steps_per_day=_movement(week).steps_per_day,
        sessions_done=checkin.sessions_done,
        felt_worse=checkin.felt_worse,
        warning_sign=bool(checkin.red_flags),
    )


def _dynamic(checkin: CheckIn | None) -> Dynamic:
    if checkin is None:
        return Dynamic()
    return Dynamic(**{name: getattr(checkin, name) for name in Dynamic.__slots__})


def _movement(week: Sequence[DaySummary]) -> Movement:
    steps = [day.steps for day in week if day.steps is not None]
    if not steps:
        return Movement()
    return Movement(
        judged_days=len(steps),
        steps_per_day=fmean(steps),
        walking_minutes=fmean(sum(day.minutes.get(kind, 0.0) for kind in _ON_FOOT) for day in week),
        longest_still_minutes=fmean(day.longest_still_minutes for day in week),
    )


def _adherence(checkin: CheckIn | None, previous: WeeklyPlan | None, week: Sequence[DaySummary]) -> Adherence:
    if previous is None:
        return Adherence()
    since = [day for day in week if day.date >= previous.start]
    met = _met_percent(since, previous.goal.steps_per_day)
    if checkin is None:
        return Adherence(goal_met_percent=met)
    return Adherence(
        goal_met_percent=met,
        sessions_done=checkin.sessions_done,
        exercise_feel=checkin.exercise_feel,
        exercise_pain=checkin.exercise_pain,
        felt_worse=checkin.felt_worse,
    )


def _met_percent(days: Sequence[DaySummary], goal_steps: int) -> int | None:
    steps = [day.steps for day in days if day.steps is not None]
    return 100 * sum(count >= goal_steps for count in steps) // len(steps) if steps else None
