"""The random places of a study that were taken, and who took them."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from activity.errors import AllocationError, AlreadyRandomisedError, NotEligibleError
from activity.store.enrolment import consent_of, given_answers, screened
from activity.store.participants import Participant
from activity.store.schema import ALLOCATION, PLACE, STUDY
from activity.store.study import Study, check_key, study
from activity.store.writing import Writing
from activity.trial.protocol import Protocol
from activity.trial.randomisation import ROOT, Holder, Place, faults, hold, stratum_name, take
from activity.trial.screening import judge, stratum_of
from activity.trial.visits import Randomised, visit_states


@dataclass(frozen=True, slots=True)
class Allocated:
    """Somebody's arm, and when they were given it."""

    arm: str
    place: int  #: number of its row
    randomised: Randomised


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of the allocations came to."""

    places: int
    holders: int
    last_seal: str
    findings: tuple[str, ...]


def randomise(write: Writing, running: Study, key: bytes, who: Participant, day: date) -> Allocated:
    """Give somebody the next place of their stratum.

    `AlreadyRandomisedError`; `NotEligibleError` without a screening that holds, criteria met, consent and the
    questionnaires that are needed; `TrialKeyError`; `AllocationError` where the places so far aren't the key's.
    """
    check_key(running, key)
    protocol, connection = running.protocol, write.connection
    before = allocation(connection, who)
    if before is not None:
        raise AlreadyRandomisedError(
            f"{who.id} was randomised on {before.randomised.on} to {protocol.arm_title(before.arm)}", protocol.id,
            "somebody who wasn't",
        )  # fmt: skip
    stratum = stratum_name(_ready(connection, protocol, who, day))
    places = _places(connection)
    found = next(faults(key, protocol, [place for _, place in places], _holders(connection, places)), None)
    if found is not None:
        raise AllocationError(found, protocol.id, "places as the key makes them", "selfback trial verify --key KEYFILE")
    position = sum(place.stratum == stratum for _, place in places)
    new = take(key, protocol, stratum, position, places[-1][1].seal if places else ROOT)
    place = write.add(
        PLACE,
        {"stratum": stratum, "position": position, "arm": new.arm, "protocol": new.protocol, "seal": new.seal},
    )
    seal = hold(key, protocol, new, who.id)
    write.add(ALLOCATION, {"place": place, "arm": new.arm, "date": day.isoformat(), "seal": seal}, who.id)
    return Allocated(new.arm, place, Randomised(day, write.at))


def allocation(connection: Connection, who: Participant) -> Allocated | None:
    """Return somebody's arm; None where they weren't randomised."""
    row = connection.execute(select(ALLOCATION).where(ALLOCATION.c.participant == who.id)).first()
    return _allocated(row) if row else None


def allocations(connection: Connection) -> dict[str, Allocated]:
    """Return the arm of everybody who was randomised and not erased, by id."""
    rows = connection.execute(select(ALLOCATION).order_by(ALLOCATION.c.id))
    return {row.participant: _allocated(row) for row in rows}


def erased_places(connection: Connection) -> dict[str, int]:
    """Return of each arm how many places were taken by somebody who was erased since."""
    taken = select(ALLOCATION.c.place)
    rows = connection.execute(
        select(PLACE.c.arm, func.count()).where(PLACE.c.id.not_in(taken)).group_by(PLACE.c.arm).order_by(PLACE.c.arm)
    )
    return {arm: int(number) for arm, number in rows}


def verify(connection: Connection, key: bytes | None, seal: str = "") -> Verified:
    """Check every place that was taken, and who took it: with the key all of it, without only what hangs together.

    ``seal`` is one that was written down before; it has to be among those of today.
    """
    running = study(connection)
    places = _places(connection)
    holders = _holders(connection, places)
    known = set(connection.execute(select(STUDY.c.digest)).scalars())
    findings = [
        f"place {number}: it was taken by no protocol of this study"
        for number, (_, place) in enumerate(places, 1)
        if place.protocol not in known
    ]
    if key is not None:
        check_key(running, key)
        findings += faults(key, running.protocol, [place for _, place in places], holders)
    else:
        findings += _loose_faults(places, holders)
    if seal and seal not in {ROOT, *(place.seal for _, place in places)}:
        findings.append(f"no place has the seal {seal[:12]}…: places were cut off, or made anew")
    last = places[-1][1].seal if places else ROOT
    return Verified(len(places), len(holders), last, tuple(findings))


def _ready(connection: Connection, protocol: Protocol, who: Participant, day: date) -> tuple[tuple[str, str], ...]:
    """Return the stratum of somebody who may be randomised; `NotEligibleError` says why not."""
    known = screened(connection, who, protocol, day)
    valid = timedelta(days=protocol.randomisation.screening_valid_days)
    if known is None or not day - valid <= known.on <= day:
        raise NotEligibleError(
            f"the screening of {who.id} is of {known.on}" if known else f"{who.id} wasn't screened", protocol.id,
            f"a screening of the last {valid.days} days", f"selfback trial eligible {who.id} --again",
        )  # fmt: skip
    verdict = judge(protocol, known)
    if not verdict.eligible:
        texts = {one.id: one.text for one in protocol.criterion}
        unmet = [f"not met: {texts[name]}" for name in verdict.unmet]
        raise NotEligibleError(
            "; ".join(unmet + [f"not known: {texts[name]}" for name in verdict.open]), who.id, "every criterion met"
        )
    if consent_of(connection, who) != (True, protocol.consent.document):
        raise NotEligibleError(
            f"{who.id} hasn't agreed to document {protocol.consent.document}", protocol.id, "consent on record",
            f"selfback trial consent {who.id}",
        )  # fmt: skip
    (baseline,) = visit_states(protocol, None, given_answers(connection, who), day)
    if needed := [name for name in protocol.randomisation.needs if name in baseline.missing]:
        raise NotEligibleError(
            f"not answered: {', '.join(needed)}", who.id, "the baseline before randomisation",
            f"selfback trial answer {who.id} baseline {needed[0]}",
        )  # fmt: skip
    stratum = stratum_of(protocol, known.answers)
    if stratum is None:
        factors = ", ".join(protocol.randomisation.strata)
        raise NotEligibleError(f"the stratum of {who.id} isn't known", protocol.id, f"answers to {factors}")
    return stratum


def _places(connection: Connection) -> list[tuple[int, Place]]:
    """Return the row number and value of every place, in the order in which they were taken."""
    rows = connection.execute(select(PLACE).order_by(PLACE.c.id))
    return [(row.id, Place(row.stratum, row.position, row.arm, row.protocol, row.seal)) for row in rows]


def _holders(connection: Connection, places: list[tuple[int, Place]]) -> list[Holder]:
    index = {row_id: number for number, (row_id, _) in enumerate(places)}
    rows = connection.execute(select(ALLOCATION).order_by(ALLOCATION.c.id))
    return [Holder(row.participant, row.arm, index.get(row.place, -1), row.seal) for row in rows]


def _loose_faults(places: list[tuple[int, Place]], holders: list[Holder]) -> list[str]:
    found = []
    taken: dict[str, int] = {}
    for number, (_, place) in enumerate(places, 1):
        if place.position != taken.get(place.stratum, 0):
            found.append(f"place {number}: a place of its stratum was left out, or taken twice")
        taken[place.stratum] = place.position + 1
    found += [
        f"{one.participant} isn't in the arm of their place"
        for one in holders
        if not 0 <= one.place < len(places) or places[one.place][1].arm != one.arm
    ]
    return found


def _allocated(row: Any) -> Allocated:
    return Allocated(row.arm, row.place, Randomised(date.fromisoformat(row.date), row.written_at))
