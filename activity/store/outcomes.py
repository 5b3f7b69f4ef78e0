"""What was observed of everybody who was randomised, gathered from the rows of a store."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, select

from activity.questionnaires.answers import check_answers
from activity.questionnaires.instrument import answer_form, instruments, item_answers
from activity.questionnaires.scoring import score
from activity.questionnaires.value_set import ValueSet
from activity.store.allocation import Allocated, allocations
from activity.store.course import states_of, traces
from activity.store.enrolment import screened
from activity.store.participants import Kept, Participant, kept, participants
from activity.store.schema import ANSWERS, PLACE
from activity.trial.dose import USED, dose
from activity.trial.outcomes import Observation, Subject
from activity.trial.protocol import Protocol
from activity.trial.visits import VisitState

#: Kinds of screening answers that describe people in a table; texts and lists don't.
_TOLD: Final = (bool, int, float, str)


def subjects(
    connection: Connection,
    protocol: Protocol,
    today: Callable[[Participant], date],
    values: ValueSet | None = None,
) -> tuple[Subject, ...]:
    """Return everybody who was randomised and not erased, with what counts of their answers, in the order of ids."""
    taken = allocations(connection)
    strata = _strata(connection)
    return tuple(
        _subject(connection, protocol, _Taker(who, taken[who.id], strata[taken[who.id].place]), today(who), values)
        for who in participants(connection)
        if who.id in taken
    )


@dataclass(frozen=True, slots=True)
class _Taker:
    """Somebody who took a place."""

    who: Participant
    taken: Allocated
    strata: Mapping[str, str]


def _subject(connection: Connection, protocol: Protocol, one: _Taker, today: date, values: ValueSet | None) -> Subject:
    who, taken = one.who, one.taken
    known = screened(connection, who, protocol, taken.randomised.on)
    answers = known.answers if known else {}
    used = dose(protocol.dose, taken.randomised.on, traces(connection, who), today)
    counting = counting_answers(connection, protocol, who, taken, today)
    return Subject(
        person=who.id,
        arm=taken.arm,
        randomised=taken.randomised.on.isoformat(),
        strata=one.strata,
        background={name: value for name, value in answers.items() if isinstance(value, _TOLD)},
        use={name: getattr(used, name) for name in USED},
        observed=tuple(_observation(state, name, row, values) for state, name, row in counting),
    )


def counting_answers(
    connection: Connection, protocol: Protocol, who: Participant, taken: Allocated, today: date
) -> Iterator[tuple[VisitState, str, Kept]]:
    """Yield the answers of somebody that count, each with its visit and instrument, in the order of the protocol."""
    rows = [row for row in kept(connection, who, ANSWERS) if row.facts["instrument"] in instruments()]
    for state in states_of(connection, protocol, who, today):
        until = taken.randomised.at if state.visit == protocol.baseline.id else None
        for instrument, day in state.answered:
            yield state, instrument, _counting(rows, instrument, day, until)


def _observation(state: VisitState, instrument: str, row: Kept, values: ValueSet | None) -> Observation:
    day = date.fromisoformat(row.facts["date"])
    return Observation(
        row=row.id,
        visit=state.visit,
        instrument=instrument,
        day=day.isoformat(),
        late=day >= state.window.late,
        score=answers_score(row.document, instrument, values),
    )


def _counting(rows: list[Kept], instrument: str, day: date, until: str | None) -> Kept:
    """Return the row whose answers count on a day: the one written last, at the baseline before randomisation."""
    mine = [
        row for row in rows
        if row.facts["instrument"] == instrument
        and row.facts["date"] == day.isoformat()
        and (until is None or row.written_at <= until)
    ]  # fmt: skip
    return max(mine, key=lambda row: (row.written_at, row.id))


def answers_score(document: Mapping[str, Any], instrument: str, values: ValueSet | None = None) -> float | None:
    """Return what answers come to; None where they can't be scored."""
    one = instruments()[instrument]
    return score(one, item_answers(one, check_answers(answer_form(one), document)), values).value


def _strata(connection: Connection) -> dict[int, Mapping[str, str]]:
    """Return the factors that each place was drawn for, by its number."""
    rows = connection.execute(select(PLACE.c.id, PLACE.c.stratum))
    return {int(row.id): {str(factor): str(level) for factor, level in json.loads(row.stratum)} for row in rows}
