"""A week of somebody: planned from what is kept of them, kept as it will be shown, and judged by the next one."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from activity.coach.cases.base import CaseBase, case_base
from activity.coach.cases.case import Case, Provenance
from activity.coach.cases.problem import case_of, judged_week
from activity.coach.cases.reuse import CaseAdvisor
from activity.coach.cases.settings import Settings, load_settings
from activity.coach.content import Content, load_content
from activity.coach.currency import Activities, WalkedDay, activity_week, load_activities
from activity.coach.gate import pass_enrolment, pass_gate
from activity.coach.own_goal import GoalWish, with_own_goal
from activity.coach.plan import WeeklyPlan
from activity.coach.plan_document import plan_to_document
from activity.coach.situation import Inputs, judged_days
from activity.coach.week import make_plan
from activity.day.summary import DaySummary
from activity.errors import AnswerError, CaseError, TrialError
from activity.questionnaires.definition import Questionnaire, load_questionnaire
from activity.store.allocation import allocation
from activity.store.engine import Store
from activity.store.history import History, history, plan_of
from activity.store.learning import learnt_cases, open_case, write_case
from activity.store.participants import Participant, keep_plan, keep_possible_events
from activity.store.study import check_unchanged, study
from activity.store.writing import utc_now, writing
from activity.trial.pins import pins


@dataclass(frozen=True, slots=True)
class Coach:
    """What every plan is made with, read once."""

    content: Content
    settings: Settings
    eligibility: Questionnaire
    activities: Activities


@dataclass(frozen=True, slots=True)
class Made:
    """A plan, and what is to be said about how it came about."""

    plan: WeeklyPlan
    notes: tuple[str, ...]


def load_coach() -> Coach:
    """Return the shipped content and settings; ``ContentError`` where it isn't what was signed."""
    return Coach(load_content(), load_settings(), load_questionnaire("eligibility"), load_activities())


def stored_base(kept: Store, settings: Settings) -> tuple[CaseBase | None, tuple[CaseError, ...]]:
    """Return the weeks of this store that others may learn from, None where there are none, and what can't be read."""
    with kept.reading() as connection:
        found, faults = learnt_cases(connection, settings)
    base = case_base(found, settings)
    return base if base.cases else None, faults


def keep_week(
    kept: Store,
    one: Participant,
    days: tuple[DaySummary, ...],
    coach: Coach,
    *,
    who: str,
    first: date,
    base: CaseBase | None,
    dry_run: bool = False,
    walked: tuple[WalkedDay, ...] = (),
    now: Callable[[], datetime] = utc_now,
) -> Made:
    """Make the plan of the week from ``first`` and keep it as it will be shown.

    The week before is judged and kept to learn from, and the one that begins is kept to be judged.
    `AnswerError` where there is no check-in to plan from, `SafetyStopError` where a warning sign or exclusion stops it,
    `TrialError` where their arm of a study is given no plans, or the study is frozen to other content.
    """
    with kept.reading() as connection:
        check_given_plans(connection, one)
        known = history(connection, one, first)
        before = plan_of(connection, one, first)
        unjudged = open_case(connection, one, first)
    content = coach.content
    pass_gate(known.checkin, known.previous, first, content.checkin)
    pass_enrolment(known.eligibility, known.cleared, first, content.rules, coach.eligibility)
    dates = {day.date for day in days}
    seen = tuple(day for day in walked if day.date in dates)
    plan = make_plan(
        known.profile, known.checkin, days, content=content, start=first, seed=_seed(one.id, first),
        previous=known.previous, previous_checkin=known.previous_checkin, message_history=known.messages,
        message_feedback=known.feedback, plan_history=known.plans, exercise_log=known.exercises,
        advisor=CaseAdvisor(base, one.id) if base else None,
        earlier_checkins=known.earlier_checkins, cleared=known.cleared,
        activity=activity_week(known.activities, seen, coach.activities, content.rules, first),
    )  # fmt: skip
    made = _with_own_goal_of(before, plan, content)
    if not dry_run:
        with writing(kept, who, "plan", now) as write:
            keep_plan(write, one, plan_to_document(made.plan))
            keep_possible_events(write, one, made.plan)
            for case in _cases_of_week(known, unjudged, one, made.plan, days=days, settings=coach.settings):
                write_case(write, one, case)
    return made


def check_given_plans(connection: Connection, one: Participant) -> None:
    """Raise where a study keeps plans from somebody: `TrialError` by their arm, `ProtocolChangedError` by its pins."""
    taken = allocation(connection, one)
    if taken is None:
        return
    running = study(connection)
    arm = next(arm for arm in running.protocol.arm if arm.id == taken.arm)
    if not arm.received_with:
        raise TrialError(
            f"{one.id} was randomised to {arm.title}, which is given no plans", running.protocol.id,
            "somebody of an arm that is", "a plan would be treatment of the other arm",
        )  # fmt: skip
    check_unchanged(running, running.protocol, pins(running.protocol.model))


def _cases_of_week(
    known: History,
    unjudged: Case | None,
    one: Participant,
    plan: WeeklyPlan,
    *,
    days: tuple[DaySummary, ...],
    settings: Settings,
) -> Iterator[Case]:
    """Yield the week before, now that it can be judged, and the one that begins."""
    seen = judged_days(days, plan.start)
    if unjudged and known.checkin:
        case = judged_week(unjudged, known.previous, known.checkin, seen, settings.retain)
        if case.outcome is not None:
            yield case
    inputs = Inputs(plan.start, known.profile, known.checkin, known.previous_checkin, seen, known.previous, ())
    consent = known.profile.share_weeks is True
    yield case_of(inputs, plan, one.id, Provenance.RETAINED, consent=consent)


def _with_own_goal_of(before: tuple[int, WeeklyPlan] | None, plan: WeeklyPlan, content: Content) -> Made:
    """Return a plan that is made anew with the goal that the person set in it, where that is still within bounds."""
    if before is None or before[1].start != plan.start or before[1].goal.proposed_steps is None:
        return Made(plan, ())
    try:
        return Made(with_own_goal(plan, GoalWish(steps=before[1].goal.steps_per_day), content), ())
    except AnswerError as error:
        return Made(plan, (f"the goal they set no longer holds: {error}",))


def _seed(key: str, first: date) -> int:
    """Return the seed of somebody's week: draws differ between people and weeks, and are the same when made again."""
    return int(hashlib.sha256(f"{key}/{first}".encode()).hexdigest()[:8], 16)
