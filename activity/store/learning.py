"""What the coach learns from: each week kept as a case, judged when the next check-in comes, shared where it may be."""

from datetime import date

from sqlalchemy import Connection

from activity.coach.cases.case import Case
from activity.coach.cases.document import case_from_document, case_to_document
from activity.coach.cases.retain import retain
from activity.coach.cases.settings import Settings
from activity.errors import CaseError
from activity.store.participants import Participant, keep_case, kept, latest, shared_cases
from activity.store.schema import RETAINED
from activity.store.writing import Writing


def write_case(write: Writing, who: Participant, case: Case) -> int:
    """Keep a week as it stands; of one start, the newest holds."""
    start, consent, source = case.problem.start, case.consent, case.provenance.value
    return keep_case(write, who, start, case_to_document(case), consent=consent, provenance=source)


def open_case(connection: Connection, who: Participant, before: date) -> Case | None:
    """Return somebody's last week that began before a date, if it isn't judged yet."""
    weeks = latest(kept(connection, who, RETAINED), "start")
    rows = [row for start, row in weeks.items() if start < before.isoformat()]
    newest = case_from_document(rows[-1].document, f"week of {rows[-1].facts['start']}") if rows else None
    return newest if newest and newest.outcome is None else None


def learnt_cases(connection: Connection, settings: Settings) -> tuple[tuple[Case, ...], tuple[CaseError, ...]]:
    """Return all weeks that others may learn from, retained by the rules, and the fault of each that can't be read."""
    mine: dict[str, tuple[Case, ...]] = {}
    faults = []
    for row in shared_cases(connection):
        try:
            case = case_from_document(row.document, f"week of {row.facts['start']}")
        except CaseError as fault:
            faults.append(fault)
            continue
        mine[case.person] = retain(mine.get(case.person, ()), case, settings)
    return tuple(case for weeks in mine.values() for case in weeks), tuple(faults)
