"""The case base: weeks that others may learn from, in columns, so that one week is compared with all at once."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from activity.coach.cases.case import Case, Problem, SubPlan
from activity.coach.cases.settings import Attribute, Kind, Settings
from activity.coach.cases.success import success
from activity.errors import CaseError


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One attribute of every case: a number or a place, or for a set its members; NaN where it isn't known."""

    attribute: Attribute
    values: NDArray[np.float64]  #: (n,): the number, the place in ``levels``, or the size of the set
    members: tuple[str, ...]  #: of all sets
    holds: NDArray[np.float64]  #: (n, members), 1 where a case's set has the member


@dataclass(frozen=True, slots=True, eq=False)
class CaseBase:
    """Cases in order of their ids, with all that finding similar ones needs; made by ``case_base``."""

    settings: Settings
    cases: tuple[Case, ...]
    columns: tuple[Column, ...]  #: in the order of the settings' attributes
    person: NDArray[np.int64]  #: (n,): which person, counted from 0
    people: tuple[str, ...]
    told: NDArray[np.int64]  #: (n,): proleptic Gregorian ordinal of the day from which the outcome is known
    success: dict[SubPlan, NDArray[np.float64]]  #: (n,) each; NaN where a week can't be judged
    relative: dict[SubPlan, NDArray[np.float64]]  #: the same, less what is usual for the person
    version: str  #: of the settings, and a hash of which cases these are


def case_base(cases: Iterable[Case], settings: Settings) -> CaseBase:
    """Return the cases that others may learn from: with consent and an outcome; ``CaseError`` if an id comes twice."""
    usable = sorted((case for case in cases if case.consent and case.outcome is not None), key=lambda case: case.id)
    for case, following in pairwise(usable):
        if case.id == following.id:
            raise CaseError("two cases have the same id", f"case {case.id}", "one case for each id")
    people = tuple(sorted({case.person for case in usable}))
    place = {name: number for number, name in enumerate(people)}
    person = np.array([place[case.person] for case in usable], dtype=np.int64)
    successes = {subplan: _successes(usable, subplan, settings) for subplan in SubPlan}
    return CaseBase(
        settings=settings,
        cases=tuple(usable),
        columns=tuple(_column(attribute, usable) for attribute in settings.attribute),
        person=person,
        people=people,
        told=np.array([case.outcome.on.toordinal() for case in usable if case.outcome], dtype=np.int64),
        success=successes,
        relative={
            subplan: _relative(successes[subplan], person, settings.reuse.prior_own_weeks) for subplan in SubPlan
        },
        version=f"{settings.version}+{len(usable)}-{_digest(usable)}",
    )


def number_of(attribute: Attribute, problem: Problem) -> float:
    """Return an attribute as the number that columns hold: of a set its size; NaN where it isn't known.

    ``CaseError`` on a level that the attribute doesn't have.
    """
    if attribute.kind is Kind.SET:
        members = members_of(attribute, problem)
        return float("nan") if members is None else float(len(members))
    value: float | str | None = getattr(getattr(problem, attribute.part), attribute.name)
    if value is None:
        return float("nan")
    if attribute.kind is Kind.NUMERIC:
        return float(value)
    level = ("no", "yes")[value] if isinstance(value, bool) else str(value)
    if level not in attribute.levels:
        where = f"week of {problem.start}, {attribute.name}"
        raise CaseError(f"{level!r} is no level", where, f"one of {', '.join(attribute.levels)}")
    return float(attribute.levels.index(level))


def members_of(attribute: Attribute, problem: Problem) -> frozenset[str] | None:
    """Return what a week's set holds; None where it isn't known."""
    value: tuple[str, ...] | None = getattr(getattr(problem, attribute.part), attribute.name)
    return None if value is None else frozenset(value)


def _column(attribute: Attribute, cases: Sequence[Case]) -> Column:
    values = np.array([number_of(attribute, case.problem) for case in cases], dtype=np.float64)
    sets = []
    if attribute.kind is Kind.SET:
        sets = [members_of(attribute, case.problem) or frozenset() for case in cases]
    members = tuple(sorted({member for held in sets for member in held}))
    holds = np.array([[member in held for member in members] for held in sets], dtype=np.float64)
    return Column(attribute, values, members, holds.reshape(len(sets), len(members)))


def _successes(cases: Sequence[Case], subplan: SubPlan, settings: Settings) -> NDArray[np.float64]:
    values = [success(case, subplan, settings) for case in cases]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _relative(success: NDArray[np.float64], person: NDArray[np.int64], prior: float) -> NDArray[np.float64]:
    """Return success less what is usual for the person; with few weeks of theirs, that is drawn towards everybody's.

    People differ in how diligent they are and how they answer, whatever their plan: that is not to be learnt from.
    """
    known = ~np.isnan(success)
    if not known.any():
        return success
    overall = success[known].mean()
    total = np.bincount(person[known], weights=success[known], minlength=person.max() + 1)
    weeks = np.bincount(person[known], minlength=person.max() + 1)
    usual = (total + prior * overall) / (weeks + prior)
    return np.asarray(success - usual[person])


def _digest(cases: Sequence[Case]) -> str:
    return hashlib.sha256("\n".join(repr(case) for case in cases).encode()).hexdigest()[:12]
