"""Multiple imputation of visits, arm by arm, and the rules that pool what is made of it.

Values are drawn from a joint normal model of all visits given the strata, by data augmentation (Schafer 1997, Analysis
of Incomplete Multivariate Data, section 5.4). Arms are imputed apart, so nothing is assumed about their difference.

The prior of the covariance leaves the last visit, given all others, the degrees of freedom of its own regression, as
chained equations do. Jeffreys' prior draws it from n_visits - 1 more, which in arms of eighty made imputed values too
alike by a hundredth of their variance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from activity.errors import SingularCovarianceError, TooFewPeopleError
from activity.trial.analysis.covariance import Array
from activity.trial.analysis.estimate import Estimate, estimate
from activity.trial.analysis.table import OutcomeTable
from activity.trial.analysis.terms import with_strata

#: Rounds of the chain before the first imputation and between two of them (design default): with a quarter of the
#: values missing its autocorrelation is below 0.05 after ten.
BURN_IN: Final = 50
BETWEEN: Final = 10


@dataclass(frozen=True, slots=True)
class Pooled:
    """An estimate pooled over imputations."""

    estimate: Estimate
    imputations: int
    within: float  #: mean variance of an imputation's estimate
    between: float  #: variance of the estimates
    missing_information: float  #: share of the information that is missing

    @property
    def noise(self) -> float:
        """Standard error of the pooled value that more imputations would take away."""
        return sqrt(self.between / self.imputations)


def pool(values: Sequence[float], variances: Sequence[float], df_complete: float = inf) -> Pooled:
    """Return Rubin's pooled estimate with the degrees of freedom of Barnard and Rubin (1999, Biometrika 86:948)."""
    count = len(values)
    within, between = float(np.mean(variances)), float(np.var(values, ddof=1))
    extra = (1 + 1 / count) * between
    total = within + extra
    share = extra / total
    doubt = share**2 / (count - 1)  # one over the degrees of freedom
    if df_complete < inf:
        doubt += (df_complete + 3) / ((df_complete + 1) * df_complete * (1 - share))
    df = 1 / doubt if doubt > 0 else inf
    return Pooled(estimate(float(np.mean(values)), sqrt(total), df), count, within, between, share)


def impute(
    table: OutcomeTable, count: int, rng: np.random.Generator, *, burn_in: int = BURN_IN, between: int = BETWEEN
) -> Array:
    """Return ``count`` completed copies of the table's values, (count, n_people, n_visits); what was seen stays."""
    completed = np.repeat(table.values[None], count, axis=0)
    for index, name in enumerate(table.arms):
        people = np.asarray(table.arm == index)
        background = with_strata([np.ones(int(people.sum()))], table, people)
        if len(background) < background.shape[1] + 2 * len(table.visits):
            raise TooFewPeopleError(f"{len(background)} people for {len(table.visits)} visits", f"arm {name!r}", "more")
        completed[:, people] = _chain(table.values[people], background, count, rng, (burn_in, between))
    return completed


def _chain(values: Array, background: Array, count: int, rng: np.random.Generator, rounds: tuple[int, int]) -> Array:
    """Run one arm's chain and keep a round after the burn-in and every so many after it."""
    burn_in, between = rounds
    missing = np.isnan(values)
    patterns = [(p, np.flatnonzero((missing == p).all(axis=1))) for p in np.unique(missing, axis=0) if p.any()]
    filled = np.where(missing, np.nanmean(values, axis=0), values)
    filled += missing * rng.normal(size=values.shape) * np.nanstd(values, axis=0)
    kept = np.empty((count, *values.shape))
    for turn in range(burn_in + (count - 1) * between + 1):
        means, sigma = _draw_parameters(filled, background, rng)
        for pattern, rows in patterns:
            filled[rows] = _draw_missing(filled[rows], means[rows], sigma, pattern, rng)
        kept_at, rest = divmod(turn - burn_in, between)
        if kept_at >= 0 and rest == 0:
            kept[kept_at] = filled
    return kept


def _draw_parameters(filled: Array, background: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw each person's means and the covariance, given completed values."""
    inverse = np.linalg.inv(background.T @ background)
    fitted = inverse @ background.T @ filled
    residual = filled - background @ fitted
    try:
        df = len(filled) - background.shape[1] - (filled.shape[1] - 1)
        sigma = _draw_covariance(residual.T @ residual, df, rng)
        root = np.linalg.cholesky(sigma)
    except np.linalg.LinAlgError as error:
        raise SingularCovarianceError("the visits of one arm have a singular covariance", "the imputation") from error
    noise = np.linalg.cholesky(inverse) @ rng.normal(size=fitted.shape) @ root.T
    return background @ (fitted + noise), sigma


def _draw_covariance(scatter: Array, df: int, rng: np.random.Generator) -> Array:
    """Draw from the inverse Wishart by Bartlett's decomposition."""
    size = len(scatter)
    lower = np.tril(rng.normal(size=(size, size)), -1)
    lower[np.diag_indices(size)] = np.sqrt(rng.chisquare(df - np.arange(size)))
    root = np.linalg.cholesky(scatter) @ np.linalg.inv(lower).T
    return np.asarray(root @ root.T)


def _draw_missing(
    values: Array, means: Array, sigma: Array, missing: NDArray[np.bool_], rng: np.random.Generator
) -> Array:
    """Draw the missing visits of people with one pattern, given what was seen of each."""
    seen = ~missing
    slope = np.linalg.solve(sigma[np.ix_(seen, seen)], sigma[np.ix_(seen, missing)])
    left = sigma[np.ix_(missing, missing)] - sigma[np.ix_(missing, seen)] @ slope
    centre = means[:, missing] + (values[:, seen] - means[:, seen]) @ slope
    drawn = values.copy()
    drawn[:, missing] = centre + rng.normal(size=centre.shape) @ np.linalg.cholesky(left).T
    return drawn
