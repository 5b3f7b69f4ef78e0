"""Where somebody stands on a day: the plan that holds, the days of late, what was asked and said, and what stops."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from activity.coach.content import Content
from activity.coach.exercise_log import ExerciseLog
from activity.coach.gate import pass_enrolment, stop_unless_cleared
from activity.coach.plan import WeeklyPlan
from activity.coach.quiz import MessageFeedback
from activity.day.summary import DaySummary
from activity.errors import AnswerError, SafetyStopError
from activity.questionnaires.checkin import CheckIn
from activity.questionnaires.definition import Questionnaire
from activity.store.asked import PROFILE_FORM
from activity.store.days import Source, known_days
from activity.store.history import (
    CHECKIN_FORM,
    ELIGIBILITY_FORM,
    History,
    exercise_log,
    history,
    message_feedback,
    plan_of,
    was_planned_for,
)
from activity.store.participants import Kept, Participant, keep_answers, keep_event, kept
from activity.store.schema import ANSWERS, EVENT, PROFILE
from activity.store.writing import Writing

#: The event of a day on which somebody opened the app.
OPENED: Final = "app-opened"
#: The event of somebody who says that a flare began, or that it is over.
FLARE: Final = "flare-mode"
#: How the back is, asked in passing, is kept as answers under this name.
BACK_TODAY: Final = "back-today"
#: A flare that nobody ended is over after a week: the check-in asks again.
FLARE_LASTS: Final = timedelta(days=7)
#: How far back pages look.
SHOWN: Final = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody on a day."""

    today: date
    known: History  #: before today, without plans
    planned_before: bool  #: whether there ever was a plan
    plan: WeeklyPlan | None  #: in whose week today lies
    plan_number: int  #: 0 without a plan
    days: tuple[tuple[Source, DaySummary], ...]  #: of the last four weeks and today
    log: tuple[ExerciseLog, ...]  #: what was said of exercises since the plan began
    feedback: tuple[MessageFeedback, ...]  #: of today
    back: Mapping[date, int]  #: pain from 0 to 10, asked in passing
    flare_since: date | None
    opened_on: frozenset[date]  #: days on which the app was opened
    asked_profile: bool

    @property
    def opened(self) -> date | None:
        """The day on which the app was first opened; None where it never was."""
        return min(self.opened_on, default=None)


def standing(connection: Connection, who: Participant, today: date) -> Standing:
    """Return where somebody stands."""
    events, found = kept(connection, who, EVENT), plan_of(connection, who, today)
    plan = found[1] if found else None
    week = plan.start if plan else today
    opened = [row.facts["date"] for row in events if row.facts["kind"] == OPENED]
    return Standing(
        today=today,
        known=history(connection, who, today, plans_too=False),
        planned_before=plan is not None or was_planned_for(connection, who),
        plan=plan,
        plan_number=found[0] if found else 0,
        days=known_days(connection, who, today - SHOWN),
        log=tuple(row for row in exercise_log(connection, who) if week <= row.date <= today),
        feedback=tuple(row for row in message_feedback(connection, who) if row.date == today),
        back=_back(kept(connection, who, ANSWERS)),
        flare_since=_flare(events, today),
        opened_on=frozenset(map(date.fromisoformat, opened)),
        asked_profile=bool(kept(connection, who, PROFILE)),
    )


def stop_of(now: Standing, content: Content) -> SafetyStopError | None:
    """Return the help card that an urgent sign asks for, while no clinician has said that it is safe to go on."""
    known = now.known
    checkins = (known.checkin, known.previous_checkin, *known.earlier_checkins)
    try:
        stop_unless_cleared(checkins, known.cleared, content.checkin)
    except SafetyStopError as stop:
        return stop
    return None


def kept_out(now: Standing, content: Content, form: Questionnaire) -> SafetyStopError | None:
    """Return why this isn't for somebody, where an answer says so and no clinician said otherwise."""
    try:
        pass_enrolment(now.known.eligibility, now.known.cleared, now.today, content.rules, form)
    except SafetyStopError as stop:
        return stop
    except AnswerError:
        return None
    return None


def next_form(now: Standing, content: Content, eligibility: Questionnaire) -> str | None:
    """Return which form has to be answered before there is a plan for today; None where there is one."""
    if now.plan is not None:
        return None
    try:
        pass_enrolment(now.known.eligibility, now.known.cleared, now.today, content.rules, eligibility)
    except AnswerError:
        return ELIGIBILITY_FORM
    except SafetyStopError:
        return None
    return CHECKIN_FORM if now.asked_profile else PROFILE_FORM


def keep_opened(write: Writing, who: Participant, today: date) -> bool:
    """Keep that somebody opened the app, once a day; return whether it is the first time of the day."""
    if was_opened(write.connection, who, today):
        return False
    keep_event(write, who, OPENED, today, {})
    return True


def was_opened(connection: Connection, who: Participant, today: date) -> bool:
    """Return whether somebody opened the app on a day."""
    day = today.isoformat()
    return any(row.facts["kind"] == OPENED and row.facts["date"] == day for row in kept(connection, who, EVENT))


def keep_back(write: Writing, who: Participant, day: date, pain: int) -> None:
    """Keep how somebody's back is; ``AnswerError`` where it can't be."""
    if not 0 <= pain <= 10:
        raise AnswerError(f"{pain} is out of range", BACK_TODAY, "a whole number from 0 to 10")
    keep_answers(write, who, (BACK_TODAY, "1"), day, {"pain": pain})


def keep_flare(write: Writing, who: Participant, day: date, *, on: bool) -> None:
    """Keep that a flare began, or is over."""
    keep_event(write, who, FLARE, day, {"on": on})


def pain_by_week(checkins: tuple[CheckIn | None, ...]) -> dict[date, int]:
    """Return the average pain of check-ins that say one."""
    return {one.date: one.average_pain for one in checkins if one is not None and one.average_pain is not None}


def _back(rows: tuple[Kept, ...]) -> dict[date, int]:
    found: dict[date, Any] = {
        date.fromisoformat(row.facts["date"]): row.document["pain"]
        for row in rows
        if row.facts["instrument"] == BACK_TODAY
    }
    return {day: int(found[day]) for day in sorted(found)}


def _flare(events: tuple[Kept, ...], today: date) -> date | None:
    rows = [row for row in events if row.facts["kind"] == FLARE]
    if not rows or rows[-1].document.get("on") is not True:
        return None
    since = date.fromisoformat(rows[-1].facts["date"])
    return since if today - since < FLARE_LASTS else None
