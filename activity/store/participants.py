"""Participants and all that is kept of them: added, read, exported for them, and erased at their wish."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from activity.coach.plan import WeeklyPlan
from activity.errors import AnswerError, UnknownParticipantError
from activity.store.audit import canonical
from activity.store.ids import checked_id, new_id
from activity.store.schema import (
    ABOUT,
    ANSWERS,
    AUDIT,
    DAY,
    EDIT,
    ERASED,
    EVENT,
    EXERCISE,
    MESSAGE,
    PARTICIPANT,
    PLAN,
    PROFILE,
    RETAINED,
)
from activity.store.writing import Writing

#: Longer documents are not what anybody answers or is shown.
MOST_DOCUMENT_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody by a pseudonym."""

    id: str
    zone: str  #: IANA name
    language: str  #: BCP 47
    arm: str = ""  #: of a trial


@dataclass(frozen=True, slots=True)
class Kept:
    """One row about a participant: what it says, when it was written and by whom."""

    id: int
    document: Mapping[str, Any]
    facts: Mapping[str, str]  #: the other columns, e.g. ``date``, ``instrument``
    written_at: str
    written_by: str


def add_participant(
    write: Writing, zone: str, language: str = "en", arm: str = "", choose: Callable[[str], str] = secrets.choice
) -> Participant:
    """Add somebody under a new id, which nobody has or had."""
    while True:
        key = new_id(choose)
        taken = [write.connection.execute(select(t.c.id).where(t.c.id == key)).first() for t in (PARTICIPANT, ERASED)]
        if not any(taken):
            break
    write.add(PARTICIPANT, {"id": key, "zone": zone, "language": language, "arm": arm})
    return Participant(key, zone, language, arm)


def participant(connection: Connection, typed: str) -> Participant:
    """Return somebody by their id as it was typed; `AnswerError`, `UnknownParticipantError`."""
    key = checked_id(typed)
    row = connection.execute(select(PARTICIPANT).where(PARTICIPANT.c.id == key)).first()
    if row is None:
        gone = connection.execute(select(ERASED.c.erased_at).where(ERASED.c.id == key)).scalar()
        raise UnknownParticipantError(f"{key} was erased on {gone[:10]}" if gone else f"nobody has the id {key}")
    return Participant(row.id, row.zone, row.language, row.arm)


def participants(connection: Connection) -> tuple[Participant, ...]:
    """Return everybody, in the order of their ids."""
    rows = connection.execute(select(PARTICIPANT).order_by(PARTICIPANT.c.id))
    return tuple(Participant(row.id, row.zone, row.language, row.arm) for row in rows)


def keep_profile(write: Writing, who: Participant, document: Mapping[str, Any]) -> int:
    """Keep what stays true of somebody for months; the newest one holds."""
    return int(write.add(PROFILE, {"document": _document(document)}, who.id))


def keep_answers(
    write: Writing, who: Participant, form: tuple[str, str], day: date, document: Mapping[str, Any]
) -> int:
    """Keep the answers to a questionnaire (its id and version) as they were given; of one day, the newest hold."""
    instrument, version = form
    facts = {"instrument": instrument, "version": version, "date": day.isoformat()}
    return int(write.add(ANSWERS, {**facts, "document": _document(document)}, who.id))


def keep_plan(write: Writing, who: Participant, document: Mapping[str, Any]) -> int:
    """Keep a weekly plan as it was shown; of one start, the newest holds."""
    facts = {
        "start": str(document["start"]),
        "language": who.language,
        "content_version": str(document["content_version"]),
    }
    return int(write.add(PLAN, {**facts, "document": _document(document)}, who.id))


def keep_edit(write: Writing, who: Participant, plan: int, document: Mapping[str, Any]) -> int:
    """Keep what the person or a clinician changed in a plan."""
    return int(write.add(EDIT, {"plan": plan, "document": _document(document)}, who.id))


def keep_message(write: Writing, who: Participant, document: Mapping[str, Any]) -> int:
    """Keep a message as it was shown."""
    return int(write.add(MESSAGE, {"date": str(document["date"]), "document": _document(document)}, who.id))


def keep_event(write: Writing, who: Participant, kind: str, day: date, document: Mapping[str, Any]) -> int:
    """Keep an adverse event, or something that staff has to follow up."""
    return int(write.add(EVENT, {"kind": kind, "date": day.isoformat(), "document": _document(document)}, who.id))


def keep_exercise(write: Writing, who: Participant, exercise: str, day: date, document: Mapping[str, Any]) -> int:
    """Keep that somebody did an exercise, as they said it."""
    facts = {"date": day.isoformat(), "exercise": exercise}
    return int(write.add(EXERCISE, {**facts, "document": _document(document)}, who.id))


def keep_day(write: Writing, who: Participant, of: tuple[date, str], document: Mapping[str, Any]) -> int:
    """Keep what a day came to, by its date and where it is known from; the newest holds."""
    day, source = of
    return int(write.add(DAY, {"date": day.isoformat(), "source": source, "document": _document(document)}, who.id))


def keep_case(
    write: Writing, who: Participant, start: date, document: Mapping[str, Any], *, consent: bool, provenance: str
) -> int:
    """Keep a case of somebody's week, with whether others' plans may be made from it and where it is from."""
    facts = {"start": start.isoformat(), "consent": "yes" if consent else "no", "provenance": provenance}
    return int(write.add(RETAINED, {**facts, "document": _document(document)}, who.id))


def shared_cases(connection: Connection) -> tuple[Kept, ...]:
    """Return the cases to learn from: of each person and week the newest, where that one has their consent."""
    rows = connection.execute(select(RETAINED).order_by(RETAINED.c.id)).mappings()
    newest = {(row["participant"], row["start"]): row for row in rows}
    return tuple(_kept(row) for row in newest.values() if row["consent"] == "yes")


def keep_possible_events(write: Writing, who: Participant, plan: WeeklyPlan) -> int:
    """Keep what a plan says may have gone wrong, once for each check-in and kind, and return how many were new."""
    known = {(row.facts["kind"], row.facts["date"]) for row in kept(write.connection, who, EVENT)}
    new = [
        event
        for event in plan.possible_adverse_events
        if (f"possible-{event.kind}", event.date.isoformat()) not in known
    ]
    for event in new:
        said = {"text": event.reason.text, "rule": event.reason.rule, "plan": plan.start.isoformat()}
        keep_event(write, who, f"possible-{event.kind}", event.date, said)
    return len(new)


def kept(connection: Connection, who: Participant, table: Table) -> tuple[Kept, ...]:
    """Return all rows of a table about somebody, in the order in which they were written."""
    rows = connection.execute(select(table).where(table.c.participant == who.id).order_by(table.c.id)).mappings()
    return tuple(_kept(row) for row in rows)


def latest(rows: Sequence[Kept], fact: str) -> dict[str, Kept]:
    """Return of each value of a fact the row that was written last, in the order of the values."""
    newest = {row.facts[fact]: row for row in rows}
    return dict(sorted(newest.items()))


def export(connection: Connection, who: Participant) -> dict[str, Any]:
    """Return all that is kept of somebody, and who wrote or erased what of it when, as values that JSON can hold."""
    entries = connection.execute(select(AUDIT).where(AUDIT.c.participant == who.id).order_by(AUDIT.c.seq)).mappings()
    said = ("at", "who", "action", "kind", "row", "reason")
    return {
        "participant": {"id": who.id, "zone": who.zone, "language": who.language, "arm": who.arm},
        **{table.name: [_exported(row) for row in kept(connection, who, table)] for table in reversed(ABOUT)},
        "audit": [{name: entry[name] for name in said} for entry in entries],
    }


def _exported(row: Kept) -> dict[str, Any]:
    written = {"written_at": row.written_at, "written_by": row.written_by}
    facts = {name: value for name, value in row.facts.items() if name != "secret"}  # hashes of what signs them in
    return {"id": row.id, **facts, **written, "document": dict(row.document)}


def _kept(row: Mapping[Any, Any]) -> Kept:
    rest = {"id", "participant", "document", "written_at", "written_by", "salt"}
    facts = {str(name): str(value) for name, value in row.items() if name not in rest}
    return Kept(row["id"], json.loads(row.get("document", "{}")), facts, row["written_at"], row["written_by"])


def _document(values: Mapping[str, Any]) -> str:
    try:
        text = canonical(dict(values))
        size = len(text.encode())
    except (TypeError, ValueError) as error:
        raise AnswerError(f"can't be kept: {error}", expected="values that JSON can hold") from error
    if "\\u0000" in text or size > MOST_DOCUMENT_BYTES:
        raise AnswerError("can't be kept", expected=f"at most {MOST_DOCUMENT_BYTES >> 20} MiB without NUL characters")
    return text
