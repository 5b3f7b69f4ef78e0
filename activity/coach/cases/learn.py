"""Weights learnt from outcomes: those with which other people's similar weeks best foretell how a week went.

Coordinate descent: each weight in turn is dropped, halved or doubled, and the change stays where it foretells the weeks
of one half of the people better from everybody else's. The other half judges what came of it; what doesn't hold for
them isn't learnt, and the old weights stay.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.coach.cases.base import CaseBase
from activity.coach.cases.case import SubPlan
from activity.coach.cases.similarity import local_similarities, weighted
from activity.errors import CaseError

FACTORS: Final = (0.0, 0.5, 2.0)  #: what a weight is tried at, of what it was
LEAST_PEOPLE: Final = 40  #: with fewer, halves are too small to tell learning from luck
ROUNDS: Final = 4  #: through all weights at most


@dataclass(frozen=True, slots=True)
class Learnt:
    """Weights in the order of the attributes, and the mean squared error of foretold success of people held out."""

    weights: tuple[float, ...]
    kept: bool  #: whether they foretell better than the old ones; if not, ``weights`` are the old ones
    error: float
    error_before: float
    error_of_mean: float  #: of foretelling everybody's mean
    weeks: int  #: that were foretold


@dataclass(frozen=True, slots=True, eq=False)
class _Weeks:
    """Weeks to foretell: (weeks, attributes, cases) local similarities, and which cases are the person's own."""

    local: NDArray[np.float64]
    own: NDArray[np.bool_]
    truth: NDArray[np.float64]


def learn_weights(base: CaseBase, subplan: SubPlan, rng: Random, weeks_at_most: int = 200) -> Learnt:
    """Return weights learnt from a case base; ``CaseError`` with outcomes of too few people."""
    judged = ~np.isnan(base.success[subplan])
    people = sorted(set(base.person[judged].tolist()))
    if len(people) < LEAST_PEOPLE:
        raise CaseError(f"weeks of {len(people)} people", str(subplan), f"at least {LEAST_PEOPLE}")
    rng.shuffle(people)
    half = len(people) // 2
    learning = _weeks(base, subplan, people[:half], rng, weeks_at_most)
    judging = _weeks(base, subplan, people[half:], rng, weeks_at_most)
    old = np.array(base.settings.weights(subplan))
    new = _descend(learning, old, base, subplan)
    before, after = _error(judging, old, base, subplan), _error(judging, new, base, subplan)
    mean = base.success[subplan][judged].mean()
    kept = after < before
    return Learnt(
        weights=tuple((new if kept else old).tolist()),
        kept=kept,
        error=after,
        error_before=before,
        error_of_mean=float(((judging.truth - mean) ** 2).mean()),
        weeks=len(judging.truth),
    )


def _weeks(base: CaseBase, subplan: SubPlan, people: list[int], rng: Random, most: int) -> _Weeks:
    usable = np.flatnonzero(np.isin(base.person, people) & ~np.isnan(base.success[subplan])).tolist()
    rows = sorted(rng.sample(usable, min(most, len(usable))))
    local = np.array([local_similarities(base.cases[row].problem, base).T for row in rows])
    own = base.person[rows][:, None] == base.person[None, :]
    return _Weeks(local.transpose(0, 2, 1), own, base.success[subplan][rows])


def _descend(weeks: _Weeks, weights: NDArray[np.float64], base: CaseBase, subplan: SubPlan) -> NDArray[np.float64]:
    best = _error(weeks, weights, base, subplan)
    for _ in range(ROUNDS):
        changed = False
        for place in range(len(weights)):
            for factor in FACTORS:
                tried = weights.copy()
                # A weight that was dropped comes back as the mean of the others.
                tried[place] = tried[place] * factor if tried[place] else factor / len(weights)
                if not tried.any():
                    continue
                tried /= tried.sum()
                error = _error(weeks, tried, base, subplan)
                if error < best - 1e-9:
                    best, weights, changed = error, tried, True
        if not changed:
            break
    return weights


def _error(weeks: _Weeks, weights: NDArray[np.float64], base: CaseBase, subplan: SubPlan) -> float:
    """Return the mean squared error of the similar weeks' mean success, everybody's own weeks left out."""
    success = base.success[subplan]
    alike = weighted(weeks.local, weights, base.settings.retrieval.least_known)
    alike = np.where(weeks.own | np.isnan(alike) | np.isnan(success), -1.0, alike)
    count = min(base.settings.retrieval.neighbours, alike.shape[1])
    nearest = np.argsort(-np.round(alike, 9), axis=1, kind="stable")[:, :count]
    weight = np.maximum(np.take_along_axis(alike, nearest, axis=1), 0.0)
    known = weight.sum(axis=1) > 0.0
    foretold = (weight * np.nan_to_num(success)[nearest]).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-12)
    mean = success[~np.isnan(success)].mean()
    return float(((np.where(known, foretold, mean) - weeks.truth) ** 2).mean())
