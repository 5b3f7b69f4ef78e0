"""One visit at a time: analysis of covariance, and the effect on those who took what was offered.

Both are single regressions of the visit's values on the baseline and the strata, solved in closed form.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.errors import TrialDataError
from activity.trial.analysis.covariance import Array
from activity.trial.analysis.estimate import Estimate, estimate
from activity.trial.analysis.table import OutcomeTable
from activity.trial.analysis.terms import with_strata

ANCOVA: Final = "analysis of covariance"
CACE: Final = "two-stage least squares"


@dataclass(frozen=True, slots=True)
class ComplierEffect:
    """The mean effect among people who take up the treatment when offered it and wouldn't get it otherwise.

    It holds if randomisation acts through the take-up alone and nobody does the opposite of what they are offered
    (Angrist, Imbens and Rubin 1996, JASA 91:444). A comparison of those who used it with those who didn't is something
    else, and confounded.
    """

    effect: Estimate  #: standard error robust to unequal spread (HC1)
    definition: str  #: what counts as having taken it
    took: float  #: share that took it in the arm
    took_reference: float
    first_stage_f: float  #: of arm on take-up; below 10 the interval isn't to be trusted
    people: int


def ancova(table: OutcomeTable, values: Array, arm: str, visit: str) -> tuple[float, float, float]:
    """Return an arm's difference at a visit, its variance and degrees of freedom, from (n_people, n_visits) values.

    People without a value at the visit or the baseline are left out.
    """
    outcome, rows, _ = _one_visit(table, values, arm, visit)
    inverse = np.linalg.inv(rows.T @ rows)
    beta = inverse @ rows.T @ outcome
    df = len(outcome) - rows.shape[1]
    residual = outcome - rows @ beta
    return float(beta[1]), float(inverse[1, 1] * (residual @ residual) / df), float(df)


def complier_effect(
    table: OutcomeTable, took: NDArray[np.bool_], arm: str, visit: str, *, definition: str
) -> ComplierEffect:
    """Return the effect on compliers at a visit; ``took`` tells of each person if they meet the ``definition``."""
    if took.shape != (len(table.person),):
        raise TrialDataError(f"take-up of shape {took.shape}", expected=f"({len(table.person)},)")
    outcome, instruments, chosen = _one_visit(table, table.values, arm, visit)
    taken = took[chosen].astype(np.float64)
    inverse = np.linalg.inv(instruments.T @ instruments)
    first = inverse @ instruments.T @ taken
    expected = instruments @ first
    df = len(outcome) - instruments.shape[1]
    if abs(first[1]) < 1e-12:
        raise TrialDataError("the arms took the treatment up equally", "the take-up", "a difference between the arms")
    spare = taken - expected
    first_f = float(first[1] ** 2 / (inverse[1, 1] * (spare @ spare) / df)) if spare @ spare > 1e-12 else np.inf
    second, actual = instruments.copy(), instruments.copy()
    second[:, 1], actual[:, 1] = expected, taken
    bread = np.linalg.inv(second.T @ second)
    beta = bread @ second.T @ outcome
    scores = second * (outcome - actual @ beta)[:, None]
    spread = bread @ (scores.T @ scores) @ bread * len(outcome) / df
    treated = instruments[:, 1] == 1
    return ComplierEffect(
        effect=estimate(float(beta[1]), float(np.sqrt(spread[1, 1])), df),
        definition=definition,
        took=float(taken[treated].mean()),
        took_reference=float(taken[~treated].mean()),
        first_stage_f=first_f,
        people=len(outcome),
    )


def _one_visit(table: OutcomeTable, values: Array, arm: str, visit: str) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return outcomes, covariates (intercept, arm, baseline, strata) and a mask of whom they are of."""
    column, index = table.visit(visit), table.arm_index(arm)
    if column == 0 or index == 0:
        raise TrialDataError(f"{arm!r} at {visit!r}", expected="an arm and a visit other than the first")
    chosen = np.isin(table.arm, (0, index)) & ~np.isnan(values[:, [0, column]]).any(axis=1)
    columns = [np.ones(int(chosen.sum())), (table.arm[chosen] == index).astype(np.float64), values[chosen, 0]]
    return values[chosen, column], with_strata(columns, table, chosen), chosen
