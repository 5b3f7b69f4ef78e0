"""From everybody's scores to a fitted model, and every step down on the way named: what can't be estimated is said.

A visit at which nobody of an arm was seen is left out. Factors that can't be told apart from the rest are left out,
too. What is left with fewer than two visits, or too few people, isn't analysed, with the reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from activity.errors import TrialDataError
from activity.trial.analysis.binary import BinaryFit, fit_binary
from activity.trial.analysis.clda import LongitudinalFit, fit_clda
from activity.trial.analysis.covariance import Array
from activity.trial.analysis.estimate import Fallback
from activity.trial.analysis.table import OutcomeTable
from activity.trial.outcomes import Subject, outcome_table
from activity.trial.protocol import Protocol

Fit = TypeVar("Fit", LongitudinalFit, BinaryFit)

_FACTORS: Final = "adjustment for the factors of the randomisation"


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A table that can be analysed, and what was left out of it."""

    table: OutcomeTable
    columns: tuple[int, ...]  #: visits that are left, by their place in the protocol
    fallbacks: tuple[Fallback, ...]


def prepare(protocol: Protocol, people: Sequence[Subject], values: Array, *, strata: bool = True) -> Prepared:
    """Return the table of the visits at which somebody of each arm was seen; `TrialDataError` where none can be."""
    arms = np.array([one.arm for one in people])
    kept, left_out = [], []
    for column, visit in enumerate(protocol.visit):
        empty = [
            arm.title for arm in protocol.arm
            if not (~np.isnan(values[arms == arm.id, column])).any()
        ]  # fmt: skip
        if empty:
            reason = f"nobody was seen in {' and '.join(empty)}"
            left_out.append(Fallback(f"the visit {visit.title}", "the other visits", reason))
        else:
            kept.append(column)
    if 0 not in kept:
        raise TrialDataError("no baseline that both arms have", "the outcome", "a baseline in every arm")
    if len(kept) < 2:
        raise TrialDataError("no visit after the baseline at which each arm was seen", "the outcome", "one or more")
    return Prepared(outcome_table(protocol, people, values, kept, strata=strata), tuple(kept), tuple(left_out))


def fitted_means(protocol: Protocol, people: Sequence[Subject], values: Array) -> LongitudinalFit:
    """Return the constrained analysis of an outcome with its fall-backs; `TrialDataError` where none can be made."""
    return _fitted(protocol, people, values, lambda found: fit_clda(found.table))


def fitted_shares(
    protocol: Protocol,
    people: Sequence[Subject],
    values: Array,
    success: Callable[[OutcomeTable], NDArray[np.float64]],
) -> BinaryFit:
    """Return the logistic analysis of ``success`` after the baseline with its fall-backs; `TrialDataError`."""
    return _fitted(protocol, people, values, lambda found: fit_binary(found.table, success(found.table)))


def _fitted(protocol: Protocol, people: Sequence[Subject], values: Array, fit: Callable[[Prepared], Fit]) -> Fit:
    try:
        found = prepare(protocol, people, values)
        return _with(fit(found), found.fallbacks)
    except TrialDataError as error:
        if not protocol.randomisation.strata:
            raise
        plain: Prepared = prepare(protocol, people, values, strata=False)
        unadjusted = Fallback(_FACTORS, "no adjustment", error.what)
        return _with(fit(plain), (*plain.fallbacks, unadjusted))


def _with(done: Fit, fallbacks: tuple[Fallback, ...]) -> Fit:
    return replace(done, fallbacks=(*fallbacks, *done.fallbacks))
