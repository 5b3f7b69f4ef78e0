"""Who was screened, agreed, withdrew, answered and was reminded, as rows of answers and events."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from activity.questionnaires.answers import check_answers
from activity.questionnaires.instrument import Combine, answer_form, instruments, item_answers
from activity.questionnaires.scoring import score
from activity.store.history import history
from activity.store.participants import Kept, Participant, keep_answers, keep_event, kept
from activity.store.schema import ANSWERS, EVENT
from activity.store.writing import Writing
from activity.trial.protocol import Protocol
from activity.trial.screening import Screened
from activity.trial.visits import Given, is_complete

#: Answers to the screening of a study are kept under this name; their version is the digest of the protocol.
SCREENING: Final = "trial-screening"
CONSENT: Final = "trial-consent"
WITHDRAWAL: Final = "trial-withdrawal"
REMINDER: Final = "trial-reminder"
#: From what somebody may withdraw.
TREATMENT, FOLLOW_UP = "treatment", "follow-up"


def keep_screening(write: Writing, who: Participant, protocol: Protocol, day: date, given: Mapping[str, Any]) -> None:
    """Keep the answers to the screening as they were given; `AnswerError`."""
    check_answers(protocol.screening, given)
    keep_answers(write, who, (SCREENING, protocol.digest), day, given)


def screened(connection: Connection, who: Participant, protocol: Protocol, today: date) -> Screened | None:
    """Return what is known of somebody up to a day for the criteria; None where they weren't screened."""
    rows = [row for row in _answers(connection, who) if row.facts["instrument"] == SCREENING]
    if not rows:
        return None
    newest = max(rows, key=lambda row: (row.facts["date"], row.id))
    known = {one.id for one in protocol.screening.questions}
    given = {name: value for name, value in newest.document.items() if name in known}
    return Screened(
        on=date.fromisoformat(newest.facts["date"]),
        answers=check_answers(protocol.screening, given),
        scores=_scores(connection, who, protocol, today),
        eligibility=history(connection, who, today).eligibility,
    )


def keep_consent(write: Writing, who: Participant, day: date, *, document: str, given: bool) -> None:
    """Keep that somebody agreed to take part, by which document, or that they declined."""
    keep_event(write, who, CONSENT, day, {"document": document, "given": given})


def consent_of(connection: Connection, who: Participant) -> tuple[bool, str] | None:
    """Return whether somebody agreed, and to which document, by what they said last; None where they said nothing."""
    rows = [row for row in kept(connection, who, EVENT) if row.facts["kind"] == CONSENT]
    return (rows[-1].document["given"] is True, str(rows[-1].document["document"])) if rows else None


def keep_withdrawal(write: Writing, who: Participant, day: date, *, source: str, reason: str) -> None:
    """Keep that somebody no longer wants the treatment, or no longer wants to be asked."""
    keep_event(write, who, WITHDRAWAL, day, {"from": source, "reason": reason})


def withdrawals(connection: Connection, who: Participant) -> dict[str, tuple[date, str]]:
    """Return from what somebody withdrew, when first, and why."""
    found: dict[str, tuple[date, str]] = {}
    for row in kept(connection, who, EVENT):
        if row.facts["kind"] == WITHDRAWAL:
            said = (date.fromisoformat(row.facts["date"]), str(row.document.get("reason", "")))
            found.setdefault(str(row.document["from"]), said)
    return found


def given_answers(connection: Connection, who: Participant) -> tuple[Given, ...]:
    """Return every set of answers to an instrument, each with whether it is complete, in the order of writing."""
    found = []
    for row in _answers(connection, who):
        name = row.facts["instrument"]
        if name in instruments():
            one = instruments()[name]
            complete = is_complete(one, item_answers(one, check_answers(answer_form(one), row.document)))
            found.append(Given(name, date.fromisoformat(row.facts["date"]), row.written_at, complete))
    return tuple(found)


def keep_reminder(write: Writing, who: Participant, day: date, visit: str, number: int) -> None:
    """Keep that a reminder was sent."""
    keep_event(write, who, REMINDER, day, {"visit": visit, "number": number})


def reminders_sent(connection: Connection, who: Participant) -> frozenset[tuple[str, int]]:
    """Return which reminders somebody was sent: visit and number."""
    rows = [row for row in kept(connection, who, EVENT) if row.facts["kind"] == REMINDER]
    return frozenset((str(row.document["visit"]), int(row.document["number"])) for row in rows)


def _scores(connection: Connection, who: Participant, protocol: Protocol, today: date) -> dict[str, float | None]:
    """Return the newest score of each instrument that a criterion is about, of the baseline's days."""
    wanted = {one.instrument for one in protocol.criterion if one.instrument is not None}
    first = today + timedelta(days=protocol.baseline.opens_days)
    found: dict[str, tuple[str, int, float | None]] = {}
    for row in _answers(connection, who):
        name, day = row.facts["instrument"], row.facts["date"]
        if name not in wanted or not first.isoformat() <= day <= today.isoformat():
            continue
        if name not in found or (day, row.id) > found[name][:2]:
            found[name] = (day, row.id, _score(name, row.document))
    return {name: value for name, (_, _, value) in found.items()}


def _score(name: str, document: Mapping[str, Any]) -> float | None:
    one = instruments()[name]
    if one.combine is Combine.VALUE_SET:
        return None  # worth something only in the value set of a country
    return score(one, item_answers(one, check_answers(answer_form(one), document))).value


def _answers(connection: Connection, who: Participant) -> tuple[Kept, ...]:
    return kept(connection, who, ANSWERS)
