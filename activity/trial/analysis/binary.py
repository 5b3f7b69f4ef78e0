"""Yes-or-no outcomes at all visits after the baseline: logistic estimating equations with robust errors.

The model is Liang and Zeger's (1986, Biometrika 73:13) as statsmodels fits it. Differences of risk are standardised
over the people of the trial, with the delta method (Localio et al. 2007, J Clin Epidemiol 60:874).
"""

import warnings
from dataclasses import dataclass
from enum import StrEnum
from math import exp, inf, nan
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import linprog
from scipy.special import expit

from activity.errors import EmptyCellError, MissingExtraError, TrialDataError
from activity.trial.analysis.covariance import Array
from activity.trial.analysis.estimate import Estimate, Fallback, estimate
from activity.trial.analysis.table import OutcomeTable
from activity.trial.analysis.terms import Term, clda_terms, coefficient_names, design_of, weights_of

MODEL: Final = "logistic estimating equations"
#: Improvement in RMDQ points that made a responder in the trial of 2021 (Sandal et al., JAMA Intern Med 181:1288).
RESPONDER_POINTS: Final = 4.0


class Working(StrEnum):
    """Names of the working correlations of one person's answers."""

    EXCHANGEABLE = "exchangeable"
    UNSTRUCTURED = "unstructured"
    INDEPENDENCE = "independence"


@dataclass(frozen=True, slots=True)
class NumberNeeded:
    """How many people have to be treated for one more success, or for one fewer where ``harm`` is true.

    An interval of the difference that holds zero runs through infinity: from ``benefit`` (the least number needed for
    one more success) over infinity to ``harm_bound`` (the least for one fewer); Altman 1998, BMJ 317:1309.
    """

    value: float
    harm: bool
    low: float
    high: float
    through_infinity: bool

    def __str__(self) -> str:
        sign = "harm" if self.harm else "benefit"
        if self.through_infinity:
            return f"{self.value:.1f} to {sign} (benefit {self.low:.1f} to infinity to harm {self.high:.1f})"
        return f"{self.value:.1f} to {sign} ({self.low:.1f} to {self.high:.1f})"


@dataclass(frozen=True, slots=True, eq=False)
class BinaryFit:
    """A fitted logistic model of successes at each visit after the baseline."""

    table: OutcomeTable
    success: Array  #: (n_people, n_visits - 1) 0, 1 or NaN
    terms: tuple[Term, ...]
    rows: Array  #: (n_people, n_visits - 1, n_beta) covariates of everybody standardised over
    names: tuple[str, ...]
    beta: Array  #: log odds; NaN if the data are separated
    beta_covariance: Array  #: robust
    working: Working
    correlation: tuple[float, ...]
    people: int
    left_out: int  #: people without a covariate
    separated: bool
    fallbacks: tuple[Fallback, ...]

    def counts(self, arm: str, visit: str) -> tuple[int, int]:
        """Return how many succeeded and how many were seen."""
        seen = self.success[self.table.arm == self.table.arm_index(arm), self._column(visit)]
        return int(np.nansum(seen)), int((~np.isnan(seen)).sum())

    def odds_ratio(self, arm: str, visit: str) -> Estimate:
        """Return the odds of success against the reference's, with the standard error by the delta method."""
        row = weights_of(self.terms, self._column(visit), {f"arm={arm}": 1.0})
        log = estimate(float(row @ self.beta), float(np.sqrt(row @ self.beta_covariance @ row)))
        ratio = exp(log.value)
        return Estimate(ratio, ratio * log.se, exp(log.low), exp(log.high), log.p, inf)

    def risk_difference(self, arm: str, visit: str) -> Estimate:
        """Return the share of successes less the reference's, were everybody in one arm or everybody in the other.

        Separated data give the crude difference with Newcombe's interval (1998, Stat Med 17:873, method 10).
        """
        if self.separated:
            return crude_difference(self.counts(arm, visit), self.counts(self.table.arms[0], visit))
        risk, slope = self._standardised(arm, visit)
        other, other_slope = self._standardised(self.table.arms[0], visit)
        turn = slope - other_slope
        return estimate(risk - other, float(np.sqrt(turn @ self.beta_covariance @ turn)))

    def number_needed(self, arm: str, visit: str) -> NumberNeeded:
        """Return the number needed to treat with its interval."""
        return number_needed(self.risk_difference(arm, visit))

    def _column(self, visit: str) -> int:
        column = self.table.visit(visit) - 1
        if column < 0:
            raise TrialDataError(f"{visit!r} is the baseline", expected="a visit after it")
        return column

    def _standardised(self, arm: str, visit: str) -> tuple[float, Array]:
        """Return the mean risk were everybody in one arm, and its slope by the coefficients."""
        column, rows = self._column(visit), self.rows[:, self._column(visit)].copy()
        for name in self.table.arms[1:]:
            at = weights_of(self.terms, column, {f"arm={name}": 1.0}) != 0
            rows[:, at] = float(name == arm)
        risk = expit(rows @ self.beta)
        return float(risk.mean()), np.asarray((risk * (1 - risk)) @ rows / len(rows))


def responders(table: OutcomeTable, points: float = RESPONDER_POINTS) -> Array:
    """Return (n_people, n_visits - 1): 1 where a value fell by ``points`` or more since the baseline; NaN unknown."""
    fall = table.baseline[:, None] - table.values[:, 1:]
    return np.where(np.isnan(fall), nan, (fall >= points).astype(np.float64))


def number_needed(difference: Estimate) -> NumberNeeded:
    """Return the number needed that a difference of shares means."""
    value = 1 / abs(difference.value) if difference.value else inf
    harm = difference.value < 0
    low, high = sorted((difference.low, difference.high))
    if low <= 0 <= high:
        return NumberNeeded(value, harm, 1 / high if high else inf, -1 / low if low else inf, through_infinity=True)
    near, far = sorted((1 / abs(low), 1 / abs(high)))
    return NumberNeeded(value, harm, near, far, through_infinity=False)


def crude_difference(one: tuple[int, int], other: tuple[int, int]) -> Estimate:
    """Return the difference of two shares, each (successes, people), with Newcombe's interval and Fisher's p."""
    (share, low, high), (other_share, other_low, other_high) = _wilson(*one), _wilson(*other)
    difference = share - other_share
    below = np.hypot(share - low, other_high - other_share)
    above = np.hypot(high - share, other_share - other_low)
    table = np.array([[one[0], one[1] - one[0]], [other[0], other[1] - other[0]]])
    p = float(stats.fisher_exact(table).pvalue)
    return Estimate(difference, nan, float(difference - below), float(difference + above), p, inf)


def fit_binary(
    table: OutcomeTable, success: NDArray[np.float64], *, working: Working = Working.EXCHANGEABLE
) -> BinaryFit:
    """Return the model of ``success`` after the baseline, adjusted for the strata and the baseline of the table.

    ``success`` is (n_people, n_visits - 1) of 0, 1 and NaN. People without a baseline are left out and counted. Working
    correlations that aren't found give way to independence, and separated data to crude shares, named in ``fallbacks``.
    """
    _check_success(table, success)
    known = ~np.isnan(table.baseline)
    table_in, inside = table.only(known), success[known]
    terms = _terms(table_in)
    covariates, design = design_of(terms, inside.shape[1])
    rows = np.einsum("nc,jck->njk", covariates, design)
    names = coefficient_names(terms, table.visits[1:])
    seen = ~np.isnan(inside)
    used, beta, spread, correlation, fallbacks = _solve(rows, inside, seen, working)
    return BinaryFit(
        table=table_in,
        success=inside,
        terms=terms,
        rows=rows,
        names=names,
        beta=beta,
        beta_covariance=spread,
        working=used,
        correlation=correlation,
        people=int(seen.any(axis=1).sum()),
        left_out=int((~known).sum()),
        separated=bool(np.isnan(beta).any()),
        fallbacks=fallbacks,
    )


def _terms(table: OutcomeTable) -> tuple[Term, ...]:
    """The terms of the continuous model at visits after the baseline, all arms free, and the baseline itself."""
    after = tuple(range(len(table.visits) - 1))
    terms = [Term(term.name, term.covariate, after, term.shared) for term in clda_terms(table)]
    return (*terms, Term("baseline", table.baseline - table.baseline.mean(), after, shared=True))


def _check_success(table: OutcomeTable, success: Array) -> None:
    shape = (len(table.person), len(table.visits) - 1)
    if success.shape != shape:
        raise TrialDataError(f"successes of shape {success.shape}", expected=f"{shape}")
    seen = ~np.isnan(success)
    if not np.isin(success[seen], (0.0, 1.0)).all():
        raise TrialDataError("a success that is neither 0 nor 1", expected="0, 1 or NaN")
    for index, name in enumerate(table.arms):
        for column in np.flatnonzero(~seen[table.arm == index].any(axis=0)):
            where = f"arm {name!r}, visit {table.visits[column + 1]!r}"
            raise EmptyCellError("nobody was seen", where, "one answer or more")


_Solved = tuple[Working, Array, Array, tuple[float, ...], tuple[Fallback, ...]]


def _solve(rows: Array, success: Array, seen: NDArray[np.bool_], working: Working) -> _Solved:
    size = rows.shape[2]
    if _is_separated(rows[seen], success[seen]):
        given_up = Fallback(MODEL, "crude shares", "the data are separated: some odds are infinite")
        return working, np.full(size, nan), np.full((size, size), nan), (), (given_up,)
    reason, tried = "", dict.fromkeys((working, Working.INDEPENDENCE))
    if seen.sum(axis=1).max() < 2:
        reason, tried = "nobody was seen at two visits", dict.fromkeys((Working.INDEPENDENCE,))
    for structure in tried:
        found, reason_here = _estimating_equations(rows, success, seen, structure)
        if found is not None:
            asked = f"{working} working correlation"
            changed = () if structure is working else (Fallback(asked, f"{structure}", reason),)
            return structure, *found, changed
        reason = reason_here
    raise TrialDataError(f"estimating equations without a solution: {reason}", "the model", "successes and failures")


def _estimating_equations(
    rows: Array, success: Array, seen: NDArray[np.bool_], working: Working
) -> tuple[tuple[Array, Array, tuple[float, ...]] | None, str]:
    """Return coefficients, robust covariance and working correlation, or the reason why there are none.

    The scale is estimated without a correction of degrees of freedom, as geepack does.
    """
    try:
        from statsmodels.genmod import cov_struct, families  # noqa: PLC0415 - an extra, and a second to import
        from statsmodels.genmod.generalized_estimating_equations import GEE  # noqa: PLC0415
    except ImportError as error:
        remedy = "Install it with `pip install 'selfback[trial]'`."
        raise MissingExtraError("statsmodels is not installed", expected="the extra `trial`", remedy=remedy) from error

    shapes = {
        Working.EXCHANGEABLE: cov_struct.Exchangeable,
        Working.UNSTRUCTURED: cov_struct.Unstructured,
        Working.INDEPENDENCE: cov_struct.Independence,
    }
    person, visit = np.nonzero(seen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = GEE(
                success[seen],
                rows[seen],
                groups=person,
                time=visit if working is Working.UNSTRUCTURED else None,
                family=families.Binomial(),
                cov_struct=shapes[working](),
            )
            fit = model.fit(maxiter=100, ctol=1e-8, ddof_scale=0, scale="X2")
        except (np.linalg.LinAlgError, ValueError, FloatingPointError) as error:
            return None, str(error)
    beta, spread = np.asarray(fit.params), np.asarray(fit.cov_robust)
    if not (fit.converged and np.isfinite(beta).all() and np.isfinite(spread).all()):
        return None, "not converged in 100 steps"
    return (beta, spread, _correlation(working, fit.cov_struct.dep_params)), ""


def _correlation(working: Working, found: object) -> tuple[float, ...]:
    if working is Working.INDEPENDENCE:
        return ()
    values = np.asarray(found, dtype=np.float64)
    if values.ndim == 2:
        values = values[np.triu_indices(len(values), 1)]
    return tuple(float(value) for value in np.atleast_1d(values))


def _is_separated(rows: Array, success: Array) -> bool:
    """Tell if a hyperplane divides successes from failures, touching but not crossing (Konis 2007, thesis, Oxford)."""
    signed = rows * np.where(success > 0, 1.0, -1.0)[:, None]
    signed /= np.abs(rows).max(axis=0)
    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1), method="highs")
    return found.fun is not None and -found.fun > 1e-6


def _wilson(successes: int, people: int) -> tuple[float, float, float]:
    """Share with Wilson's 95 % interval."""
    z = 1.959963984540054
    share = successes / people
    middle = (successes + z**2 / 2) / (people + z**2)
    half = z / (people + z**2) * np.sqrt(people * share * (1 - share) + z**2 / 4)
    return share, float(middle - half), float(middle + half)
