"""What the plan of a week is made from, as far as the store knows it; the days come from recordings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, select

from activity.coach.currency import ActivityEntry, Effort
from activity.coach.exercise_log import ExerciseLog, load_exercise_log
from activity.coach.plan import DailyMessage, WeeklyPlan
from activity.coach.plan_document import plan_from_document
from activity.coach.quiz import MessageFeedback
from activity.errors import AnswerError
from activity.questionnaires.checkin import CheckIn, load_checkin
from activity.questionnaires.definition import load_questionnaire
from activity.questionnaires.eligibility import Eligibility, load_eligibility
from activity.questionnaires.profile import Profile, load_profile
from activity.store.participants import Participant, kept, latest
from activity.store.schema import ANSWERS, EVENT, EXERCISE, PLAN, PROFILE

#: The questionnaire of each week.
CHECKIN_FORM = "weekly-checkin"
#: What a person says back about a message is kept as answers to this form.
FEEDBACK_FORM = "message-feedback"
#: The questions on who may take part.
ELIGIBILITY_FORM = "eligibility"
#: What people write down of activity that the band doesn't see is kept as answers under this name.
ACTIVITY_LOG = "activity-log"
#: The event of a clinician who says that it is safe to go on.
CLEARANCE = "clearance"


@dataclass(frozen=True, slots=True)
class History:
    """Somebody up to a date."""

    profile: Profile
    checkin: CheckIn | None  #: the newest
    previous_checkin: CheckIn | None  #: the newest of an earlier day
    previous: WeeklyPlan | None  #: the plan that starts last before the date
    messages: tuple[DailyMessage, ...]  #: of all plans before the date
    feedback: tuple[MessageFeedback, ...] = ()  #: of all days before the date
    plans: tuple[WeeklyPlan, ...] = ()  #: all that start before the date, in order
    exercises: tuple[ExerciseLog, ...] = ()  #: what was said of each, before the date
    earlier_checkins: tuple[CheckIn, ...] = ()  #: before ``previous_checkin``
    cleared: date | None = None  #: newest day up to the date on which a clinician said that it is safe to go on
    eligibility: Eligibility | None = None  #: the newest
    activities: tuple[ActivityEntry, ...] = ()  #: written down before the date


def history(connection: Connection, who: Participant, start: date, *, plans_too: bool = True) -> History:
    """Return what is known of somebody before a week that starts on ``start``.

    Answers of ``start`` itself count, plans of it don't: a plan that is made anew has the same past. Plans are most of
    what there is to read; where they aren't asked for, they, their messages and ``previous`` are left out.
    """
    profiles = kept(connection, who, PROFILE)
    checkins = [one for one in _checkins(connection, who) if one.date <= start]
    plans = [plan for plan in plans_since(connection, who) if plan.start < start] if plans_too else []
    return History(
        profile=load_profile(profiles[-1].document) if profiles else Profile(),
        checkin=checkins[-1] if checkins else None,
        previous_checkin=checkins[-2] if len(checkins) > 1 else None,
        previous=plans[-1] if plans else None,
        messages=tuple(message for plan in plans for message in plan.messages),
        feedback=tuple(one for one in message_feedback(connection, who) if one.date < start),
        plans=tuple(plans),
        exercises=tuple(row for row in exercise_log(connection, who) if row.date < start),
        earlier_checkins=tuple(checkins[:-2]),
        cleared=_cleared(connection, who, start),
        eligibility=_eligibility(connection, who, start),
        activities=tuple(entry for entry in activities_of(connection, who) if entry.date < start),
    )


def plan_of(connection: Connection, who: Participant, day: date) -> tuple[int, WeeklyPlan] | None:
    """Return the number and value of the plan in whose week a day lies, as last shown; None where there is none."""
    first = day - timedelta(days=6)
    row = connection.execute(
        select(PLAN.c.id, PLAN.c.document)
        .where(PLAN.c.participant == who.id, PLAN.c.start.between(first.isoformat(), day.isoformat()))
        .order_by(PLAN.c.id.desc())
        .limit(1)
    ).first()
    return (row.id, plan_from_document(json.loads(row.document))) if row else None


def was_planned_for(connection: Connection, who: Participant) -> bool:
    """Return whether somebody ever had a plan."""
    return connection.execute(select(PLAN.c.id).where(PLAN.c.participant == who.id).limit(1)).first() is not None


def plans_since(connection: Connection, who: Participant, first: date = date.min) -> list[WeeklyPlan]:
    """Return the plans that start on a day or later, as last shown, in order."""
    rows = connection.execute(
        select(PLAN.c.start, PLAN.c.document)
        .where(PLAN.c.participant == who.id, PLAN.c.start >= first.isoformat())
        .order_by(PLAN.c.id)
    )
    newest = {row.start: row.document for row in rows}
    return [plan_from_document(json.loads(newest[start])) for start in sorted(newest)]


def exercise_log(connection: Connection, who: Participant) -> tuple[ExerciseLog, ...]:
    """Return what somebody said of single exercises, oldest first."""
    return load_exercise_log(row.document for row in kept(connection, who, EXERCISE))


def held_plan(connection: Connection, who: Participant, day: date) -> tuple[int, WeeklyPlan]:
    """Return the number and value of the plan in whose week a day lies; ``AnswerError`` where there is none."""
    found = plan_of(connection, who, day)
    if found is None:
        raise AnswerError(f"no plan holds {day}", who.id, "a plan of that week", f"selfback plan {who.id}")
    return found


def message_feedback(connection: Connection, who: Participant) -> tuple[MessageFeedback, ...]:
    """Return every answer to a quiz and every rating of a message, in the order in which they were given."""
    rows = [row for row in kept(connection, who, ANSWERS) if row.facts["instrument"] == FEEDBACK_FORM]
    return tuple(
        MessageFeedback(
            str(row.document["message"]),
            date.fromisoformat(row.facts["date"]),
            row.document.get("right"),
            row.document.get("helpful"),
        )
        for row in rows
    )


def activities_of(connection: Connection, who: Participant) -> tuple[ActivityEntry, ...]:
    """Return everything that somebody wrote down of activity that the band doesn't see, in the order of writing."""
    rows = [row for row in kept(connection, who, ANSWERS) if row.facts["instrument"] == ACTIVITY_LOG]
    return tuple(
        ActivityEntry(
            date.fromisoformat(row.facts["date"]),
            str(row.document["activity"]),
            int(row.document["minutes"]),
            Effort(row.document["effort"]),
        )
        for row in rows
    )


def _cleared(connection: Connection, who: Participant, start: date) -> date | None:
    rows = [row for row in kept(connection, who, EVENT) if row.facts["kind"] == CLEARANCE]
    days = [date.fromisoformat(row.facts["date"]) for row in rows]
    return max((day for day in days if day <= start), default=None)


def _eligibility(connection: Connection, who: Participant, start: date) -> Eligibility | None:
    rows = [row for row in kept(connection, who, ANSWERS) if row.facts["instrument"] == ELIGIBILITY_FORM]
    dated = {day: row for day, row in latest(rows, "date").items() if date.fromisoformat(day) <= start}
    return load_eligibility(_dated(dated[max(dated)].document, max(dated))) if dated else None


def _checkins(connection: Connection, who: Participant) -> list[CheckIn]:
    rows = [row for row in kept(connection, who, ANSWERS) if row.facts["instrument"] == CHECKIN_FORM]
    form = load_questionnaire(CHECKIN_FORM) if rows else None
    return [load_checkin(_dated(row.document, day), form) for day, row in latest(rows, "date").items()]


def _dated(document: Mapping[str, object], day: str) -> dict[str, object]:
    return {**document, "date": day}
