"""How far everybody of a study came, and how much they used, gathered from the rows of a store."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from activity.store.allocation import Allocated, allocations
from activity.store.enrolment import (
    FOLLOW_UP,
    TREATMENT,
    consent_of,
    given_answers,
    screened,
    withdrawals,
)
from activity.store.history import exercise_log, message_feedback
from activity.store.participants import Participant, kept, latest, participants
from activity.store.schema import EVENT, MESSAGE, PLAN, RETAINED
from activity.trial.consort import Course
from activity.trial.dose import Dose, Traces, WeekWorn, dose
from activity.trial.protocol import Protocol
from activity.trial.screening import judge
from activity.trial.visits import VisitState, visit_states

#: The event of something that went wrong, as staff wrote it down.
ADVERSE: Final = "adverse-event"
#: What begins the kind of an event that a rule suspects and a person has to judge.
_SUSPECTED: Final = "possible-"

Today = Callable[[Participant], date]


@dataclass(frozen=True, slots=True)
class Harm:
    """What went wrong in one arm."""

    arm: str
    people: int  #: with an adverse event
    events: int
    serious: int
    related: int  #: possibly or probably because of the study
    suspected: int  #: found by rule, for somebody to judge


def courses(connection: Connection, protocol: Protocol, today: Today) -> tuple[Course, ...]:
    """Return how far everybody came who was screened, in the order of their ids."""
    taken = allocations(connection)
    found = [_course(connection, protocol, who, taken.get(who.id), today(who)) for who in participants(connection)]
    return tuple(one for one in found if one is not None)


def taking_part(connection: Connection) -> tuple[Participant, ...]:
    """Return everybody who was randomised, or agreed and wasn't yet, in the order of their ids."""
    taken = allocations(connection)
    return tuple(
        who for who in participants(connection)
        if who.id in taken or (consent_of(connection, who) or (False, ""))[0]
    )  # fmt: skip


def states_of(connection: Connection, protocol: Protocol, who: Participant, day: date) -> tuple[VisitState, ...]:
    """Return how each visit of somebody stands on a day."""
    return _states(connection, protocol, who, allocations(connection).get(who.id), day)


def doses(connection: Connection, protocol: Protocol, today: Today) -> tuple[tuple[Participant, str, Dose], ...]:
    """Return what everybody used who was randomised, each with their arm, in the order of their ids."""
    taken = allocations(connection)
    return tuple(
        (who, taken[who.id].arm, dose(protocol.dose, taken[who.id].randomised.on, traces(connection, who), today(who)))
        for who in participants(connection)
        if who.id in taken
    )


def traces(connection: Connection, who: Participant) -> Traces:
    """Return what somebody left in the store."""
    weeks = latest(kept(connection, who, RETAINED), "start")
    return Traces(
        plans=tuple(date.fromisoformat(row.facts["start"]) for row in kept(connection, who, PLAN)),
        weeks=tuple(_week(start, row.document) for start, row in weeks.items()),
        exercises=tuple(one.date for one in exercise_log(connection, who) if one.done),
        messages=tuple(date.fromisoformat(row.facts["date"]) for row in kept(connection, who, MESSAGE)),
        quizzes=tuple(one.date for one in message_feedback(connection, who) if one.right is not None),
    )


def harms(connection: Connection, protocol: Protocol) -> tuple[Harm, ...]:
    """Return what went wrong since randomisation, by arm, in the order of the protocol."""
    counts: Counter[tuple[str, str]] = Counter()
    taken = allocations(connection)
    for who in participants(connection):
        one = taken.get(who.id)
        if one is None:
            continue
        rows = [row for row in kept(connection, who, EVENT) if row.facts["date"] >= one.randomised.on.isoformat()]
        told = [row.document for row in rows if row.facts["kind"] == ADVERSE]
        counts[one.arm, "people"] += bool(told)
        counts[one.arm, "events"] += len(told)
        counts[one.arm, "serious"] += sum(document.get("serious") is True for document in told)
        counts[one.arm, "related"] += sum(document.get("related") != "no" for document in told)
        counts[one.arm, "suspected"] += sum(row.facts["kind"].startswith(_SUSPECTED) for row in rows)
    kinds = ("people", "events", "serious", "related", "suspected")
    return tuple(Harm(arm.id, *(counts[arm.id, kind] for kind in kinds)) for arm in protocol.arm)


def _course(
    connection: Connection, protocol: Protocol, who: Participant, taken: Allocated | None, day: date
) -> Course | None:
    if taken is not None:
        return _taken_course(connection, protocol, who, taken, day)
    known = screened(connection, who, protocol, day)
    if known is None:
        return None
    verdict, agreed = judge(protocol, known), consent_of(connection, who)
    return Course(verdict.unmet, verdict.open, None if agreed is None else agreed[0])


def _taken_course(connection: Connection, protocol: Protocol, who: Participant, taken: Allocated, day: date) -> Course:
    states = _states(connection, protocol, who, taken, day)
    receives = next(arm.received_with for arm in protocol.arm if arm.id == taken.arm)
    plans = [row for row in kept(connection, who, PLAN) if row.facts["start"] >= taken.randomised.on.isoformat()]
    gone = withdrawals(connection, who).get(TREATMENT)
    return Course(
        agreed=True,
        arm=taken.arm,
        received=bool(plans) if receives else None,
        left=gone[1] if gone else None,
        visits={one.visit: one.state for one in states},
        observed=frozenset(one.visit for one in states if protocol.primary.instrument in dict(one.answered)),
    )


def _states(
    connection: Connection, protocol: Protocol, who: Participant, taken: Allocated | None, day: date
) -> tuple[VisitState, ...]:
    stopped = withdrawals(connection, who).get(FOLLOW_UP)
    given = given_answers(connection, who)
    return visit_states(protocol, taken.randomised if taken else None, given, day, stopped[0] if stopped else None)


def _week(start: str, document: Mapping[str, Any]) -> WeekWorn:
    problem = document.get("problem", {})
    judged = int(problem.get("movement", {}).get("judged_days") or 0)
    return WeekWorn(date.fromisoformat(start), judged, problem.get("adherence", {}).get("goal_met_percent"))
