"""What was observed of everybody who was randomised: one row an answer that counts, and the tables made of them.

The rows are the ground that every figure of a report stands on. They are written beside it as a table, and the same
analysis can be run again from that table alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from activity.errors import TrialDataError
from activity.trial.analysis.table import OutcomeTable
from activity.trial.protocol import Protocol

#: Columns of the table of people and of the one of observations, in this order.
PEOPLE_COLUMNS: Final = ("person", "arm", "randomised")
OBSERVATION_COLUMNS: Final = ("row", "person", "visit", "instrument", "day", "late", "score")


@dataclass(frozen=True, slots=True)
class Observation:
    """The answers to one instrument that count at one visit."""

    row: int  #: of the answers in the store
    visit: str
    instrument: str
    day: str  #: local, ISO 8601
    late: bool
    score: float | None  #: None where it can't be scored


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody who was randomised."""

    person: str
    arm: str
    randomised: str  #: local day, ISO 8601
    strata: Mapping[str, str]
    background: Mapping[str, float | str | bool]  #: answers to the screening, as far as they were given
    use: Mapping[str, int | None]  #: what was used in the weeks by which use is judged; None where it isn't known
    observed: tuple[Observation, ...] = field(default=())

    def score(self, instrument: str, visit: str) -> float | None:
        """Return the score at a visit; None where it wasn't observed."""
        found = (one.score for one in self.observed if (one.instrument, one.visit) == (instrument, visit))
        return next(found, None)


def outcome_values(protocol: Protocol, people: Sequence[Subject], instrument: str) -> NDArray[np.float64]:
    """Return (n_people, n_visits) scores; NaN where nothing was observed."""
    place = {visit.id: column for column, visit in enumerate(protocol.visit)}
    values = np.full((len(people), len(place)), np.nan)
    for index, one in enumerate(people):
        for seen in one.observed:
            if seen.instrument == instrument and seen.score is not None:
                values[index, place[seen.visit]] = seen.score
    return values


def outcome_table(
    protocol: Protocol, people: Sequence[Subject], values: NDArray[np.float64], visits: Sequence[int], *, strata: bool
) -> OutcomeTable:
    """Return the table of some visits, named by their titles, with or without the factors of the randomisation."""
    arms = [arm.id for arm in protocol.arm]
    unknown = {one.arm for one in people} - set(arms)
    if unknown:
        raise TrialDataError(f"unknown arm {min(unknown)!r}", expected=f"one of {', '.join(arms)}")
    factors = protocol.randomisation.strata if strata else ()
    return OutcomeTable(
        person=tuple(one.person for one in people),
        arms=tuple(protocol.arm_title(arm) for arm in arms),
        arm=np.array([arms.index(one.arm) for one in people], dtype=np.intp),
        visits=tuple(protocol.visit[column].title for column in visits),
        values=values[:, list(visits)],
        strata={factor: np.array([one.strata[factor] for one in people], dtype=np.str_) for factor in factors},
    )


def people_rows(people: Iterable[Subject]) -> list[dict[str, Any]]:
    """Return a row a person: arm, day, factors as ``stratum_…``, answers as ``screening_…``, use as ``use_…``."""
    return [
        {"person": one.person, "arm": one.arm, "randomised": one.randomised}
        | {f"stratum_{factor}": level for factor, level in one.strata.items()}
        | {f"screening_{name}": value for name, value in one.background.items()}
        | {f"use_{name}": value for name, value in one.use.items()}
        for one in people
    ]


def observation_rows(people: Iterable[Subject]) -> list[dict[str, Any]]:
    """Return a row an observation; ``row`` is that of the answers in the store."""
    return [
        {
            "row": seen.row, "person": one.person, "visit": seen.visit, "instrument": seen.instrument,
            "day": seen.day, "late": seen.late, "score": seen.score,
        }
        for one in people
        for seen in one.observed
    ]  # fmt: skip


def from_rows(
    protocol: Protocol, people: Iterable[Mapping[str, str]], observations: Iterable[Mapping[str, str]]
) -> tuple[Subject, ...]:
    """Return the people that rows of text were made of; `TrialDataError` names a row that isn't one of theirs."""
    seen: dict[str, list[Observation]] = {}
    for number, row in enumerate(observations, 1):
        seen.setdefault(row.get("person", ""), []).append(_observation(protocol, row, number))
    found = tuple(_subject(protocol, row, number, seen) for number, row in enumerate(people, 1))
    known = {one.person for one in found}
    if len(known) != len(found):
        raise TrialDataError("a person stands in two rows", "the people", "a row a person")
    strangers = sorted(seen.keys() - known)
    if strangers:
        raise TrialDataError(f"observations of {strangers[0]!r}", "the observations", "people of the other table")
    return found


def _observation(protocol: Protocol, row: Mapping[str, str], number: int) -> Observation:
    visits = {visit.id for visit in protocol.visit}
    try:
        score = float(row["score"]) if row["score"] else None
        found = Observation(
            int(row["row"]), row["visit"], row["instrument"], row["day"], row["late"].lower() == "true", score
        )
    except (KeyError, ValueError, AttributeError) as error:
        raise TrialDataError(
            f"row {number} can't be read: {error}", "the observations", ", ".join(OBSERVATION_COLUMNS)
        ) from error
    if found.visit not in visits:
        raise TrialDataError(f"row {number}: no visit {found.visit!r}", "the observations", ", ".join(sorted(visits)))
    return found


def _subject(protocol: Protocol, row: Mapping[str, str], number: int, seen: Mapping[str, list[Observation]]) -> Subject:
    factors = protocol.randomisation.strata
    try:
        person = row["person"]
        return Subject(
            person=person,
            arm=row["arm"],
            randomised=row["randomised"],
            strata={factor: row[f"stratum_{factor}"] for factor in factors},
            background={
                name.removeprefix("screening_"): _value(text)
                for name, text in row.items()
                if name.startswith("screening_") and text
            },
            use={
                name.removeprefix("use_"): int(text) if text else None
                for name, text in row.items()
                if name.startswith("use_")
            },
            observed=tuple(_once(person, seen.get(person, []))),
        )
    except (KeyError, ValueError) as error:
        expected = ", ".join((*PEOPLE_COLUMNS, *(f"stratum_{factor}" for factor in factors)))
        raise TrialDataError(f"row {number} can't be read: {error}", "the people", expected) from error


def _once(person: str, seen: list[Observation]) -> list[Observation]:
    keys = [(one.visit, one.instrument) for one in seen]
    if len(set(keys)) != len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise TrialDataError(f"{person} has two rows of {twice[1]} at {twice[0]}", "the observations", "one of them")
    return seen


def _value(text: str) -> float | str | bool:
    if text in {"true", "false"}:
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text
