"""How alike two weeks are: one local similarity an attribute, from 0 to 1, and their weighted mean.

Local-global principle, with a difference below the important change counted as none, after SupportPrim PT (JMIR Form
Res 2024;8:e44805). What either week doesn't know is left out of the mean, and never taken for equal or different.
"""

import numpy as np
from numpy.typing import NDArray

from activity.coach.cases.base import CaseBase, Column, members_of, number_of
from activity.coach.cases.case import Problem, SubPlan
from activity.coach.cases.settings import Attribute, Kind


def local_similarities(problem: Problem, base: CaseBase) -> NDArray[np.float64]:
    """Return how alike a week is to each case in each attribute: (attributes, cases), NaN where one isn't known."""
    rows = [_local(column, problem) for column in base.columns]
    return np.array(rows, dtype=np.float64).reshape(len(base.columns), len(base.cases))


def global_similarity(local: NDArray[np.float64], base: CaseBase, subplan: SubPlan) -> NDArray[np.float64]:
    """Return how alike a week is to each case for a sub-plan: (cases,), NaN where too little of both is known."""
    return weighted(local, np.array(base.settings.weights(subplan)), base.settings.retrieval.least_known)


def weighted(local: NDArray[np.float64], weights: NDArray[np.float64], least_known: float) -> NDArray[np.float64]:
    """Return the weighted means of local similarities: (..., cases) of (..., attributes, cases) and (attributes,).

    NaN where both know less than a share ``least_known`` of the weight.
    """
    known = np.where(np.isnan(local), 0.0, weights[:, None])
    total = known.sum(axis=-2)
    alike = (known * np.nan_to_num(local)).sum(axis=-2)
    enough = total >= max(least_known, np.finfo(np.float64).tiny)
    return np.asarray(np.divide(alike, total, out=np.full(total.shape, np.nan), where=enough))


def _local(column: Column, problem: Problem) -> NDArray[np.float64]:
    attribute = column.attribute
    value = number_of(attribute, problem)
    if np.isnan(value):
        return np.full(column.values.shape, np.nan)
    match attribute.kind:
        case Kind.NUMERIC:
            beyond = np.abs(column.values - value) - attribute.important
            return np.asarray(1.0 - np.clip(beyond / (attribute.span - attribute.important), 0.0, 1.0))
        case Kind.ORDINAL:
            return np.asarray(1.0 - np.abs(column.values - value) / (len(attribute.levels) - 1))
        case Kind.NOMINAL:
            known = ~np.isnan(column.values)
            table = _alike(attribute)[int(value)]
            return np.where(known, table[np.where(known, column.values, 0).astype(np.int64)], np.nan)
        case Kind.SET:
            return _shared(column, problem, value)


def _alike(attribute: Attribute) -> NDArray[np.float64]:
    """Return how alike each two levels are; the table in the settings is read both ways round."""
    table = np.eye(len(attribute.levels))
    for one, other, share in attribute.alike:
        i, j = attribute.levels.index(one), attribute.levels.index(other)
        table[i, j] = table[j, i] = share
    return table


def _shared(column: Column, problem: Problem, size: float) -> NDArray[np.float64]:
    """Return Jaccard's index; two empty sets are the same."""
    mine = members_of(column.attribute, problem) or frozenset()
    both = column.holds @ np.array([member in mine for member in column.members], dtype=np.float64)
    either = column.values + size - both
    return np.asarray(np.divide(both, either, out=np.where(np.isnan(either), np.nan, 1.0), where=either > 0.0))
