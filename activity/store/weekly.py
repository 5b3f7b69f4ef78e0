"""The plan of a week made from all that a store knows of somebody, and kept as it will be shown."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from activity.coach.cases.base import CaseBase, case_base
from activity.coach.cases.case import Case, Provenance
from activity.coach.cases.problem import case_of, judged_week
from activity.coach.cases.reuse import CaseAdvisor
from activity.coach.cases.settings import Settings, load_settings
from activity.coach.content import Content, load_content
from activity.coach.currency import WalkedDay, activity_week, load_activities
from activity.coach.gate import pass_enrolment, pass_gate
from activity.coach.own_goal import GoalWish, with_own_goal
from activity.coach.plan import WeeklyPlan
from activity.coach.plan_document import plan_to_document
from activity.coach.situation import Inputs, judged_days
from activity.coach.week import make_plan
from activity.day.summary import DaySummary
from activity.errors import AnswerError, CaseError
from activity.questionnaires.definition import load_questionnaire
from activity.store.engine import Store
from activity.store.history import History, history, plan_of
from activity.store.learning import learnt_cases, open_case, write_case
from activity.store.participants import Participant, keep_plan, keep_possible_events
from activity.store.writing import writing


@dataclass(frozen=True, slots=True)
class MadeWeek:
    """A plan, and what whoever made it should know."""

    plan: WeeklyPlan
    notes: tuple[str, ...]


def make_week(
    kept: Store, one: Participant, days: tuple[DaySummary, ...], first: date, *, who: str,
    base: CaseBase | None = None, walked: tuple[WalkedDay, ...] = (), dry_run: bool = False,
) -> MadeWeek:  # fmt: skip
    """Make somebody's plan for the week from ``first`` and keep it, unless it is a dry run.

    The week before is judged and kept to learn from, and the one that begins is kept to be judged. ``base`` holds the
    weeks of others to learn from. Errors: those of `make_plan`, `pass_enrolment` and the store.
    """
    with kept.reading() as connection:
        known = history(connection, one, first)
        before = plan_of(connection, one, first)
        unjudged = open_case(connection, one, first)
    content, settings = load_content(), load_settings()
    pass_gate(known.checkin, known.previous, first, content.checkin)
    asked = load_questionnaire("eligibility")
    pass_enrolment(known.eligibility, known.cleared, first, content.rules, asked)
    dates = {day.date for day in days}
    walked = tuple(day for day in walked if day.date in dates)
    plan = make_plan(
        known.profile, known.checkin, days, content=content, start=first, seed=_seed(one.id, first),
        previous=known.previous, previous_checkin=known.previous_checkin, message_history=known.messages,
        message_feedback=known.feedback, plan_history=known.plans, exercise_log=known.exercises,
        advisor=CaseAdvisor(base, one.id) if base else None,
        earlier_checkins=known.earlier_checkins, cleared=known.cleared,
        activity=activity_week(known.activities, walked, load_activities(), content.rules, first),
    )  # fmt: skip
    made = _with_own_goal_of(before, plan, content)
    if not dry_run:
        with writing(kept, who, "plan") as write:
            keep_plan(write, one, plan_to_document(made.plan))
            keep_possible_events(write, one, made.plan)
            for case in cases_of_week(known, unjudged, one, made.plan, days=days, settings=settings):
                write_case(write, one, case)
    return made


def cases_of_week(
    known: History, unjudged: Case | None, one: Participant, plan: WeeklyPlan, *,
    days: tuple[DaySummary, ...], settings: Settings,
) -> Iterator[Case]:  # fmt: skip
    """Yield the week before, now that it can be judged, and the one that begins."""
    seen = judged_days(days, plan.start)
    if unjudged and known.checkin:
        case = judged_week(unjudged, known.previous, known.checkin, seen, settings.retain)
        if case.outcome is not None:
            yield case
    inputs = Inputs(plan.start, known.profile, known.checkin, known.previous_checkin, seen, known.previous, ())
    consent = known.profile.share_weeks is True
    yield case_of(inputs, plan, one.id, Provenance.RETAINED, consent=consent)


def stored_base(kept: Store) -> tuple[CaseBase | None, tuple[CaseError, ...]]:
    """Return the weeks of this store that others may learn from, None where there are none, and what can't be read."""
    settings = load_settings()
    with kept.reading() as connection:
        found, faults = learnt_cases(connection, settings)
    base = case_base(found, settings)
    return base if base.cases else None, faults


def _with_own_goal_of(before: tuple[int, WeeklyPlan] | None, plan: WeeklyPlan, content: Content) -> MadeWeek:
    """Return a plan that is made anew with the goal that the person set in it, where that is still within bounds."""
    if before is None or before[1].start != plan.start or before[1].goal.proposed_steps is None:
        return MadeWeek(plan, ())
    try:
        return MadeWeek(with_own_goal(plan, GoalWish(steps=before[1].goal.steps_per_day), content), ())
    except AnswerError as error:
        return MadeWeek(plan, (f"the goal they set no longer holds: {error}",))


def _seed(key: str, first: date) -> int:
    """Return the seed of somebody's week: draws differ between people and weeks, and are the same when made again."""
    return int(hashlib.sha256(f"{key}/{first}".encode()).hexdigest()[:8], 16)
