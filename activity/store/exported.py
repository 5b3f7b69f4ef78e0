"""What a study holds, gathered for the forms of others: enrolment, answers that count, days and adverse events."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from activity.day.summary import DaySummary
from activity.export.redcap import DAYS, HARMS, AnswerSet, Enrolled, Repeated
from activity.questionnaires.answers import Answer, check_answers
from activity.questionnaires.instrument import Instrument, answer_form, form_version, instruments
from activity.store.allocation import allocations
from activity.store.bands import wearer
from activity.store.course import ADVERSE
from activity.store.enrolment import screened
from activity.store.outcomes import answers_score, counting_answers
from activity.store.participants import Participant, keep_answers, kept, participant, participants
from activity.store.schema import ANSWERS, EVENT
from activity.store.writing import Writing
from activity.trial.protocol import Protocol

Answers = Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Exported:
    """Everybody who was randomised and not erased."""

    enrolled: tuple[Enrolled, ...]
    answered: tuple[AnswerSet, ...]
    repeated: tuple[Repeated, ...]


def exported(
    connection: Connection,
    protocol: Protocol,
    today: Callable[[Participant], date],
    days: Mapping[str, Sequence[DaySummary]],
) -> Exported:
    """Return a study in the order of ids; ``days`` by the serial of the band that recorded them."""
    taken = allocations(connection)
    worn = _worn(connection, days)
    enrolled, answered, repeated = [], [], []
    for who in participants(connection):
        one = taken.get(who.id)
        if one is None:
            continue
        known = screened(connection, who, protocol, one.randomised.on)
        enrolled.append(Enrolled(who.id, one.arm, one.randomised.on, known.answers if known else {}))
        for state, name, row in counting_answers(connection, protocol, who, one, today(who)):
            score = answers_score(row.document, name)
            day = date.fromisoformat(row.facts["date"])
            answered.append(AnswerSet(who.id, state.visit, name, day, row.document, score))
        repeated += [Repeated(who.id, DAYS, _day(day)) for day in worn.get(who.id, ())]
        events = [row for row in kept(connection, who, EVENT) if row.facts["kind"] == ADVERSE]
        repeated += [Repeated(who.id, HARMS, _harm(row.facts["date"], row.document)) for row in events]
    return Exported(tuple(enrolled), tuple(answered), tuple(repeated))


def answers_of_person(connection: Connection, who: Participant) -> tuple[tuple[Instrument, date, Answers], ...]:
    """Return every set of answers of somebody to an instrument, checked; of one day, those written last."""
    found: dict[tuple[str, str], tuple[Instrument, date, Answers]] = {}
    for row in kept(connection, who, ANSWERS):
        one, on = instruments().get(row.facts["instrument"]), row.facts["date"]
        if one is not None:
            found[one.id, on] = (one, date.fromisoformat(on), check_answers(answer_form(one), row.document))
    return tuple(found.values())


def new_answers(connection: Connection, found: Iterable[AnswerSet]) -> tuple[AnswerSet, ...]:
    """Return the sets of answers that aren't the newest of their day in the store."""
    known: dict[str, dict[tuple[str, date], Answers]] = {}
    new = []
    for one in found:
        if one.person not in known:
            who = participant(connection, one.person)
            known[one.person] = {(row.id, on): given for row, on, given in answers_of_person(connection, who)}
        given = check_answers(answer_form(instruments()[one.instrument]), one.document)
        if known[one.person].get((one.instrument, one.day)) != given:
            new.append(one)
    return tuple(new)


def keep_new_answers(write: Writing, found: Iterable[AnswerSet]) -> int:
    """Keep the sets of answers that aren't the newest of their day already, and return how many those are."""
    new = new_answers(write.connection, found)
    for one in new:
        who, form = participant(write.connection, one.person), instruments()[one.instrument]
        keep_answers(write, who, (form.id, form_version(form)), one.day, one.document)
    return len(new)


def _worn(connection: Connection, days: Mapping[str, Sequence[DaySummary]]) -> dict[str, list[DaySummary]]:
    """Return the days of each person since they have their band; of a day that two recordings hold, the better worn."""
    best: dict[str, dict[date, DaySummary]] = {}
    for serial, found in days.items():
        one = wearer(connection, serial)
        mine = best.setdefault(one.participant.id, {})
        for day in found:
            if day.date >= one.since and (day.date not in mine or day.wear_minutes > mine[day.date].wear_minutes):
                mine[day.date] = day
    return {who: [mine[on] for on in sorted(mine)] for who, mine in best.items()}


def _day(day: DaySummary) -> dict[str, object]:
    return {
        "day_date": day.date.isoformat(),
        "day_steps": day.steps,
        "day_wear_minutes": round(day.wear_minutes, 1),
        "day_walking_minutes": round(sum(m for a, m in day.minutes.items() if a.value == "walking"), 1),
        "day_valid": day.quality.valid,
    }


def _harm(on: str, document: Mapping[str, object]) -> dict[str, object]:
    return {"ae_date": on} | {f"ae_{name}": document.get(name) for name in ("what", "severity", "serious", "related")}
