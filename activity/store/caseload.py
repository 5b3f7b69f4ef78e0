"""Everybody of a site at a glance, read in a handful of queries whatever their number, and one person over weeks."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection, func, select

from activity.coach.plan import WeeklyPlan
from activity.day.summary import DaySummary
from activity.questionnaires.checkin import CheckIn
from activity.store.accounts import sites
from activity.store.days import Source, known_days
from activity.store.history import CHECKIN_FORM, CLEARANCE, plans_since
from activity.store.participants import Kept, Participant, kept, participants
from activity.store.schema import ANSWERS, DAY, EVENT, PLAN
from activity.store.standing import FLARE, OPENED, Standing

#: Two check-ins, even when one was left out.
_LATE_CHECKINS: Final = timedelta(days=35)
_SUSPECTED: Final = "possible-"
#: How long something that may have gone wrong stays at the top of the list.
RECENT: Final = timedelta(days=14)
#: Days without anything from the band, or without a look at the app, that somebody should ask about.
NOT_SYNCED: Final = timedelta(days=3)
QUIET: Final = timedelta(days=10)
_WEEK: Final = timedelta(days=7)
WEEKS: Final = 12  #: on the page of a person
#: The event of what a clinician wants to remember.
NOTE: Final = "clinician-note"


@dataclass(frozen=True, slots=True)
class Glance:
    """One row of the list: somebody, and what about them needs somebody's attention, the most urgent first."""

    who: Participant
    site: str
    opened: date | None  #: last
    synced: date | None  #: last day that came from the band
    checkin: date | None
    pain: int | None
    pain_before: int | None
    needs: tuple[str, ...]  #: of ``NEEDS``, in its order


#: What needs attention, the most urgent first, with what a clinician reads.
NEEDS: Final[Mapping[str, str]] = {
    "flag": "warning sign",
    "worse": "worse",
    "flare": "flare mode",
    "not-started": "not started",
    "not-synced": "band silent",
    "quiet": "not opened lately",
}


@dataclass(frozen=True, slots=True)
class WeekRow:
    """One week of one person."""

    plan: WeeklyPlan
    judged_days: int
    met_days: int
    mean_steps: int | None
    sessions: int
    checkin: CheckIn | None  #: with which the week began


def caseload(connection: Connection, site: str | None, today: date, pain_rise: int) -> tuple[Glance, ...]:
    """Return everybody of a site, or of all where it is None, who needs attention first."""
    where = sites(connection)
    people = [one for one in participants(connection) if site is None or where.get(one.id, "") == site]
    last_opened = select(EVENT.c.participant, func.max(EVENT.c.date)).where(EVENT.c.kind == OPENED)
    opened = _newest(connection, last_opened.group_by(EVENT.c.participant))
    last_day = select(DAY.c.participant, func.max(DAY.c.date)).where(DAY.c.source == Source.BAND.value)
    synced = _newest(connection, last_day.group_by(DAY.c.participant))
    begun = set(connection.execute(select(PLAN.c.participant).distinct()).scalars())
    checkins, events = _checkins(connection, today), _events(connection, today)
    found = []
    for who in people:
        last = sorted(checkins.get(who.id, {}).items())[-2:]
        pain, before = _pain(last, -1), _pain(last, -2)
        needs = {
            "flag": _flagged(last, events.get(who.id, [])),
            "worse": _worse(events.get(who.id, []), today)
            or (pain is not None and before is not None and pain - before >= pain_rise),
            "flare": _in_flare(events.get(who.id, []), today),
            "not-started": who.id not in begun or who.id not in opened,
            "not-synced": today - synced.get(who.id, date.min) > NOT_SYNCED,
            "quiet": who.id in opened and today - opened[who.id] > QUIET,
        }
        found.append(
            Glance(
                who,
                where.get(who.id, ""),
                opened.get(who.id),
                synced.get(who.id),
                last[-1][0] if last else None,
                pain,
                before,
                tuple(name for name in NEEDS if needs[name]),
            )
        )
    order = list(NEEDS)
    return tuple(sorted(found, key=lambda one: (min(map(order.index, one.needs), default=len(order)), one.who.id)))


def weeks_of(connection: Connection, who: Participant, now: Standing) -> tuple[WeekRow, ...]:
    """Return somebody's last weeks, oldest first."""
    plans = [plan for plan in plans_since(connection, who, now.today - WEEKS * _WEEK) if plan.start <= now.today]
    if not plans:
        return ()
    known = now.known
    checkins = [one for one in (*known.earlier_checkins, known.previous_checkin, known.checkin) if one is not None]
    days = [day for _, day in known_days(connection, who, plans[0].start)]
    done = {(row.date) for row in (*known.exercises, *now.log) if row.done}
    ends = [plan.start for plan in plans[1:]] + [now.today + timedelta(days=1)]
    return tuple(
        _week(plan, min(end, plan.start + _WEEK), days, done, checkins) for plan, end in zip(plans, ends, strict=True)
    )


def events_of(connection: Connection, who: Participant) -> tuple[Kept, ...]:
    """Return what staff should know of, newest first; that the app was opened is no news."""
    rows = [row for row in kept(connection, who, EVENT) if row.facts["kind"] != OPENED]
    return tuple(reversed(rows))


def _week(
    plan: WeeklyPlan, end: date, days: list[DaySummary], done: set[date], checkins: list[CheckIn]
) -> WeekRow:  # fmt: skip
    mine = [day for day in days if plan.start <= day.date < end and day.quality.valid and day.steps is not None]
    steps = [day.steps for day in mine if day.steps is not None]
    said = [one for one in checkins if one.date <= plan.start and (plan.start - one.date).days < 7]
    return WeekRow(
        plan=plan,
        judged_days=len(steps),
        met_days=sum(count >= plan.goal.steps_per_day for count in steps),
        mean_steps=round(sum(steps) / len(steps)) if steps else None,
        sessions=sum(plan.start <= day < end for day in done),
        checkin=said[-1] if said else None,
    )


def _newest(connection: Connection, query: Any) -> dict[str, date]:
    return {row[0]: date.fromisoformat(row[1]) for row in connection.execute(query)}


def _checkins(connection: Connection, today: date) -> dict[str, dict[date, Mapping[str, Any]]]:
    """Return the late check-ins of everybody by day, as they were answered."""
    rows = connection.execute(
        select(ANSWERS.c.participant, ANSWERS.c.date, ANSWERS.c.document)
        .where(ANSWERS.c.instrument == CHECKIN_FORM, ANSWERS.c.date >= (today - _LATE_CHECKINS).isoformat())
        .order_by(ANSWERS.c.id)
    )
    found: dict[str, dict[date, Mapping[str, Any]]] = defaultdict(dict)
    for row in rows:
        found[row.participant][date.fromisoformat(row.date)] = json.loads(row.document)
    return found


def _events(connection: Connection, today: date) -> dict[str, list[tuple[str, date, Mapping[str, Any]]]]:
    """Return the late events of everybody, oldest first."""
    rows = connection.execute(
        select(EVENT.c.participant, EVENT.c.kind, EVENT.c.date, EVENT.c.document)
        .where(EVENT.c.kind != OPENED, EVENT.c.date >= (today - _LATE_CHECKINS).isoformat())
        .order_by(EVENT.c.id)
    )
    found: dict[str, list[tuple[str, date, Mapping[str, Any]]]] = defaultdict(list)
    for row in rows:
        found[row.participant].append((row.kind, date.fromisoformat(row.date), json.loads(row.document)))
    return found


def _pain(last: list[tuple[date, Mapping[str, Any]]], at: int) -> int | None:
    return last[at][1].get("average_pain") if len(last) >= -at else None


def _flagged(last: list[tuple[date, Mapping[str, Any]]], events: list[tuple[str, date, Mapping[str, Any]]]) -> bool:
    cleared = max((day for kind, day, _ in events if kind == CLEARANCE), default=date.min)
    return any(
        day > cleared and any(name.startswith("flag_") and value is True for name, value in said.items())
        for day, said in last
    )


def _worse(events: list[tuple[str, date, Mapping[str, Any]]], today: date) -> bool:
    return any(kind.startswith(_SUSPECTED) and today - day <= RECENT for kind, day, _ in events)


def _in_flare(events: list[tuple[str, date, Mapping[str, Any]]], today: date) -> bool:
    said = [(day, document) for kind, day, document in events if kind == FLARE]
    return bool(said) and said[-1][1].get("on") is True and (today - said[-1][0]).days < 7
