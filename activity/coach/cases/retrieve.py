"""Retrieve: the weeks most like this one, of other people, each with what made it so alike."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum

import numpy as np
from numpy.typing import NDArray

from activity.coach.cases.base import CaseBase
from activity.coach.cases.case import Case, Problem, Provenance, SubPlan
from activity.coach.cases.similarity import global_similarity, local_similarities


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one attribute adds to a similarity; ``points`` of all attributes sum to it."""

    attribute: str
    weight: float  #: its share of the weight of all that both weeks know
    local: float
    points: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A week of somebody else, how alike it is, and how well it went, both from 0 to 1."""

    case: Case
    similarity: float
    success: float
    relative: float  #: success less what is usual for that person


@dataclass(frozen=True, slots=True, eq=False)
class Retrieved:
    """Which weeks are alike for one sub-plan, the most alike first, and few of any one person."""

    subplan: SubPlan
    neighbours: tuple[Neighbour, ...]
    searched: int  #: weeks that could be compared
    people: int  #: that the neighbours are weeks of
    enough: bool  #: whether as many people are alike as anything may be said of
    attributes: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()  #: of the attributes, in this sub-plan
    local: NDArray[np.float64] | None = None  #: (neighbours, attributes): local similarities, NaN where not known

    def contributions(self, place: int) -> tuple[Contribution, ...]:
        """Return what each attribute adds to a neighbour's similarity; what isn't known or weighs nothing is none."""
        if self.local is None:
            raise IndexError(place)
        rows = [
            (name, weight, float(value))
            for name, weight, value in zip(self.attributes, self.weights, self.local[place], strict=True)
            if weight > 0.0 and not np.isnan(value)
        ]
        total = fsum(weight for _, weight, _ in rows)
        return tuple(Contribution(name, weight / total, value, weight / total * value) for name, weight, value in rows)

    @property
    def made_up(self) -> bool:
        """Return whether any of these weeks was never lived."""
        return any(neighbour.case.provenance is Provenance.SYNTHETIC for neighbour in self.neighbours)


def retrieve(problem: Problem, base: CaseBase, person: str | None = None) -> dict[SubPlan, Retrieved]:
    """Return the similar weeks for each sub-plan; those of ``person`` and those not over before this one don't count.

    Good weeks and bad ones are returned: selfBACK reuses what has and what has not been successful (Sandal et al. 2019,
    JMIR Res Protoc 8(12):e14720).
    """
    local = local_similarities(problem, base)
    open_to = base.told <= problem.start.toordinal()
    if person in base.people:
        open_to &= base.person != base.people.index(person)
    return {subplan: _nearest(local, base, subplan, open_to) for subplan in SubPlan}


def _nearest(local: NDArray[np.float64], base: CaseBase, subplan: SubPlan, open_to: NDArray[np.bool_]) -> Retrieved:
    rule = base.settings.retrieval
    alike = global_similarity(local, base, subplan)
    comparable = open_to & ~np.isnan(alike) & ~np.isnan(base.success[subplan])
    chosen = np.flatnonzero(comparable & (alike >= rule.least_similarity))
    # Rounded, so that a last bit can't change who comes first; among equals the order of ids decides.
    order = chosen[np.argsort(-np.round(alike[chosen], 9), kind="stable")]
    nearest = order[_turn(base.person[order]) < rule.weeks_of_a_person][: rule.neighbours]
    success, relative = base.success[subplan], base.relative[subplan]
    neighbours = tuple(
        Neighbour(base.cases[row], float(alike[row]), float(success[row]), float(relative[row])) for row in nearest
    )
    people = people_of(neighbours)
    return Retrieved(
        subplan=subplan,
        neighbours=neighbours,
        searched=int(comparable.sum()),
        people=people,
        enough=people >= rule.least_people,
        attributes=tuple(attribute.name for attribute in base.settings.attribute),
        weights=base.settings.weights(subplan),
        local=local[:, nearest].T,
    )


def people_of(neighbours: Iterable[Neighbour]) -> int:
    """Return how many people these weeks are of."""
    return len({neighbour.case.person for neighbour in neighbours})


def _turn(people: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many times each person came before, in the order given."""
    order = np.argsort(people, kind="stable")
    ranked = people[order]
    firsts = np.searchsorted(ranked, ranked)
    turns = np.empty_like(people)
    turns[order] = np.arange(len(people)) - firsts
    return turns
