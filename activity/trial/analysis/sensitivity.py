"""How far a result leans on what is missing: imputed, shifted until it tips, and complete people alone."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from activity.errors import TrialDataError
from activity.trial.analysis.clda import LongitudinalFit, fit_clda
from activity.trial.analysis.covariance import Array
from activity.trial.analysis.imputation import Pooled, pool
from activity.trial.analysis.regression import ancova
from activity.trial.analysis.table import OutcomeTable

MODEL: Final = "analysis of covariance in multiply imputed data"


@dataclass(frozen=True, slots=True)
class TippingPoint:
    """How much worse people who weren't seen must be than those like them before the interval holds zero.

    ``delta`` is None if it never does up to ``limit``, and zero if it does without any shift.
    """

    delta: float | None
    limit: float
    at: Pooled  #: at the delta, or at the limit


def complete_cases(table: OutcomeTable) -> LongitudinalFit:
    """Return the constrained analysis of people who were seen at every visit; biased unless they are a fair sample."""
    return fit_clda(table.only(np.asarray(~np.isnan(table.values).any(axis=1))))


def imputed_difference(table: OutcomeTable, imputed: Array, arm: str, visit: str, *, delta: float = 0.0) -> Pooled:
    """Return an arm's pooled difference at a visit, with ``delta`` added to what was imputed for it after the baseline.

    ``imputed`` is (n_imputations, n_people, n_visits). A delta for one arm alone is the harshest of the usual shifts
    (pattern mixture; Carpenter and Kenward 2013, Multiple Imputation and its Application, chapter 10).
    """
    if imputed.shape[1:] != table.values.shape or len(imputed) < 2:
        raise TrialDataError(f"imputations of shape {imputed.shape}", expected=f"(2 or more, *{table.values.shape})")
    shift = delta * (np.isnan(table.values) & (table.arm == table.arm_index(arm))[:, None])
    shift[:, 0] = 0.0
    found = [ancova(table, values + shift, arm, visit) for values in imputed]
    return pool([value for value, _, _ in found], [variance for _, variance, _ in found], found[0][2])


def tipping_point(
    table: OutcomeTable, imputed: Array, arm: str, visit: str, *, limit: float, step: float = 0.25
) -> TippingPoint:
    """Return the smallest delta towards ``limit`` (its sign says which way is worse) at which the interval holds zero.

    Found on a grid of ``step``, then halved down to a hundredth of it.
    """
    if not (np.isfinite(limit) and limit != 0 and step > 0):
        raise TrialDataError(
            f"limit {limit}, step {step}", "the tipping point", "a limit that isn't zero, a step above"
        )
    before = 0.0
    for size in np.append(np.arange(0.0, abs(limit), step), abs(limit)):
        delta = float(np.copysign(size, limit))
        found = imputed_difference(table, imputed, arm, visit, delta=delta)
        if not _holds_zero(found):
            before = delta
            continue
        while abs(delta - before) > step / 100:
            middle = (before + delta) / 2
            there = imputed_difference(table, imputed, arm, visit, delta=middle)
            if _holds_zero(there):
                delta, found = middle, there
            else:
                before = middle
        return TippingPoint(delta, limit, found)
    return TippingPoint(None, limit, found)


def _holds_zero(pooled: Pooled) -> bool:
    return pooled.estimate.low <= 0 <= pooled.estimate.high
