"""Terms of a model of repeated measures: what each person brings, and at which visits it has a coefficient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from activity.trial.analysis.covariance import Array
from activity.trial.analysis.table import OutcomeTable


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """A covariate of people with a coefficient for each of ``visits``, or one for all of them if ``shared``."""

    name: str
    covariate: Array  #: (n_people,)
    visits: tuple[int, ...]
    shared: bool = False


def dummies(name: str, levels: NDArray[np.str_]) -> tuple[tuple[str, Array], ...]:
    """Return an indicator for each level but the first in alphabetical order, centred over all people.

    Centring makes every mean of the model one at the strata's shares in the trial.
    """
    rows = [(f"{name}={level}", (levels == level).astype(np.float64)) for level in np.unique(levels)[1:]]
    return tuple((label, row - row.mean()) for label, row in rows)


def with_strata(columns: Sequence[Array], table: OutcomeTable, chosen: NDArray[np.bool_]) -> Array:
    """Return columns of the chosen people beside their strata, less each stratum that follows from what stands before.

    In part of the people a level may be nobody's, or two factors the same.
    """
    taken = list(columns)
    for factor, levels in table.strata.items():
        for _, column in dummies(factor, levels[chosen]):
            if np.linalg.matrix_rank(np.column_stack([*taken, column])) > len(taken):
                taken.append(column)
    return np.column_stack(taken)


def clda_terms(table: OutcomeTable) -> tuple[Term, ...]:
    """Return the terms of constrained longitudinal analysis: the arms share the mean of the baseline.

    Liang and Zeger 2000, Sankhya B 62:134; Coffman et al. 2016, Clin Trials 13:190.
    """
    every = tuple(range(len(table.visits)))
    means = Term("visit", np.ones(len(table.person)), every)
    arms = [
        Term(f"arm={name}", (table.arm == index).astype(np.float64), every[1:])
        for index, name in enumerate(table.arms)
        if index
    ]
    return (means, *arms, *strata_terms(table))


def strata_terms(table: OutcomeTable) -> tuple[Term, ...]:
    """Return a shared term for each level of each stratum but its first."""
    every = tuple(range(len(table.visits)))
    rows = [row for factor, levels in table.strata.items() for row in dummies(factor, levels)]
    return tuple(Term(name, covariate, every, shared=True) for name, covariate in rows)


def design_of(terms: Sequence[Term], visits: int) -> tuple[Array, Array]:
    """Return people's (n_people, n_terms) covariates and the (n_visits, n_terms, n_beta) design."""
    size = sum(1 if term.shared else len(term.visits) for term in terms)
    design = np.zeros((visits, len(terms), size))
    at = 0
    for row, term in enumerate(terms):
        if term.shared:
            design[list(term.visits), row, at] = 1.0
            at += 1
            continue
        for visit in term.visits:
            design[visit, row, at] = 1.0
            at += 1
    return np.column_stack([term.covariate for term in terms]), design


def coefficient_names(terms: Sequence[Term], visits: Sequence[str]) -> tuple[str, ...]:
    """Return a name for each coefficient in the order of the design."""
    names: list[str] = []
    for term in terms:
        names += [term.name] if term.shared else [f"{term.name}@{visits[visit]}" for visit in term.visits]
    return tuple(names)


def weights_of(terms: Sequence[Term], visit: int, of: Mapping[str, float]) -> Array:
    """Return the contrast that adds up named terms at one visit, each with its weight."""
    row: list[float] = []
    for term in terms:
        weight = of.get(term.name, 0.0)
        row += [weight] if term.shared else [weight if at == visit else 0.0 for at in term.visits]
    return np.array(row)
